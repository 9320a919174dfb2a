//! A toy log with a toy view: sums per key and window, folded and merged by plain code.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, Int64Array, RecordBatch, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use shared_logic::coverage::{Coverage, OffsetVector, Span};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::{Counters, Partial};
use shared_logic::time::{EventTime, Watermark};
use shared_logic::view::Fingerprint;

/// How many partitions the log has.
pub const PLACES: u32 = 2;

/// How many records each partition has.
pub const LENGTH: u64 = 60;

/// Rows by window start and key: events and sum.
pub type Rows = BTreeMap<(i64, i64), (u64, u64)>;

/// Which version of the view's logic: it multiplies every value by this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl Version {
    pub fn fingerprint(self) -> Fingerprint {
        Fingerprint(format!("logic-{}", self.0))
    }

    pub fn of(fingerprint: &Fingerprint) -> Self {
        Self(fingerprint.0.trim_start_matches("logic-").parse().unwrap())
    }
}

struct Event {
    time: i64,
    key: i64,
    value: u64,
    wanted: bool,
}

fn event(place: &TopicPartition, offset: u64) -> Event {
    let mixed = ((u64::from(place.partition.0) << 32) | offset).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = mixed ^ (mixed >> 29);
    Event {
        time: offset as i64 * 10 + (mixed % 37) as i64,
        key: ((mixed >> 8) & 1) as i64,
        value: (mixed >> 16) & 0xff,
        wanted: !(mixed >> 32).is_multiple_of(5),
    }
}

pub fn places() -> impl Iterator<Item = TopicPartition> {
    (0..PLACES).map(|partition| TopicPartition::new("toy", partition))
}

fn watermark(place: &TopicPartition, next: u64) -> Option<Watermark> {
    let greatest = (0..next).map(|offset| event(place, offset).time).max();
    greatest.map(|time| Watermark(EventTime(time)))
}

/// The span of `[start, next)` as any reader of this log sees it.
pub fn span(place: &TopicPartition, start: Offset, next: Offset) -> Span {
    Span {
        start,
        next,
        records: next.0 - start.0,
        watermark_before: watermark(place, start.0),
        watermark_after: watermark(place, next.0),
        last: None,
    }
}

/// Adds the records `[start, next)` of `place` to `rows`; gives how many were not wanted.
fn fold_into(
    rows: &mut Rows,
    version: Version,
    place: &TopicPartition,
    start: u64,
    next: u64,
) -> u64 {
    let mut filtered = 0;
    for offset in start..next {
        let event = event(place, offset);
        if !event.wanted {
            filtered += 1;
            continue;
        }
        let window = event.time - event.time.rem_euclid(100);
        let row = rows.entry((window, event.key)).or_default();
        row.0 += 1;
        row.1 += event.value * version.0;
    }
    filtered
}

/// The rows of everything below `offsets`.
pub fn truth(version: Version, offsets: &OffsetVector) -> Rows {
    let mut rows = Rows::new();
    for (place, next) in &offsets.0 {
        fold_into(&mut rows, version, place, 0, next.0);
    }
    rows
}

/// The fold of `[start, next)` in each partition of `next`.
pub fn fold(version: Version, start: &OffsetVector, next: &OffsetVector) -> Partial {
    let mut rows = Rows::new();
    let mut counters = Counters::default();
    let mut coverage = Coverage::default();
    for (place, next) in &next.0 {
        let start = start.get(place);
        counters.filtered += fold_into(&mut rows, version, place, start.0, next.0);
        coverage.0.insert(place.clone(), span(place, start, *next));
    }
    Partial {
        coverage,
        counters,
        rows: columns(&rows),
    }
}

/// The merge of partials whose coverage tiles.
pub fn merge<'a>(partials: impl IntoIterator<Item = &'a Partial> + Clone) -> Partial {
    let coverage = Coverage::union(partials.clone().into_iter().map(|p| &p.coverage)).unwrap();
    let mut rows = Rows::new();
    let mut counters = Counters::default();
    for partial in partials {
        add_rows(&mut rows, partial);
        counters = counters.plus(partial.counters);
    }
    Partial {
        coverage,
        counters,
        rows: columns(&rows),
    }
}

/// Adds the rows of `partial` to `sum`.
pub fn add_rows(sum: &mut Rows, partial: &Partial) {
    let columns = partial.rows.columns();
    let window = (columns[0]
        .as_any()
        .downcast_ref::<TimestampMicrosecondArray>())
    .unwrap();
    let key = columns[1].as_any().downcast_ref::<Int64Array>().unwrap();
    let events = columns[2].as_any().downcast_ref::<UInt64Array>().unwrap();
    let total = columns[3].as_any().downcast_ref::<UInt64Array>().unwrap();
    for row in 0..window.len() {
        let both = sum.entry((window.value(row), key.value(row))).or_default();
        both.0 += events.value(row);
        both.1 += total.value(row);
    }
}

fn columns(rows: &Rows) -> RecordBatch {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let schema = Schema::new(vec![
        Field::new("window_start", time, false),
        Field::new("key_0", DataType::Int64, false),
        Field::new("events", DataType::UInt64, false),
        Field::new("sum", DataType::UInt64, false),
    ]);
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                rows.keys().map(|k| k.0),
            )),
            Arc::new(Int64Array::from_iter_values(rows.keys().map(|k| k.1))),
            Arc::new(UInt64Array::from_iter_values(rows.values().map(|v| v.0))),
            Arc::new(UInt64Array::from_iter_values(rows.values().map(|v| v.1))),
        ],
    )
    .unwrap()
}
