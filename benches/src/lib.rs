//! Events for the benches: made from a seed, the same in every run.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::view::View;

/// The view of the benches: count, sum and max per item and ten seconds.
pub const VIEW: &str = "
    CREATE TABLE events (
        at TIMESTAMP NOT NULL, item BIGINT, value BIGINT,
        session VARCHAR, agent VARCHAR, country VARCHAR, price DOUBLE
    ) WITH (event_time = 'at');
    CREATE VIEW totals AS
    SELECT item, window_start, window_end, COUNT(*) AS events, SUM(value) AS total, MAX(value) AS most
    FROM TUMBLE(events, at, INTERVAL '10' SECOND)
    GROUP BY item, window_start, window_end";

/// The length of a window of [`VIEW`] in microseconds.
pub const WINDOW: i64 = 10_000_000;

/// The compiled [`VIEW`].
///
/// # Panics
/// It does not compile, which the first bench would show.
pub fn view() -> Arc<View> {
    let job = shared_logic::job::Job::compile("bench", VIEW);
    match job.map(|job| job.views.first().cloned()) {
        Ok(Some(view)) => view,
        other => panic!("the view of the benches compiles, but: {other:?}"),
    }
}

/// A small generator of pseudo-random numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, evenly below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(bound)) >> 64) as u64
    }
}

/// Columns `at`, `item` and `value`: `rows` events over `windows` windows and `keys` keys, nearly in
/// the order of time.
pub fn columns(rows: usize, windows: u64, keys: u64) -> RecordBatch {
    let mut random = Random::new(42);
    let span = windows * WINDOW.unsigned_abs();
    let mut at = Vec::with_capacity(rows);
    let mut key = Vec::with_capacity(rows);
    let mut value = Vec::with_capacity(rows);
    for row in 0..rows as u64 {
        let now = row * span / rows as u64;
        at.push(now.saturating_sub(random.below(200_000)).cast_signed());
        key.push(random.below(keys).cast_signed());
        value.push(random.below(1_000_000).cast_signed());
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("at", Arc::new(TimestampMicrosecondArray::from(at))),
        ("item", Arc::new(Int64Array::from(key))),
        ("value", Arc::new(Int64Array::from(value))),
    ];
    match RecordBatch::try_from_iter(columns) {
        Ok(rows) => rows,
        Err(error) => panic!("columns of one length make rows, but: {error}"),
    }
}

/// The same events as JSON records of about 180 bytes with seven fields.
pub fn json(rows: usize, windows: u64, keys: u64) -> Vec<String> {
    let mut random = Random::new(42);
    let span = windows * WINDOW.unsigned_abs();
    let record = |row: u64| {
        let at = (row * span / rows as u64).saturating_sub(random.below(200_000)) / 1000;
        format!(
            "{{\"at\":{at},\"item\":{},\"value\":{},\"session\":\"{:016x}{:016x}\",\"agent\":\"Mozilla/5.0 (X11; Linux x86_64)\",\"country\":\"{}\",\"price\":{}.{:02}}}",
            random.below(keys),
            random.below(1_000_000),
            random.below(u64::MAX),
            random.below(u64::MAX),
            ["DE", "FR", "US", "IN"]
                .get(random.below(4) as usize)
                .unwrap_or(&"DE"),
            random.below(1000),
            random.below(100),
        )
    };
    (0..rows as u64).map(record).collect()
}

/// Raw records as one chunk of partition 0.
pub fn raw_chunk(records: &[String]) -> Chunk {
    let nulls = || BinaryArray::from(vec![None; records.len()]);
    Chunk {
        place: TopicPartition::new("events", 0),
        start: Offset(0),
        next: Offset(records.len() as u64),
        offsets: None,
        arrivals: None,
        payload: Payload::Raw(Raw {
            keys: nulls(),
            values: records
                .iter()
                .map(|record| Some(record.as_bytes()))
                .collect(),
            headers: nulls(),
        }),
    }
}

/// Columns as one chunk of partition 0 that starts at `start`.
pub fn typed_chunk(rows: RecordBatch, start: u64) -> Chunk {
    Chunk {
        place: TopicPartition::new("events", 0),
        start: Offset(start),
        next: Offset(start + rows.num_rows() as u64),
        offsets: None,
        arrivals: None,
        payload: Payload::Typed(rows),
    }
}
