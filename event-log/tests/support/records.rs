//! Records to try logs with, and what they decode to.
#![allow(dead_code, reason = "each test uses its part of these")]

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use event_log::{EventLog, LogError};
use shared_logic::chunk::Chunk;
use shared_logic::decode::{Decoder, Fault};
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::table::{Format, Table, TimeUnits};

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
        units: TimeUnits::default(),
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
