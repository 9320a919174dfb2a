//! What every log can do.

use std::ops::Range;

use shared_logic::chunk::Chunk;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;

use crate::LogError;

/// The chunks of one read, made as they are asked for.
pub type Chunks = Box<dyn Iterator<Item = Result<Chunk, LogError>> + Send>;

/// Partitions of records, each with an offset, to be read in any ranges and any number of times.
pub trait EventLog: Send + Sync {
    /// The partitions there are now, in order.
    ///
    /// # Errors
    /// The log cannot be asked.
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError>;

    /// The first offset that is still there, and the end as it is now: the offset after the last
    /// record that may be read.
    ///
    /// # Errors
    /// There is no such partition, or the log cannot be asked.
    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError>;

    /// The records at offsets in `range`, in chunks of at most `chunk_rows` records (at least one).
    ///
    /// The chunks tile the range: the first starts where it starts, each starts where the one
    /// before stopped, the last stops at its end, also where no record stands there. An empty range
    /// has no chunks. After an error nothing follows.
    ///
    /// # Errors
    /// [`LogError::Expired`] where the range begins before the first offset left, and
    /// [`LogError::Beyond`] where it ends after the end: never less than was asked for in silence.
    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        chunk_rows: usize,
    ) -> Result<Chunks, LogError>;

    /// The first offset of a partition at which a record arrived at or after an instant; the end
    /// where there is none. Records without an arrival are passed over. A log with transactions may
    /// name the offset of a marker or of an aborted record before it.
    ///
    /// # Errors
    /// There is no such partition, or the log cannot be read.
    fn since(&self, place: &TopicPartition, instant: EventTime) -> Result<Offset, LogError> {
        let bounds = self.bounds(place)?;
        for chunk in self.read(place, bounds.clone(), 65_536)? {
            let chunk = chunk?;
            let arrivals = chunk.arrivals.iter().flat_map(|arrivals| arrivals.iter());
            let found = arrivals
                .enumerate()
                .find(|(_, arrival)| arrival.is_some_and(|arrival| arrival >= instant.0));
            if let Some((row, _)) = found {
                return Ok(chunk.offset(row));
            }
        }
        Ok(bounds.end)
    }

    /// The first offset left in each partition.
    ///
    /// # Errors
    /// The log cannot be asked.
    fn start(&self) -> Result<OffsetVector, LogError> {
        let mut start = OffsetVector::default();
        for place in self.partitions()? {
            let first = self.bounds(&place)?.start;
            start.set(place, first);
        }
        Ok(start)
    }

    /// The end of each partition as it is now.
    ///
    /// # Errors
    /// The log cannot be asked.
    fn end(&self) -> Result<OffsetVector, LogError> {
        let mut end = OffsetVector::default();
        for place in self.partitions()? {
            let next = self.bounds(&place)?.end;
            end.set(place, next);
        }
        Ok(end)
    }
}

/// Whether `range` may be read from a partition with these bounds; an empty range always may.
pub(crate) fn within(
    place: &TopicPartition,
    range: &Range<Offset>,
    bounds: &Range<Offset>,
) -> Result<(), LogError> {
    if range.is_empty() {
        return Ok(());
    }
    if range.start < bounds.start {
        return Err(LogError::Expired {
            place: place.clone(),
            asked: range.start,
            first: bounds.start,
        });
    }
    if range.end > bounds.end {
        return Err(LogError::Beyond {
            place: place.clone(),
            asked: range.end,
            end: bounds.end,
        });
    }
    Ok(())
}
