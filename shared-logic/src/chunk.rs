//! A group of consecutive records of one partition, as a log hands it over.

use std::hash::Hasher as _;

use arrow::array::{Array, BinaryArray, Int64Array, RecordBatch, UInt64Array};

use twox_hash::XxHash64;

use crate::coverage::LastRecord;
use crate::identity::{Offset, TopicPartition};

/// Consecutive records of one partition.
///
/// The chunks of a read tile its range: `start` is the `next` of the chunk before. A chunk may be
/// empty and still move on, over transaction markers or compacted records.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The partition that was read.
    pub place: TopicPartition,
    /// The first offset this chunk stands for.
    pub start: Offset,
    /// The first offset it no longer stands for.
    pub next: Offset,
    /// Each record's offset, ascending; `None` means `start`, `start + 1` and so on without gaps.
    pub offsets: Option<UInt64Array>,
    /// When the log took each record, in microseconds since 1970, where that is known.
    pub arrivals: Option<Int64Array>,
    /// The records themselves.
    pub payload: Payload,
}

/// The column of typed records that says why one of them is broken as a whole; NULL where it is not.
/// An input without broken records need not have it.
pub const BROKEN: &str = "__broken";

/// The column of typed records that keeps the bytes of those that are [`BROKEN`]; NULL in others.
pub const SOURCE: &str = "__source";

/// The records of a chunk, in one of two forms.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a chunk, not one a record"
)]
pub enum Payload {
    /// As a producer wrote them.
    Raw(Raw),
    /// Already in columns: any names and types that convert to the table's; a table column that is
    /// absent here was not asked for or does not exist. [`BROKEN`] and [`SOURCE`] tell of records
    /// that are in no columns.
    Typed(RecordBatch),
}

/// Records as a producer wrote them; all arrays have one row a record.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Keys; NULL where a record has none.
    pub keys: BinaryArray,
    /// Values; NULL is a tombstone.
    pub values: BinaryArray,
    /// Headers, as a JSON object in text of name to text; NULL where a record has none.
    pub headers: BinaryArray,
}

impl Chunk {
    /// Consecutive records from offset `start` on, already in columns.
    pub fn typed(place: TopicPartition, start: Offset, rows: RecordBatch) -> Self {
        let next = start.plus(rows.num_rows() as u64);
        Self::of(place, start, next, Payload::Typed(rows))
    }

    /// Consecutive records from offset `start` on, as a producer wrote them, without keys.
    pub fn raw<V: AsRef<[u8]>>(
        place: TopicPartition,
        start: Offset,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = BinaryArray::from_iter_values(values);
        let next = start.plus(values.len() as u64);
        let nothing = BinaryArray::new_null(values.len());
        let raw = Raw {
            keys: nothing.clone(),
            values,
            headers: nothing,
        };
        Self::of(place, start, next, Payload::Raw(raw))
    }

    fn of(place: TopicPartition, start: Offset, next: Offset, payload: Payload) -> Self {
        Self {
            place,
            start,
            next,
            offsets: None,
            arrivals: None,
            payload,
        }
    }

    /// How many records it holds.
    pub fn rows(&self) -> usize {
        match &self.payload {
            Payload::Raw(raw) => raw.values.len(),
            Payload::Typed(batch) => batch.num_rows(),
        }
    }

    /// The last record, by which its log is known again; `None` without records or where they are in
    /// columns.
    pub fn last(&self) -> Option<LastRecord> {
        let Payload::Raw(raw) = &self.payload else {
            return None;
        };
        let row = self.rows().checked_sub(1)?;
        let mut hasher = XxHash64::with_seed(0);
        for field in [&raw.keys, &raw.values, &raw.headers] {
            let bytes = field.is_valid(row).then(|| field.value(row));
            // Nothing is not an empty value, and no field runs into the next.
            hasher.write(
                &bytes
                    .map_or(u64::MAX, |bytes| bytes.len() as u64)
                    .to_le_bytes(),
            );
            hasher.write(bytes.unwrap_or_default());
        }
        let arrivals = self.arrivals.as_ref().filter(|list| list.is_valid(row));
        let arrival = arrivals.map_or(i64::MIN, |list| list.value(row));
        hasher.write(&arrival.to_le_bytes());
        Some(LastRecord {
            offset: self.offset(row),
            checksum: (hasher.finish() >> 32) as u32,
        })
    }

    /// The offset of record `row`.
    pub fn offset(&self, row: usize) -> Offset {
        match &self.offsets {
            Some(list) => list.values().get(row).map_or(self.next, |at| Offset(*at)),
            None => self.start.plus(row as u64),
        }
    }
}
