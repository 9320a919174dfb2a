//! When each row happened and where it stands in the log, for measures that depend on order.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array, UInt64Array};

use crate::chunk::Chunk;

/// When each row happened, and where it stands in its chunk.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The event time of each row, in microseconds since 1970.
    pub times: ArrayRef,
    /// The number of each row in the chunk.
    pub rows: Vec<usize>,
}

impl Moments {
    /// The arguments that ordered measures take beside their own: event time, partition and offset
    /// of each row of `chunk` that is kept.
    pub(crate) fn arrays(self, chunk: &Chunk) -> [ArrayRef; 3] {
        let partition = UInt32Array::from_value(chunk.place.partition.0, self.rows.len());
        let offsets = self.rows.iter().map(|row| chunk.offset(*row).0);
        let offsets = UInt64Array::from_iter_values(offsets);
        [self.times, Arc::new(partition), Arc::new(offsets)]
    }
}
