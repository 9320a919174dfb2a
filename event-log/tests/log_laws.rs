//! The laws of logs, over the log in memory and the archive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/laws.rs"]
mod laws;
#[path = "support/records.rs"]
mod records;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray, TimestampMillisecondArray,
};
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, archive};
use event_log::memory::MemoryLog;
use event_log::{EventLog, LogError};
use laws::check;
use records::{decode, read, table, values};
use shared_logic::chunk::Payload;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};

const SIZES: [usize; 4] = [1, 2, 5, 100];

fn place() -> TopicPartition {
    TopicPartition::new("clicks", 0)
}

/// Records in several pieces, with gaps between them and at the end, and the oldest expired.
fn gappy() -> MemoryLog {
    let log = MemoryLog::default();
    let raw = MemoryLog::raw([(place(), values(20))]);
    for (start, next) in [(0, 3), (3, 9), (9, 10), (10, 20)] {
        for chunk in raw
            .read(&place(), Offset(start)..Offset(next), 100)
            .unwrap()
        {
            let arrivals = (start..next)
                .map(|n| 1_000_000 * n as i64)
                .collect::<Vec<_>>();
            log.append(&place(), chunk.unwrap().payload, Some(arrivals.into()))
                .unwrap();
        }
        log.skip(&place(), start % 4);
    }
    log.skip(&place(), 3);
    log.expire(&place(), Offset(2));
    log
}

/// Records in columns of other types than the table's, one more than it has.
fn typed() -> MemoryLog {
    let rows = |from: i64, count: i64| {
        let numbers = from..from + count;
        let clicked = TimestampMillisecondArray::from_iter(
            numbers.clone().map(|n| (n % 6 != 5).then_some(n * 777)),
        );
        let page = LargeStringArray::from_iter(
            numbers
                .clone()
                .map(|n| (n % 4 > 0).then(|| format!("/\"{n}\n"))),
        );
        let visitor = StringArray::from_iter_values(numbers.clone().map(|n| match n % 7 {
            6 => "nobody".to_owned(),
            _ => n.to_string(),
        }));
        let extra = Int64Array::from_iter_values(numbers);
        RecordBatch::try_from_iter([
            ("clicked", Arc::new(clicked) as ArrayRef),
            ("page", Arc::new(page)),
            ("visitor", Arc::new(visitor)),
            ("extra", Arc::new(extra)),
        ])
        .unwrap()
    };
    MemoryLog::typed([(place(), vec![rows(-10, 13), rows(3, 1), rows(4, 10)])])
}

/// The log copied into an archive of files with this many records, each in a folder of its own.
fn archived(log: &MemoryLog, file_rows: u64) -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let copy = Archive::open(folder.path(), &place().topic, table()).unwrap();
    let options = ArchiveOptions {
        chunk_rows: 4,
        file_rows,
        ..ArchiveOptions::default()
    };
    archive(log, &copy, None, options).unwrap();
    (folder, copy)
}

/// Every range within `[0, end)`, the empty ones included.
fn all_ranges(end: u64) -> impl Iterator<Item = Range<u64>> {
    (0..=end).flat_map(move |start| (start..=end).map(move |next| start..next))
}

#[test]
fn memory_keeps_the_laws() {
    check(
        &MemoryLog::raw([(place(), values(20))]),
        &place(),
        &table(),
        all_ranges(20),
        &SIZES,
    );
    check(&gappy(), &place(), &table(), all_ranges(30), &SIZES);
    check(&typed(), &place(), &table(), all_ranges(24), &SIZES);
}

#[test]
fn the_archive_keeps_the_laws_however_files_are_cut() {
    for file_rows in [1, 7, u64::MAX] {
        for log in [gappy(), typed()] {
            let (_folder, copy) = archived(&log, file_rows);
            let end = log.bounds(&place()).unwrap().end.0;
            check(&copy, &place(), &table(), all_ranges(end), &[2, 100]);
        }
    }
}

#[test]
fn the_archive_gives_back_what_was_archived() {
    for file_rows in [1, 3, 7, u64::MAX] {
        for log in [gappy(), typed()] {
            let (_folder, copy) = archived(&log, file_rows);
            assert_eq!(copy.partitions().unwrap(), log.partitions().unwrap());
            let bounds = log.bounds(&place()).unwrap();
            assert_eq!(copy.bounds(&place()).unwrap(), bounds);
            assert_eq!(copy.end().unwrap(), log.end().unwrap());
            let range = bounds.start.0..bounds.end.0;
            let ours = read(&copy, &place(), range.clone(), 100).unwrap();
            let theirs = read(&log, &place(), range, 100).unwrap();
            assert_eq!(decode(&table(), &ours), decode(&table(), &theirs));
        }
    }
}

#[test]
fn a_log_of_markers_alone_has_bounds_and_no_records() {
    let log = MemoryLog::new([place()]);
    assert_eq!(
        log.end().unwrap(),
        OffsetVector([(place(), Offset(0))].into())
    );
    log.skip(&place(), 5);
    check(&log, &place(), &table(), all_ranges(5), &SIZES);
    let (_folder, copy) = archived(&log, 10);
    check(&copy, &place(), &table(), all_ranges(5), &SIZES);
}

#[test]
fn memory_hands_out_slices_and_no_copies() {
    let rows = RecordBatch::try_from_iter([(
        "n",
        Arc::new(Int64Array::from_iter_values(0..100)) as ArrayRef,
    )])
    .unwrap();
    let start = rows.column(0).to_data().buffers()[0].as_ptr();
    let log = MemoryLog::typed([(place(), vec![rows])]);
    let chunks = read(&log, &place(), 10..20, 5).unwrap();
    let Payload::Typed(slice) = &chunks[1].payload else {
        panic!("columns stay columns")
    };
    assert_eq!(
        slice.column(0).to_data().buffers()[0].as_ptr(),
        start.wrapping_add(15 * 8)
    );
}

#[test]
fn uneven_records_are_refused() {
    let log = gappy();
    let chunk = read(&log, &place(), 2..3, 1).unwrap().remove(0);
    let refused = log.append(&place(), chunk.payload, Some(vec![1, 2].into()));
    assert!(matches!(refused, Err(LogError::Refused(_))));
}
