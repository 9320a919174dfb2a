//! The laws of every log, and records to try them with.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use event_log::{EventLog, LogError};
use shared_logic::chunk::Chunk;
use shared_logic::decode::{Decoder, Fault};
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::table::{Format, Table};

/// A table of clicks with a column for each kind of trouble.
pub fn table() -> Arc<Table> {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    Arc::new(Table {
        name: "clicks".into(),
        schema: Arc::new(Schema::new(vec![
            Field::new("clicked", instant, false),
            Field::new("page", DataType::Utf8, true),
            Field::new("visitor", DataType::Int64, true),
        ])),
        topic: Topic::new("clicks"),
        format: Format::Json,
        event_time: 0,
        partition_by: Some(1),
        arrival: None,
        watermark_delay: 0,
    })
}

/// Records of which every fifth is wrong in one of four ways.
pub fn values(count: usize) -> Vec<Option<String>> {
    let wrong = [
        None,
        Some("{\"clicked\":".to_owned()),
        Some("{\"clicked\":\"2024-01-01\",\"visitor\":\"me\"}".to_owned()),
        Some("{\"page\":\"/\"}".to_owned()),
    ];
    (0..count)
        .map(|n| match n % 5 {
            4 => wrong[n / 5 % 4].clone(),
            _ => Some(format!(
                "{{\"clicked\":\"2024-01-01T00:00:{:02}Z\",\"page\":\"/{}\",\"visitor\":{n}}}",
                n * 7 % 60,
                n % 3
            )),
        })
        .collect()
}

/// What the records of a range decode to.
#[derive(Debug, PartialEq)]
pub struct Records {
    /// Where they are.
    pub offsets: Vec<u64>,
    /// All columns of the table.
    pub columns: RecordBatch,
    /// What is wrong, by position in `offsets`.
    pub faults: Vec<Fault>,
    /// When they arrived.
    pub arrivals: Vec<Option<i64>>,
}

/// Decodes chunks one by one.
pub fn decode(table: &Arc<Table>, chunks: &[Chunk]) -> Records {
    let all: Vec<usize> = (0..table.schema.fields().len()).collect();
    let decoder = Decoder::new(table.clone(), &all);
    let mut columns = Vec::new();
    let mut records = Records {
        offsets: Vec::new(),
        columns: RecordBatch::new_empty(decoder.schema().clone()),
        faults: Vec::new(),
        arrivals: Vec::new(),
    };
    for chunk in chunks {
        let decoded = decoder.decode(chunk).unwrap();
        let before = records.offsets.len();
        records
            .offsets
            .extend((0..chunk.rows()).map(|row| chunk.offset(row).0));
        match &chunk.arrivals {
            Some(arrivals) => records.arrivals.extend(arrivals),
            None => records.arrivals.extend(vec![None; chunk.rows()]),
        }
        columns.push(decoded.columns);
        let faults = decoded.faults.into_iter();
        records.faults.extend(faults.map(|fault| Fault {
            row: fault.row + before,
            ..fault
        }));
    }
    records.columns = concat_batches(decoder.schema(), &columns).unwrap();
    records
}

/// All chunks of a range.
pub fn read(
    log: &dyn EventLog,
    place: &TopicPartition,
    range: Range<u64>,
    rows: usize,
) -> Result<Vec<Chunk>, LogError> {
    log.read(place, Offset(range.start)..Offset(range.end), rows)?
        .collect()
}

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

/// Every range within `[0, end)`, the empty ones included.
pub fn all_ranges(end: u64) -> impl Iterator<Item = Range<u64>> {
    (0..=end).flat_map(move |start| (start..=end).map(move |next| start..next))
}
