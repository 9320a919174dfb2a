//! One bounded read of one partition.

use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use shared_logic::chunk::Chunk;
use shared_logic::identity::{Offset, TopicPartition};

use super::client::{Quiet, consumer, denied, failed, number};
use super::cluster::Cluster;
use super::records::Records;
use crate::LogError;

/// How many bytes a chunk holds before it is handed over with fewer records than it may have.
const BYTES: usize = 64 << 20;

/// The chunks of a range, read as they are asked for.
pub(super) struct Read {
    consumer: BaseConsumer<Quiet>,
    place: TopicPartition,
    /// Where the next chunk begins.
    next: Offset,
    end: Offset,
    rows: usize,
    timeout: Duration,
    failed: bool,
}

impl Read {
    /// Starts a read of a range that is within the bounds of the partition and not empty.
    pub(super) fn begin(
        cluster: &Cluster,
        place: &TopicPartition,
        range: Range<Offset>,
        rows: usize,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        let consumer = consumer(cluster)?;
        let what = || format!("reading {place} from offset {}", range.start);
        let start = i64::try_from(range.start.0).map_err(|error| failed(what(), &error))?;
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(
                place.topic.as_str(),
                number(place)?,
                KafkaOffset::Offset(start),
            )
            .and_then(|()| consumer.assign(&assignment))
            .map_err(|error| failed(what(), &error))?;
        Ok(Self {
            consumer,
            place: place.clone(),
            next: range.start,
            end: range.end,
            rows,
            timeout,
            failed: false,
        })
    }

    /// The next chunk; the last one ends at the end of the range.
    fn chunk(&mut self) -> Result<Chunk, LogError> {
        let mut records = Records::default();
        let mut waiting = Instant::now();
        let mut trouble = None;
        let mut next = self.next;
        // A record is recognized as the last one by what comes behind it: another record, or the
        // end of the partition, which was beyond the range's end when the range was checked.
        while next < self.end && records.count < self.rows && records.bytes < BYTES {
            let left = self.timeout.saturating_sub(waiting.elapsed());
            match self.consumer.poll(left) {
                Some(Ok(message)) => {
                    let at = Offset(u64::try_from(message.offset()).unwrap_or_default());
                    if at >= self.end {
                        next = self.end;
                    } else if at >= next {
                        records.push(&message, at);
                        next = at.plus(1);
                    }
                    waiting = Instant::now();
                    trouble = None;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => next = self.end,
                Some(Err(error)) if let Some(denied) = denied(&self.place.topic, None, &error) => {
                    return Err(denied);
                }
                // The client connects again by itself.
                Some(Err(error)) => trouble = Some(error.to_string()),
                None => {}
            }
            if waiting.elapsed() >= self.timeout {
                let silent = format!("no answer in {:?}", self.timeout);
                let reason = self.consumer.context().last().or(trouble).unwrap_or(silent);
                return Err(failed(
                    format!("reading {} at offset {next}", self.place),
                    &reason,
                ));
            }
        }
        let chunk = records.finish(&self.place, self.next..next);
        self.next = next;
        Ok(chunk)
    }
}

impl Iterator for Read {
    type Item = Result<Chunk, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.next >= self.end {
            return None;
        }
        let chunk = self.chunk();
        self.failed = chunk.is_err();
        Some(chunk)
    }
}
