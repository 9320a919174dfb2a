//! How far event time comes in a range of records, found without folding it.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute;
use arrow::datatypes::TimestampMicrosecondType;

use crate::chunk::Chunk;
use crate::decode::{DecodeError, Decoder};
use crate::time::{EventTime, Watermark};
use crate::view::View;

/// The greatest event time of some records, as a fold of them would leave the watermark.
///
/// Ranges that are folded side by side do not know what came before them; where a view asks which
/// events are late, this is looked up first.
#[derive(Debug)]
pub struct Reach {
    decoder: Decoder,
    latest: Option<EventTime>,
}

impl Reach {
    /// No records yet.
    pub fn new(view: &View) -> Self {
        Self {
            decoder: Decoder::new(Arc::clone(&view.table), &[view.table.event_time]),
            latest: None,
        }
    }

    /// Takes in a chunk.
    ///
    /// # Errors
    /// The chunk lacks the event-time column.
    pub fn push(&mut self, chunk: &Chunk) -> Result<(), DecodeError> {
        let decoded = self.decoder.decode(chunk)?;
        for column in decoded.columns.columns() {
            if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
                self.latest = self.latest.max(compute::max(times).map(EventTime));
            }
        }
        Ok(())
    }

    /// How far event time has come; `None` where no record has a time.
    pub fn reached(&self) -> Option<Watermark> {
        self.latest.map(Watermark)
    }
}

#[cfg(test)]
mod tests;
