//! Copies a log into the archive.

use shared_logic::coverage::OffsetVector;
use shared_logic::decode::Decoder;
use shared_logic::identity::{Offset, TopicPartition};

use crate::archive::{Archive, FileWriter, Prepared};
use crate::{EventLog, LogError};

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
/// another archiver was faster, [`LogError::Recreated`] where the log ends before the archive, and
/// whatever reading and writing may bring. Files that were made stay.
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

fn partition(
    log: &dyn EventLog,
    archive: &Archive,
    place: &TopicPartition,
    upto: Option<&OffsetVector>,
    options: ArchiveOptions,
) -> Result<PartitionReport, LogError> {
    archive.sweep(place)?;
    let bounds = log.bounds(place)?;
    let from = archive.next(place)?.unwrap_or(bounds.start);
    if from > bounds.end {
        return Err(LogError::Recreated {
            place: place.clone(),
            reached: from,
            end: bounds.end,
        });
    }
    let end = upto.map_or(bounds.end, |upto| upto.get(place)).max(from);
    let mut report = PartitionReport {
        place: place.clone(),
        from,
        next: from,
        records: 0,
        faulty: 0,
        files: 0,
        bytes: 0,
    };
    let all: Vec<usize> = (0..archive.table().schema.fields().len()).collect();
    let decoder = Decoder::new(archive.table().clone(), &all);
    let mut before = archive.watermark(place, from)?;
    let mut file: Option<FileWriter> = None;
    // Room for the footer; parts are small, so that their size can be judged before they are added.
    let slack = (options.file_bytes / 8).min(1_000_000);
    let mut finish = |file: FileWriter| {
        let (_, bytes, footer) = file.finish(archive)?;
        report.next = footer.next;
        report.records += footer.records;
        report.faulty += footer.faulty;
        report.files += 1;
        report.bytes += bytes as u64;
        Ok::<_, LogError>((footer.next, footer.greatest.max(footer.before)))
    };
    let mut next = from;
    for chunk in log.read(place, from..end, options.chunk_rows)? {
        let mut rest = Some(Prepared::new(archive, &decoder, chunk?)?);
        while let Some(whole) = rest.take() {
            let room = file
                .as_ref()
                .map_or(options.file_rows, |file| options.file_rows - file.records());
            let part;
            (part, rest) = whole.split(usize::try_from(room).unwrap_or(usize::MAX).max(1), slack);
            // A part may take twice its raw size: once as it is, once in typed columns.
            let full = |file: &FileWriter| {
                file.records() > 0
                    && (file.records() + part.rows() as u64 > options.file_rows
                        || file.bytes() + 2 * part.bytes() + slack > options.file_bytes)
            };
            if let Some(done) = file.take_if(|file| full(file)) {
                (next, before) = finish(done)?;
            }
            let mut open = match file.take() {
                Some(open) => open,
                None => FileWriter::new(archive, place, next, before)?,
            };
            open.write(&part)?;
            file = Some(open);
        }
    }
    if let Some(last) = file {
        finish(last)?;
    }
    Ok(report)
}
