//! State as bytes, for applications that keep it themselves: versioned, checked, and bound to the
//! logic that made it.
//!
//! ```text
//! "SEAMLINE"   8 bytes
//! format       u32, 1
//! header       u32 length, then JSON: kind, fingerprint, partitions, coverage, counters
//! columns      u64 length, then a stream of Arrow's format
//! checksum     u64, XXH64 with seed 0 of everything before
//! ```
//!
//! Numbers are little-endian.

use std::hash::Hasher;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use crate::coverage::Coverage;
use crate::partial::{self, Counters, Partial};
use crate::view::{Fingerprint, View};

const MAGIC: &[u8; 8] = b"SEAMLINE";
const FORMAT: u32 = 1;

/// Why bytes are not the state that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// They were never saved by this library, or end too early.
    #[error("these {0} bytes are no saved state, or a part of one")]
    Foreign(usize),
    /// They are of a later version.
    #[error("the state was saved in format {found}, this version reads {FORMAT}: update it")]
    Format {
        /// The version found.
        found: u32,
    },
    /// They have changed since they were saved.
    #[error(
        "the saved state is damaged: its checksum is {found:016x}, it was saved as {saved:016x}"
    )]
    Damaged {
        /// The checksum that was saved.
        saved: u64,
        /// That of the bytes.
        found: u64,
    },
    /// Other logic made it.
    #[error(
        "the state is that of {found}, expected is {expected}: it was made by other logic, rebuild it from the log as seam reprocess does"
    )]
    OtherLogic {
        /// Kind and fingerprint that were saved.
        found: String,
        /// Kind and fingerprint asked for.
        expected: String,
    },
    /// Keys may be in other partitions now.
    #[error(
        "the state was kept for {saved} partitions and the topic has {found}: keys have moved between them, rebuild it from the log as seam reprocess does"
    )]
    Partitions {
        /// How many there were.
        saved: u32,
        /// How many there are.
        found: u32,
    },
    /// A part of it cannot be written or read.
    #[error("a state cannot be saved or restored: {0}")]
    Content(String),
}

impl From<ArrowError> for SavedError {
    fn from(error: ArrowError) -> Self {
        Self::Content(error.to_string())
    }
}

impl From<serde_json::Error> for SavedError {
    fn from(error: serde_json::Error) -> Self {
        Self::Content(error.to_string())
    }
}

/// What is told about a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// `view` or `ordered`.
    pub(crate) kind: String,
    pub(crate) fingerprint: Fingerprint,
    /// How many partitions the topic has, where that matters.
    pub(crate) partitions: Option<u32>,
    pub(crate) coverage: Coverage,
    pub(crate) counters: Counters,
}

/// The bytes of a state.
pub(crate) fn save(header: &Header, rows: &RecordBatch) -> Result<Vec<u8>, SavedError> {
    let mut columns = vec![];
    let mut writer = StreamWriter::try_new(&mut columns, rows.schema_ref())?;
    writer.write(rows)?;
    writer.finish()?;
    drop(writer);
    let header = serde_json::to_vec(header)?;
    let length = u32::try_from(header.len());
    let length = length.map_err(|_| SavedError::Content("its header exceeds 4 GiB".into()))?;
    let mut bytes = Vec::with_capacity(columns.len() + header.len() + 32);
    bytes.extend(MAGIC);
    bytes.extend(FORMAT.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(header);
    bytes.extend((columns.len() as u64).to_le_bytes());
    bytes.extend(columns);
    bytes.extend(checksum(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The state in some bytes, if it is of this kind and fingerprint.
pub(crate) fn restore(
    bytes: &[u8],
    kind: &str,
    fingerprint: &Fingerprint,
) -> Result<(Header, RecordBatch), SavedError> {
    let foreign = || SavedError::Foreign(bytes.len());
    let (body, saved) = bytes.split_last_chunk().ok_or_else(foreign)?;
    let mut rest = body.strip_prefix(MAGIC).ok_or_else(foreign)?;
    let format = u32::from_le_bytes(*take(&mut rest).ok_or_else(foreign)?);
    if format != FORMAT {
        return Err(SavedError::Format { found: format });
    }
    let (saved, found) = (u64::from_le_bytes(*saved), checksum(body));
    if saved != found {
        return Err(SavedError::Damaged { saved, found });
    }
    let length = u32::from_le_bytes(*take(&mut rest).ok_or_else(foreign)?);
    let (header, mut rest) = rest.split_at_checked(length as usize).ok_or_else(foreign)?;
    let header: Header = serde_json::from_slice(header)?;
    if (header.kind.as_str(), &header.fingerprint) != (kind, fingerprint) {
        return Err(SavedError::OtherLogic {
            found: format!("{} {}", header.kind, header.fingerprint),
            expected: format!("{kind} {fingerprint}"),
        });
    }
    let length = u64::from_le_bytes(*take(&mut rest).ok_or_else(foreign)?);
    if length != rest.len() as u64 {
        return Err(foreign());
    }
    let mut reader = StreamReader::try_new(rest, None)?;
    match reader.next() {
        Some(rows) => Ok((header, rows?)),
        None => Err(foreign()),
    }
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(first)
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = XxHash64::with_seed(0);
    hasher.write(bytes);
    hasher.finish()
}

impl Partial {
    /// This fold as bytes.
    ///
    /// # Errors
    /// A column that Arrow's format cannot hold, which a view does not have.
    pub fn save(&self, view: &View) -> Result<Vec<u8>, SavedError> {
        let header = Header {
            kind: "view".into(),
            fingerprint: view.fingerprint.clone(),
            partitions: None,
            coverage: self.coverage.clone(),
            counters: self.counters,
        };
        save(&header, &self.rows)
    }

    /// The fold that [`Partial::save`] wrote.
    ///
    /// # Errors
    /// The bytes are damaged, of a later version, or of another view.
    pub fn restore(view: &View, bytes: &[u8]) -> Result<Self, SavedError> {
        let (header, rows) = restore(bytes, "view", &view.fingerprint)?;
        let columns = partial::columns(view);
        if rows.schema().fields() != columns.fields() {
            return Err(SavedError::Content("its columns are not the view's".into()));
        }
        Ok(Self {
            coverage: header.coverage,
            counters: header.counters,
            rows,
        })
    }
}

#[cfg(test)]
mod tests;
