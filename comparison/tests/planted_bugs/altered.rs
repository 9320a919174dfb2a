//! A log whose records are read wrongly.

use std::ops::Range;

use arrow::array::BinaryArray;
use event_log::{Chunks, EventLog, LogError};
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

/// The log with the text of each record as a bug makes it.
pub struct Altered<'l>(pub &'l dyn EventLog, pub fn(&str) -> String);

impl EventLog for Altered<'_> {
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
        let alter = self.1;
        let chunks = self.0.read(place, range, chunk_rows)?;
        Ok(Box::new(chunks.map(move |chunk| {
            chunk.map(|chunk| altered(chunk, alter))
        })))
    }
}

fn altered(chunk: Chunk, alter: fn(&str) -> String) -> Chunk {
    let Payload::Raw(raw) = &chunk.payload else {
        panic!("schedules make raw records");
    };
    let values = raw.values.iter().map(|value| {
        let text = std::str::from_utf8(value.unwrap()).unwrap();
        Some(alter(text))
    });
    let raw = Raw {
        values: BinaryArray::from_iter(values),
        ..raw.clone()
    };
    Chunk {
        payload: Payload::Raw(raw),
        ..chunk
    }
}
