//! Copies a log into the archive: what is there, or what comes.

mod filing;
mod follow;

use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};

use crate::archive::Archive;
use crate::{EventLog, LogError};
use filing::Filing;
pub use follow::{Following, News, follow};

/// How files are cut.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveOptions {
    /// How many records are read at once.
    pub chunk_rows: usize,
    /// How many records a file holds at most.
    pub file_rows: u64,
    /// How many bytes a file has at most, unless one record alone is larger.
    pub file_bytes: usize,
}

impl Default for ArchiveOptions {
    /// Files of 128 MB.
    fn default() -> Self {
        Self {
            chunk_rows: 65_536,
            file_rows: u64::MAX,
            file_bytes: 128_000_000,
        }
    }
}

/// What one run of the archiver did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveReport {
    /// Each partition of the log, in order.
    pub partitions: Vec<PartitionReport>,
}

/// What one run of the archiver did in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionReport {
    /// The partition.
    pub place: TopicPartition,
    /// Where the archive ended before.
    pub from: Offset,
    /// Where it ends now.
    pub next: Offset,
    /// How many records were copied.
    pub records: u64,
    /// How many of them are malformed, or have a value that does not convert or is missing.
    pub faulty: u64,
    /// How many files were made.
    pub files: u64,
    /// How large they are together, in bytes.
    pub bytes: u64,
}

/// Copies each partition of `log` from where the archive ends to `upto`, by default to the end that
/// the log has now. An archive without files begins where the log does.
///
/// A file is whole and on disk before the next is begun, so a run that is killed at any point loses
/// nothing: the next one goes on behind the last file.
///
/// # Errors
/// [`LogError::Expired`] where the log no longer has what comes next, [`LogError::Rival`] where
/// another archiver was faster, [`LogError::Recreated`] where the log ends before the archive,
/// [`LogError::Replaced`] where the archive's last record is another one in the log, and whatever reading and writing may bring. Files that were made stay.
pub fn archive(
    log: &dyn EventLog,
    archive: &Archive,
    upto: Option<&OffsetVector>,
    options: ArchiveOptions,
) -> Result<ArchiveReport, LogError> {
    let mut report = ArchiveReport::default();
    for place in log.partitions()? {
        report
            .partitions
            .push(partition(log, archive, &place, upto, options)?);
    }
    Ok(report)
}

/// Makes sure that a log is the one that was archived, by the last record that both have of each
/// partition: a topic that was deleted and created again has another there.
///
/// # Errors
/// [`LogError::Replaced`] where it is not, [`LogError::Recreated`] where the log ends before the
/// archive, and whatever reading may bring.
pub fn verify(log: &dyn EventLog, archive: &Archive) -> Result<(), LogError> {
    for place in log.partitions()? {
        filing::same(archive, log, &place)?;
    }
    Ok(())
}

fn partition(
    log: &dyn EventLog,
    archive: &Archive,
    place: &TopicPartition,
    upto: Option<&OffsetVector>,
    options: ArchiveOptions,
) -> Result<PartitionReport, LogError> {
    let mut filing = Filing::begin(archive, log, place, options)?;
    let from = filing.report().from;
    let end = match upto {
        Some(upto) => upto.get(place),
        None => log.bounds(place)?.end,
    };
    for chunk in log.read(place, from..end.max(from), options.chunk_rows)? {
        filing.push(chunk?, Duration::ZERO)?;
    }
    filing.roll()?;
    Ok(filing.report().clone())
}
