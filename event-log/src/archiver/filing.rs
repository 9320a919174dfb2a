//! One partition on its way into files.

use std::time::Duration;

use arrow::array::RecordBatch;
use shared_logic::chunk::{Chunk, Payload};
use shared_logic::decode::Decoder;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::Watermark;

use super::{ArchiveOptions, PartitionReport};
use crate::archive::{Archive, FileWriter, Prepared};
use crate::{EventLog, LogError};

/// How many offsets before the archive's end are looked through for a record to compare.
const LOOK_BACK: u64 = 1_000;

/// The file of a partition that is being filled, and what was done before it.
pub(super) struct Filing<'a> {
    archive: &'a Archive,
    decoder: Decoder,
    options: ArchiveOptions,
    report: PartitionReport,
    /// Where the open file begins, and the watermark of what comes before it.
    next: Offset,
    before: Option<Watermark>,
    file: Option<FileWriter>,
    /// When the open file was begun.
    opened: Duration,
}

impl<'a> Filing<'a> {
    /// Takes up a partition where its archive ends, or where its log begins.
    pub(super) fn begin(
        archive: &'a Archive,
        log: &dyn EventLog,
        place: &TopicPartition,
        options: ArchiveOptions,
    ) -> Result<Self, LogError> {
        archive.sweep(place)?;
        let from = match archive.next(place)? {
            Some(next) => next,
            None => log.bounds(place)?.start,
        };
        same(archive, log, place)?;
        let all: Vec<usize> = (0..archive.table().schema.fields().len()).collect();
        Ok(Self {
            archive,
            decoder: Decoder::new(archive.table().clone(), &all),
            options,
            report: PartitionReport {
                place: place.clone(),
                from,
                next: from,
                records: 0,
                faulty: 0,
                files: 0,
                bytes: 0,
            },
            next: from,
            before: archive.watermark(place, from)?,
            file: None,
            opened: Duration::ZERO,
        })
    }

    /// Appends a chunk, which begins where the last one ended. A file that is full is finished.
    /// `now` is the time on any clock that goes on.
    pub(super) fn push(&mut self, chunk: Chunk, now: Duration) -> Result<(), LogError> {
        let options = self.options;
        // Room for the footer; parts are small, so that their size can be judged before they are
        // added.
        let slack = (options.file_bytes / 8).min(1_000_000);
        let mut rest = Some(Prepared::new(self.archive, &self.decoder, chunk)?);
        while let Some(whole) = rest.take() {
            let room = (self.file.as_ref()).map_or(options.file_rows, |file| {
                options.file_rows.saturating_sub(file.records())
            });
            let part;
            (part, rest) = whole.split(usize::try_from(room).unwrap_or(usize::MAX).max(1), slack);
            // A part may take twice its raw size: once as it is, once in typed columns.
            let full = |file: &FileWriter| {
                file.records() > 0
                    && (file.records() + part.rows() as u64 > options.file_rows
                        || file.bytes() + 2 * part.bytes() + slack > options.file_bytes)
            };
            if self.file.as_ref().is_some_and(full) {
                self.roll()?;
            }
            let mut open = match self.file.take() {
                Some(open) => open,
                None => {
                    self.opened = now;
                    FileWriter::new(self.archive, &self.report.place, self.next, self.before)?
                }
            };
            open.write(&part)?;
            self.file = Some(open);
        }
        Ok(())
    }

    /// Finishes the open file, if there is one.
    pub(super) fn roll(&mut self) -> Result<bool, LogError> {
        let Some(file) = self.file.take() else {
            return Ok(false);
        };
        let (_, bytes, footer) = file.finish(self.archive)?;
        self.report.next = footer.next;
        self.report.records += footer.records;
        self.report.faulty += footer.faulty;
        self.report.files += 1;
        self.report.bytes += bytes as u64;
        (self.next, self.before) = (footer.next, footer.greatest.max(footer.before));
        Ok(true)
    }

    /// Since when the open file is being filled.
    pub(super) fn opened(&self) -> Option<Duration> {
        self.file.is_some().then_some(self.opened)
    }

    /// What is in finished files.
    pub(super) fn report(&self) -> &PartitionReport {
        &self.report
    }
}

/// Makes sure that a log is the one that was archived: it reaches as far, and where it still has the
/// archive's last record, that is the same there.
pub(super) fn same(
    archive: &Archive,
    log: &dyn EventLog,
    place: &TopicPartition,
) -> Result<(), LogError> {
    let (Some(first), Some(next)) = (archive.first(place)?, archive.next(place)?) else {
        return Ok(());
    };
    if archive.is_numbered(place)? {
        return Err(LogError::Refused(format!(
            "the archive of {place} was adopted with --numbered, so nothing says which of the topic's records are in it: seam batch alone can go on with it; to go on from the topic adopt files with offsets, or use another store"
        )));
    }
    let bounds = log.bounds(place)?;
    if next > bounds.end {
        return Err(LogError::Recreated {
            place: place.clone(),
            reached: next,
            end: bounds.end,
        });
    }
    let from = Offset(next.0.saturating_sub(LOOK_BACK));
    let shared = from.max(bounds.start).max(first)..next;
    if shared.is_empty() {
        return Ok(());
    }
    let mut last = None;
    for chunk in archive.raw(place, shared)? {
        let chunk = chunk?;
        last = (0..chunk.rows())
            .next_back()
            .map(|row| (chunk, row))
            .or(last);
    }
    let Some((ours, row)) = last else {
        return Ok(());
    };
    let at = ours.offset(row);
    if let Some(theirs) = log.read(place, at..at.plus(1), 1)?.next() {
        let theirs = theirs?;
        // A record that compaction removed says nothing, nor does one in columns.
        if theirs.rows() != 1 || !matches!(theirs.payload, Payload::Raw(_)) {
            return Ok(());
        }
        if let Payload::Typed(columns) = &ours.payload {
            return match means_the_same(archive, columns, &ours, row, &theirs)? {
                true => Ok(()),
                false => Err(LogError::Refused(format!(
                    "record {place}@{at} of the topic is another one in the files that were adopted: they are not of this topic, or their offsets are not the topic's; adopt others into another store"
                ))),
            };
        }
        if !alike(&ours, row, &theirs) {
            return Err(LogError::Replaced {
                place: place.clone(),
                offset: at,
            });
        }
    }
    Ok(())
}

/// Whether a record in columns decodes to the same values as the only one of the other chunk.
fn means_the_same(
    archive: &Archive,
    columns: &RecordBatch,
    ours: &Chunk,
    row: usize,
    theirs: &Chunk,
) -> Result<bool, LogError> {
    let fields = archive.table().schema.fields().iter().enumerate();
    let there = fields.filter(|(_, field)| columns.column_by_name(field.name()).is_some());
    let there: Vec<usize> = there.map(|(at, _)| at).collect();
    let decoder = Decoder::new(archive.table().clone(), &there);
    let (a, b) = (decoder.decode(ours)?, decoder.decode(theirs)?);
    Ok(a.columns.slice(row, 1).columns() == b.columns.columns())
}

/// Whether a record is the only one of the other chunk, to the last byte.
fn alike(ours: &Chunk, row: usize, theirs: &Chunk) -> bool {
    use arrow::array::Array;
    let (Payload::Raw(a), Payload::Raw(b)) = (&ours.payload, &theirs.payload) else {
        return true;
    };
    let arrival = |chunk: &Chunk, row: usize| {
        let arrivals = chunk.arrivals.as_ref().filter(|list| list.is_valid(row));
        arrivals.map(|list| list.value(row))
    };
    let fields = [
        (&a.keys, &b.keys),
        (&a.values, &b.values),
        (&a.headers, &b.headers),
    ];
    arrival(ours, row) == arrival(theirs, 0)
        && fields.iter().all(|(a, b)| a.slice(row, 1) == b.slice(0, 1))
}
