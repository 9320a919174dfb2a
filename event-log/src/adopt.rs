//! Takes Parquet files that are there already into an archive, and leaves them where they lie.
//!
//! ```text
//!   find ▸ look (offsets, sums, event times) ▸ line_up (holes, overlaps) ▸ one file of the archive
//!                                                                         that stands for each
//! ```
//!
//! All files are looked at before the first is taken in, so what does not fit changes nothing. Which
//! records of the topic they hold is said by columns, or by names as Kafka Connect's sinks give them.

mod columns;
mod find;
mod line_up;
mod look;
mod name;

use std::collections::BTreeMap;
use std::rc::Rc;

use shared_logic::identity::{Offset, Partition, TopicPartition};

use crate::LogError;
use crate::archive::{Archive, FileWriter};
use line_up::Piece;
use look::Looked;

/// How files tell which records of the topic they hold.
#[derive(Clone, Debug, Default)]
pub struct Adoption {
    /// The column of offsets; by default one of the usual names, or else the file's own name.
    pub offsets: Option<String>,
    /// The column of partitions; by default one of the usual names, or else the name of the file or
    /// of a folder such as `partition=3`, or else there is only partition 0.
    pub partitions: Option<String>,
    /// Whether offsets that are in no file have no record: markers of transactions, compacted records.
    pub sparse: bool,
    /// Whether nothing tells of offsets, and records are numbered in the order of the files' names.
    pub numbered: bool,
}

/// What was adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdoptReport {
    /// Each partition that the files hold records of, in order.
    pub partitions: Vec<AdoptedPartition>,
    /// How many files there were without a record.
    pub empty: u64,
    /// How many files were passed over as their names tell of other topics.
    pub others: u64,
}

/// What was adopted of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedPartition {
    /// The partition.
    pub place: TopicPartition,
    /// Where the archive ended before, or where it begins.
    pub from: Offset,
    /// Where it ends now.
    pub next: Offset,
    /// How many records were taken in.
    pub records: u64,
    /// How many of them have a value that does not convert or is missing.
    pub faulty: u64,
    /// How many files hold them.
    pub files: u64,
    /// How many more files are in the archive already.
    pub known: u64,
}

/// Adopts the Parquet files at `url`: a folder and all below it, a glob, or one file, as a path or
/// with `file://`. Files that were adopted before are passed over, so this can be done again, after
/// a crash or when there are more files.
///
/// # Errors
/// [`LogError::Input`] names a file that tells of no offsets or of other ones than fit: a hole, an
/// overlap, an offset that is there twice or not in order, a column of another type.
/// [`LogError::Rival`] where an archiver is at work in the same partition.
pub fn adopt(archive: &Archive, url: &str, how: &Adoption) -> Result<AdoptReport, LogError> {
    let mut report = AdoptReport::default();
    let mut numbers = BTreeMap::new();
    let mut pieces: BTreeMap<Partition, Vec<Piece>> = BTreeMap::new();
    for path in find::files(url)? {
        let named = name::parse(&path);
        if named
            .as_ref()
            .is_some_and(|named| named.topic != archive.topic().as_str())
        {
            report.others += 1;
            continue;
        }
        let Looked { file, held } = look::look(&path, archive, how, named, &mut numbers)?;
        report.empty += u64::from(held.is_empty());
        let file = Rc::new(file);
        for (partition, held) in held {
            let file = Rc::clone(&file);
            pieces
                .entry(partition)
                .or_default()
                .push(Piece { file, held });
        }
    }
    if pieces.is_empty() {
        return Err(LogError::Refused(format!(
            "there is no record of topic {} in the Parquet files of {url} ({} of them are empty, {} of other topics)",
            archive.topic(),
            report.empty,
            report.others
        )));
    }
    let mut lines = Vec::new();
    for (partition, pieces) in pieces {
        let place = TopicPartition {
            topic: archive.topic().clone(),
            partition,
        };
        lines.push(line_up::line_up(archive, place, pieces, how.sparse)?);
    }
    for line in lines {
        report.partitions.push(take_in(archive, line)?);
    }
    Ok(report)
}

/// Makes the files of the archive that stand for those of a line.
fn take_in(archive: &Archive, line: line_up::Line) -> Result<AdoptedPartition, LogError> {
    let place = line.place;
    let mut report = AdoptedPartition {
        from: line.from,
        next: line.from,
        records: 0,
        faulty: 0,
        files: 0,
        known: line.known,
        place: place.clone(),
    };
    archive.sweep(&place)?;
    let mut before = archive.watermark(&place, line.from)?;
    for Piece { file, held } in line.fresh {
        let mut stand_in = FileWriter::new(archive, &place, report.next, before)?;
        before = before.max(held.greatest);
        report.next = held.last.plus(1);
        report.records += held.records;
        report.faulty += held.faulty;
        report.files += 1;
        stand_in.adopt(&held, file.adopted(&held, archive.table()));
        stand_in.finish(archive)?;
    }
    Ok(report)
}
