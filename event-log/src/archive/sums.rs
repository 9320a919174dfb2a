//! The sums that guard a file of the archive.
//!
//! One is taken over the whole file. Others are taken over each column chunk, and over all that
//! comes behind the last of them, so that a reader of some columns need not read the others.

use std::io::{self, Read, Seek, SeekFrom};
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
    let text = entry.and_then(|entry| entry.value.as_deref());
    text.map(|text| listed(text, metadata.row_groups()))
        .transpose()
}

/// The sums that a text lists, of a file with these row groups.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn listed(text: &str, groups: &[RowGroupMetaData]) -> Result<Parts, String> {
    let wrong = || "the CRC-32C of its parts cannot be read".to_owned();
    let (_, sums) = text.rsplit_once(':').ok_or_else(wrong)?;
    let mut sums = sums.as_bytes().chunks(ZEROS.len()).map(|digits| {
        let digits = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(digits, 16).ok()
    });
    let chunks = ranges(groups)
        .map(|range| range.zip(sums.next().flatten()))
        .collect::<Option<Vec<_>>>();
    Ok(Parts {
        chunks: chunks.ok_or_else(wrong)?,
        rest: end(groups)?,
    })
}

/// The sum of a whole file that is not ours, and of its parts as a text that [`listed`] reads, where
/// its column chunks lie in the order of row groups and columns.
///
/// # Errors
/// The file cannot be read.
pub(super) fn of_another(
    file: &mut (impl Read + Seek),
    length: u64,
    groups: &[RowGroupMetaData],
) -> io::Result<(u32, Option<String>)> {
    let mut whole = Summed { file, sum: 0 };
    whole.file.seek(SeekFrom::Start(0))?;
    let chunks: Option<Vec<Range<u64>>> = ranges(groups).collect();
    let chunks = chunks.filter(|chunks| chunks.is_sorted_by(|a, b| a.end <= b.start));
    let Some(chunks) = chunks.filter(|chunks| chunks.last().is_none_or(|last| last.end <= length))
    else {
        whole.pass(length)?;
        return Ok((whole.sum, None));
    };
    let (mut sums, mut at) = (String::new(), 0);
    for chunk in chunks {
        whole.pass(chunk.start - at)?;
        sums.push_str(&hex(whole.pass(chunk.end - chunk.start)?));
        at = chunk.end;
    }
    let rest = hex(whole.pass(length - at)?);
    Ok((whole.sum, Some(format!("{REST_MARK}{rest} chunks:{sums}"))))
}

/// A file that is read once, and the sum of what was read.
struct Summed<'a, F> {
    file: &'a mut F,
    sum: u32,
}

impl<F: Read> Summed<'_, F> {
    /// Reads so many bytes, and says their sum.
    fn pass(&mut self, mut bytes: u64) -> io::Result<u32> {
        let (mut buffer, mut sum) = (vec![0; bytes.min(1 << 20) as usize], 0);
        while bytes > 0 {
            let take = bytes.min(buffer.len() as u64) as usize;
            let part = buffer.get_mut(..take).unwrap_or_default();
            self.file.read_exact(part)?;
            sum = crc32c_append(sum, part);
            bytes -= take as u64;
            self.sum = crc32c_append(self.sum, part);
        }
        Ok(sum)
    }
}

/// The sum of the first bytes of a file.
///
/// # Errors
/// The file cannot be read.
pub(super) fn of_all(file: &mut impl Read, bytes: u64) -> io::Result<u32> {
    Summed { file, sum: 0 }.pass(bytes)
}

/// Checks a sum.
///
/// # Errors
/// That it is another one.
pub(super) fn same(found: u32, expected: u32) -> Result<(), String> {
    compare(found, Some(hex(expected).as_bytes()))
}

/// Checks what is behind the last column chunk of a file that is not ours against a text that lists
/// its sum.
///
/// # Errors
/// That it is another one.
pub(super) fn verify_another_rest(rest: &[u8], text: &str) -> Result<(), String> {
    let at = place(text.as_bytes(), REST_MARK)?;
    compare(crc32c(rest), text.as_bytes().get(at..at + ZEROS.len()))
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
    same(crc32c(chunk), sum)
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
