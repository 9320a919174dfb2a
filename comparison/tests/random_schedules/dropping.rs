//! A log that loses records on the way to whoever folds them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, BinaryArray, BooleanArray, UInt64Array};
use arrow::compute::filter;
use event_log::{Chunks, EventLog, LogError};
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

/// The log without every tenth record, as a fold that drops them would have it: what it covers says
/// nothing of that.
pub struct Dropping<'l>(pub &'l dyn EventLog);

impl EventLog for Dropping<'_> {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        self.0.partitions()
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        self.0.bounds(place)
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        chunk_rows: usize,
    ) -> Result<Chunks, LogError> {
        let chunks = self.0.read(place, range, chunk_rows)?;
        Ok(Box::new(chunks.map(|chunk| chunk.map(dropped))))
    }
}

fn dropped(chunk: Chunk) -> Chunk {
    let Payload::Raw(raw) = &chunk.payload else {
        panic!("schedules make raw records");
    };
    let offsets: Vec<u64> = (0..chunk.rows()).map(|row| chunk.offset(row).0).collect();
    let kept = BooleanArray::from_iter(offsets.iter().map(|offset| Some(offset % 10 != 9)));
    let some = |column: &BinaryArray| {
        let column: Arc<dyn Array> = filter(column, &kept).unwrap();
        column
            .as_any()
            .downcast_ref::<BinaryArray>()
            .unwrap()
            .clone()
    };
    let raw = Raw {
        keys: some(&raw.keys),
        values: some(&raw.values),
        headers: some(&raw.headers),
    };
    let offsets = offsets.into_iter().filter(|offset| offset % 10 != 9);
    Chunk {
        offsets: Some(UInt64Array::from_iter_values(offsets)),
        arrivals: None,
        payload: Payload::Raw(raw),
        ..chunk
    }
}
