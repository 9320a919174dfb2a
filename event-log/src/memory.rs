//! A log in memory: for inputs, tests and comparisons.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arrow::array::{Array, BinaryArray, Int64Array, RecordBatch};
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

use crate::log::within;
use crate::tile::Tiles;
use crate::{Chunks, EventLog, LogError};

/// Partitions in memory, which may be appended to while they are read.
#[derive(Debug, Default)]
pub struct MemoryLog {
    partitions: RwLock<BTreeMap<TopicPartition, Records>>,
}

/// One partition: chunks that tile `[first kept, next)`, of which offsets from `first` on are shown.
#[derive(Debug, Default)]
struct Records {
    chunks: Vec<Chunk>,
    first: Offset,
    next: Offset,
}

impl MemoryLog {
    /// A log of these empty partitions.
    pub fn new(places: impl IntoIterator<Item = TopicPartition>) -> Self {
        let empty = (places.into_iter()).map(|place| (place, Records::default()));
        Self {
            partitions: RwLock::new(empty.collect()),
        }
    }

    /// A log of records in columns, each partition from offset 0 on.
    pub fn typed(partitions: impl IntoIterator<Item = (TopicPartition, Vec<RecordBatch>)>) -> Self {
        let log = Self::default();
        for (place, batches) in partitions {
            log.locked().entry(place.clone()).or_default();
            for rows in batches {
                log.push(&place, rows.num_rows() as u64, None, Payload::Typed(rows));
            }
        }
        log
    }

    /// A log of records that have a value but no key and no headers, each partition from offset 0
    /// on; a value that is `None` is a tombstone.
    pub fn raw<V: AsRef<[u8]>>(
        partitions: impl IntoIterator<Item = (TopicPartition, Vec<Option<V>>)>,
    ) -> Self {
        let log = Self::default();
        for (place, values) in partitions {
            let values = BinaryArray::from_iter(values);
            let nothing = BinaryArray::new_null(values.len());
            let records = Raw {
                keys: nothing.clone(),
                values,
                headers: nothing,
            };
            log.push(
                &place,
                records.values.len() as u64,
                None,
                Payload::Raw(records),
            );
        }
        log
    }

    /// Appends records to a partition, which is made where there is none, and says where they are.
    ///
    /// # Errors
    /// [`LogError::Refused`] where `arrivals` (in microseconds since 1970) or the arrays of raw
    /// records have different lengths.
    pub fn append(
        &self,
        place: &TopicPartition,
        payload: Payload,
        arrivals: Option<Int64Array>,
    ) -> Result<Range<Offset>, LogError> {
        let (rows, even) = match &payload {
            Payload::Typed(columns) => (columns.num_rows(), true),
            Payload::Raw(raw) => {
                let rows = raw.values.len();
                (rows, raw.keys.len() == rows && raw.headers.len() == rows)
            }
        };
        if !even || arrivals.as_ref().is_some_and(|list| list.len() != rows) {
            return Err(LogError::Refused(format!(
                "records for {place} need one key, value, header and arrival each, in arrays of one length"
            )));
        }
        Ok(self.push(place, rows as u64, arrivals, payload))
    }

    /// Appends `offsets` offsets that no record has, as transaction markers and compaction leave
    /// them in Kafka.
    pub fn skip(&self, place: &TopicPartition, offsets: u64) {
        let nothing = BinaryArray::new_null(0);
        let none = Raw {
            keys: nothing.clone(),
            values: nothing.clone(),
            headers: nothing,
        };
        self.push(place, offsets, None, Payload::Raw(none));
    }

    /// Lets the records before `first` expire, as retention does.
    pub fn expire(&self, place: &TopicPartition, first: Offset) {
        if let Some(records) = self.locked().get_mut(place) {
            records.first = records.first.max(first.min(records.next));
            records.chunks.retain(|chunk| chunk.next > records.first);
        }
    }

    fn push(
        &self,
        place: &TopicPartition,
        offsets: u64,
        arrivals: Option<Int64Array>,
        payload: Payload,
    ) -> Range<Offset> {
        let mut partitions = self.locked();
        let records = partitions.entry(place.clone()).or_default();
        let start = records.next;
        records.next = start.plus(offsets);
        if offsets > 0 {
            records.chunks.push(Chunk {
                place: place.clone(),
                start,
                next: records.next,
                offsets: None,
                arrivals,
                payload,
            });
        }
        start..records.next
    }

    // No code can fail while it holds the lock, so what a panic elsewhere leaves is whole.
    fn locked(&self) -> RwLockWriteGuard<'_, BTreeMap<TopicPartition, Records>> {
        self.partitions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> RwLockReadGuard<'_, BTreeMap<TopicPartition, Records>> {
        self.partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The records of a partition, or an error that names those there are.
fn find<'a>(
    partitions: &'a BTreeMap<TopicPartition, Records>,
    place: &TopicPartition,
) -> Result<&'a Records, LogError> {
    partitions.get(place).ok_or_else(|| LogError::NoPartition {
        place: place.clone(),
        there: partitions.keys().cloned().collect(),
    })
}

impl EventLog for MemoryLog {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        Ok(self.shared().keys().cloned().collect())
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        let partitions = self.shared();
        let records = find(&partitions, place)?;
        Ok(records.first..records.next)
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        chunk_rows: usize,
    ) -> Result<Chunks, LogError> {
        let partitions = self.shared();
        let records = find(&partitions, place)?;
        within(place, &range, &(records.first..records.next))?;
        let first = records
            .chunks
            .partition_point(|chunk| chunk.next <= range.start);
        let overlap: Vec<_> = (records.chunks.iter().skip(first))
            .take_while(|chunk| chunk.start < range.end)
            .cloned()
            .map(Ok)
            .collect();
        Ok(Box::new(Tiles::new(overlap.into_iter(), range, chunk_rows)))
    }
}
