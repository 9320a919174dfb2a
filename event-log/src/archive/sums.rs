//! The sums that guard a file of the archive.
//!
//! One is taken over the whole file. Others are taken over each column chunk, and over all that
//! comes behind the last of them, so that a reader of some columns need not read the others.

use std::ops::Range;

use crc32c::{crc32c, crc32c_append};
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};

/// The metadata key of the CRC-32C of the file.
const FILE: &str = "seamline.file";

/// The metadata key of the CRC-32C of its parts.
const PARTS: &str = "seamline.parts";

/// What stands before the sum of the file, and before the one of what is behind the chunks. Each is
/// taken with zeros in its own place, the latter with zeros in both, as it is entered first. The
/// places are found as the last ones behind these marks.
const FILE_MARK: &str = "crc32c:";
const REST_MARK: &str = "rest:";

const ZEROS: &str = "00000000";

/// The sums of a file's parts.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// Each column chunk, in the order of row groups, then of columns, and its sum.
    pub(super) chunks: Vec<(Range<u64>, u32)>,
    /// Where the last of them ends.
    pub(super) rest: u64,
}

/// The bytes of each column chunk.
fn ranges(groups: &[RowGroupMetaData]) -> impl Iterator<Item = Option<Range<u64>>> {
    let columns = groups.iter().flat_map(|group| group.columns());
    columns.map(|column| {
        let start = (column.dictionary_page_offset()).unwrap_or_else(|| column.data_page_offset());
        let (start, length) = (
            u64::try_from(start).ok()?,
            u64::try_from(column.compressed_size()).ok()?,
        );
        Some(start..start.checked_add(length)?)
    })
}

/// The sums as metadata of a file that so far has these bytes, with room for those that are taken
/// when it is finished.
pub(super) fn metadata(file: &[u8], groups: &[RowGroupMetaData]) -> Vec<KeyValue> {
    let mut parts = format!("{REST_MARK}{ZEROS} chunks:");
    for range in ranges(groups).flatten() {
        let chunk = file.get(range.start as usize..range.end as usize);
        parts.push_str(&hex(crc32c(chunk.unwrap_or_default())));
    }
    vec![
        KeyValue::new(PARTS.to_owned(), parts),
        KeyValue::new(FILE.to_owned(), format!("{FILE_MARK}{ZEROS}")),
    ]
}

fn hex(sum: u32) -> String {
    format!("{sum:08x}")
}

/// Enters the sums of a finished file into it; its column chunks end at `rest`.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn seal(file: &mut [u8], groups: &[RowGroupMetaData]) -> Result<(), String> {
    let rest = end(groups)? as usize;
    let behind = file.get_mut(rest..).ok_or("it is cut short")?;
    let sum = crc32c(behind);
    enter(behind, REST_MARK, sum)?;
    let sum = crc32c(file);
    enter(file, FILE_MARK, sum)
}

fn end(groups: &[RowGroupMetaData]) -> Result<u64, String> {
    ranges(groups).try_fold(0, |end: u64, range| {
        let range = range.ok_or("its footer is out of range")?;
        Ok(end.max(range.end))
    })
}

fn enter(file: &mut [u8], mark: &str, sum: u32) -> Result<(), String> {
    let at = place(file, mark)?;
    match file.get_mut(at..at + ZEROS.len()) {
        Some(place) if place == ZEROS.as_bytes() => place.copy_from_slice(hex(sum).as_bytes()),
        _ => return Err("it has no room for its CRC-32C".into()),
    }
    Ok(())
}

fn place(file: &[u8], mark: &str) -> Result<usize, String> {
    (file.windows(mark.len()))
        .rposition(|window| window == mark.as_bytes())
        .map(|at| at + mark.len())
        .ok_or_else(|| "it has no CRC-32C".into())
}

/// Checks a file against the sum in it.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn verify(file: &[u8]) -> Result<(), String> {
    let at = place(file, FILE_MARK)?;
    compare(zeroed(file, &[at]), file.get(at..at + ZEROS.len()))
}

/// The sums of the parts of a file; `None` where it has none, and must be verified as a whole.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn parts(metadata: &ParquetMetaData) -> Result<Option<Parts>, String> {
    let entries = metadata.file_metadata().key_value_metadata();
    let entry = (entries.into_iter().flatten()).find(|entry| entry.key == PARTS);
    let Some(text) = entry.and_then(|entry| entry.value.as_deref()) else {
        return Ok(None);
    };
    let wrong = || "the CRC-32C of its parts cannot be read".to_owned();
    let (_, sums) = text.rsplit_once(':').ok_or_else(wrong)?;
    let mut sums = sums.as_bytes().chunks(ZEROS.len()).map(|digits| {
        let digits = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(digits, 16).ok()
    });
    let groups = metadata.row_groups();
    let chunks = ranges(groups)
        .map(|range| range.zip(sums.next().flatten()))
        .collect::<Option<Vec<_>>>();
    Ok(Some(Parts {
        chunks: chunks.ok_or_else(wrong)?,
        rest: end(groups)?,
    }))
}

/// Checks what is behind the last column chunk against the sum in it.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn verify_rest(rest: &[u8]) -> Result<(), String> {
    let at = place(rest, REST_MARK)?;
    let file = place(rest, FILE_MARK)?;
    compare(zeroed(rest, &[at, file]), rest.get(at..at + ZEROS.len()))
}

/// Checks a column chunk against its sum.
///
/// # Errors
/// That it is another one.
pub(super) fn verify_chunk(chunk: &[u8], sum: u32) -> Result<(), String> {
    compare(crc32c(chunk), Some(hex(sum).as_bytes()))
}

/// The sum of `file` with zeros at these places, which ascend.
fn zeroed(file: &[u8], places: &[usize]) -> u32 {
    let (mut sum, mut from) = (0, 0);
    for at in places {
        sum = crc32c_append(sum, file.get(from..*at).unwrap_or_default());
        sum = crc32c_append(sum, ZEROS.as_bytes());
        from = at + ZEROS.len();
    }
    crc32c_append(sum, file.get(from..).unwrap_or_default())
}

fn compare(found: u32, expected: Option<&[u8]>) -> Result<(), String> {
    let (found, expected) = (hex(found), expected.ok_or("it is cut short")?);
    if found.as_bytes() == expected {
        return Ok(());
    }
    let expected = String::from_utf8_lossy(expected);
    Err(format!("its CRC-32C is {found} and should be {expected}"))
}
