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

/// The schema of [`avro`].
const SCHEMA: &str = r#"{"type": "record", "name": "event", "fields": [
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "item", "type": ["null", "long"]},
    {"name": "value", "type": ["null", "long"]},
    {"name": "session", "type": "string"},
    {"name": "agent", "type": "string"},
    {"name": "country", "type": "string"},
    {"name": "price", "type": "double"}
]}"#;

/// The compiled [`VIEW`].
///
/// # Panics
/// It does not compile, which the first bench would show.
pub fn view() -> Arc<View> {
    compiled("")
}

/// The compiled [`VIEW`] over events in `format`: `json`, `csv` or `avro`.
///
/// # Panics
/// It does not compile, which the first bench would show.
pub fn view_of(format: &str) -> Arc<View> {
    match format {
        "avro" => compiled(&format!(", format = 'avro', schema = '{SCHEMA}'")),
        format => compiled(&format!(", format = '{format}'")),
    }
}

fn compiled(options: &str) -> Arc<View> {
    let sql = VIEW.replacen("'at')", &format!("'at'{options})"), 1);
    let job = shared_logic::job::Job::compile("bench", &sql);
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

/// An event with all its seven fields.
#[derive(Clone, Debug)]
pub struct Event {
    /// Milliseconds since 1970.
    at: u64,
    item: u64,
    value: u64,
    session: String,
    country: &'static str,
    /// In hundredths.
    price: u64,
}

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0";

/// When the events begin, in milliseconds since 1970; a window begins then, too.
const BEGIN: u64 = 1_700_000_000_000;

/// Events like those of [`columns`].
pub fn events(rows: usize, windows: u64, keys: u64) -> Vec<Event> {
    let mut random = Random::new(42);
    let span = windows * WINDOW.unsigned_abs();
    let event = |row: u64| Event {
        at: BEGIN + (row * span / rows as u64).saturating_sub(random.below(200_000)) / 1000,
        item: random.below(keys),
        value: random.below(1_000_000),
        session: format!(
            "{:016x}{:016x}",
            random.below(u64::MAX),
            random.below(u64::MAX)
        ),
        country: ["DE", "FR", "US", "IN"]
            .get(random.below(4) as usize)
            .unwrap_or(&"DE"),
        price: random.below(100_000),
    };
    (0..rows as u64).map(event).collect()
}

/// Events as JSON records of about 180 bytes with seven fields.
pub fn json(rows: usize, windows: u64, keys: u64) -> Vec<Vec<u8>> {
    let record = |event: Event| {
        let Event {
            at,
            item,
            value,
            session,
            country,
            price,
        } = event;
        format!(
            "{{\"at\":{at},\"item\":{item},\"value\":{value},\"session\":\"{session}\",\"agent\":\"{AGENT}\",\"country\":\"{country}\",\"price\":{}.{:02}}}",
            price / 100,
            price % 100,
        )
        .into_bytes()
    };
    events(rows, windows, keys)
        .into_iter()
        .map(record)
        .collect()
}

/// The same events as lines of CSV.
pub fn csv(rows: usize, windows: u64, keys: u64) -> Vec<Vec<u8>> {
    let record = |event: Event| {
        let Event {
            at,
            item,
            value,
            session,
            country,
            price,
        } = event;
        format!(
            "{at},{item},{value},{session},{AGENT},{country},{}.{:02}",
            price / 100,
            price % 100,
        )
        .into_bytes()
    };
    events(rows, windows, keys)
        .into_iter()
        .map(record)
        .collect()
}

/// The same events as Avro records.
pub fn avro(rows: usize, windows: u64, keys: u64) -> Vec<Vec<u8>> {
    let record = |event: Event| {
        let mut bytes = vec![];
        // Integers have their sign in the lowest bit, and all of these are positive.
        let long = |bytes: &mut Vec<u8>, value: u64| {
            let mut rest = value << 1;
            while rest >= 0x80 {
                bytes.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
        };
        long(&mut bytes, event.at);
        for value in [event.item, event.value] {
            long(&mut bytes, 1);
            long(&mut bytes, value);
        }
        for text in [event.session.as_str(), AGENT, event.country] {
            long(&mut bytes, text.len() as u64);
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&(event.price as f64 / 100.0).to_le_bytes());
        bytes
    };
    events(rows, windows, keys)
        .into_iter()
        .map(record)
        .collect()
}

/// Raw records as one chunk of partition 0.
pub fn raw_chunk(records: &[Vec<u8>]) -> Chunk {
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
                .map(|record| Some(record.as_slice()))
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
