//! The laws of every log.

use std::ops::Range;
use std::sync::Arc;

use event_log::{EventLog, LogError};
use shared_logic::decode::Fault;
use shared_logic::identity::TopicPartition;
use shared_logic::table::Table;

use crate::records::{decode, read};

/// Holds one partition of a log against the laws, over these ranges and chunk sizes.
///
/// Ranges are given in offsets and are cut to the partition's bounds.
pub fn check(
    log: &dyn EventLog,
    place: &TopicPartition,
    table: &Arc<Table>,
    ranges: impl IntoIterator<Item = Range<u64>>,
    sizes: &[usize],
) {
    let bounds = log.bounds(place).unwrap();
    let (first, end) = (bounds.start.0, bounds.end.0);
    let whole = decode(table, &read(log, place, first..end, usize::MAX).unwrap());
    assert!(whole.offsets.is_sorted_by(|a, b| a < b));

    for range in ranges {
        let range = range.start.clamp(first, end)..range.end.clamp(first, end);
        for rows in sizes {
            let chunks = read(log, place, range.clone(), *rows).unwrap();
            let mut next = range.start;
            for chunk in &chunks {
                assert_eq!(chunk.start.0, next, "{range:?} by {rows}: chunks tile");
                assert!(
                    chunk.rows() <= *rows,
                    "{range:?} by {rows}: chunks are small"
                );
                let inside = |row| (chunk.start..chunk.next).contains(&chunk.offset(row));
                assert!(
                    (0..chunk.rows()).all(inside),
                    "{range:?} by {rows}: offsets are inside"
                );
                next = chunk.next.0;
            }
            assert!(
                range.is_empty() || next == range.end,
                "{range:?} by {rows}: the end is reached"
            );
            assert!(
                !range.is_empty() || chunks.is_empty(),
                "{range:?}: nothing comes of nothing"
            );

            let low = whole.offsets.partition_point(|at| *at < range.start);
            let high = whole.offsets.partition_point(|at| *at < range.end).max(low);
            let part = decode(table, &chunks);
            assert_eq!(
                part.offsets,
                whole.offsets[low..high],
                "{range:?} by {rows}"
            );
            assert_eq!(
                part.columns,
                whole.columns.slice(low, high - low),
                "{range:?} by {rows}"
            );
            assert_eq!(
                part.arrivals,
                whole.arrivals[low..high],
                "{range:?} by {rows}"
            );
            let faults: Vec<Fault> = (whole.faults.iter())
                .filter(|fault| (low..high).contains(&fault.row))
                .map(|fault| Fault {
                    row: fault.row - low,
                    ..fault.clone()
                })
                .collect();
            assert_eq!(part.faults, faults, "{range:?} by {rows}");
        }
    }

    let beyond = read(log, place, first..end + 1, 10);
    assert!(
        matches!(beyond, Err(LogError::Beyond { .. })),
        "the end is the end"
    );
    if first > 0 {
        let expired = read(log, place, first - 1..end, 10);
        assert!(
            matches!(expired, Err(LogError::Expired { .. })),
            "what is gone is an error"
        );
        assert!(
            read(log, place, 0..0, 10).unwrap().is_empty(),
            "nothing may be asked for anywhere"
        );
    }
    let nowhere = TopicPartition::new(place.topic.as_str(), 999);
    let missing = log.bounds(&nowhere);
    assert!(
        matches!(missing, Err(LogError::NoPartition { .. })),
        "partitions are not invented"
    );
}
