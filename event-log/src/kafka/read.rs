//! One bounded read of one partition.

use std::ops::Range;
use std::time::{Duration, Instant};

use arrow::array::{Array, BinaryBuilder, Int64Builder, UInt64Builder};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use serde_json::Value;
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

use super::client::{Quiet, consumer, failed, number};
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
        brokers: &str,
        place: &TopicPartition,
        range: Range<Offset>,
        rows: usize,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        let consumer = consumer(brokers)?;
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

/// Records on their way into a chunk.
#[derive(Default)]
struct Records {
    count: usize,
    bytes: usize,
    offsets: UInt64Builder,
    arrivals: Int64Builder,
    keys: BinaryBuilder,
    values: BinaryBuilder,
    headers: BinaryBuilder,
}

impl Records {
    fn push(&mut self, message: &BorrowedMessage, at: Offset) {
        self.count += 1;
        self.bytes += message.key_len() + message.payload_len();
        self.offsets.append_value(at.0);
        let arrival = message.timestamp().to_millis();
        self.arrivals
            .append_option(arrival.and_then(|millis| millis.checked_mul(1000)));
        self.keys.append_option(message.key());
        self.values.append_option(message.payload());
        self.headers.append_option(message.headers().map(headers));
    }

    /// A chunk that stands for `range`.
    fn finish(mut self, place: &TopicPartition, range: Range<Offset>) -> Chunk {
        let offsets = self.offsets.finish();
        let arrivals = self.arrivals.finish();
        let first = offsets.values().first().map_or(range.end, |at| Offset(*at));
        let gapless = (first, first.plus(offsets.len() as u64)) == (range.start, range.end)
            || (offsets.is_empty());
        Chunk {
            place: place.clone(),
            start: range.start,
            next: range.end,
            offsets: (!gapless).then_some(offsets),
            arrivals: (arrivals.null_count() < arrivals.len()).then_some(arrivals),
            payload: Payload::Raw(Raw {
                keys: self.keys.finish(),
                values: self.values.finish(),
                headers: self.headers.finish(),
            }),
        }
    }
}

/// Headers as one JSON object. A value that is no text is an object of its bytes: `{"hex":"00ff"}`.
fn headers<H: Headers>(headers: &H) -> String {
    let fields = headers.iter().map(|header| {
        let value = match header
            .value
            .map(|bytes| (bytes, std::str::from_utf8(bytes)))
        {
            None => Value::Null,
            Some((_, Ok(text))) => text.into(),
            Some((bytes, Err(_))) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                serde_json::json!({ "hex": hex })
            }
        };
        format!("{}:{value}", Value::from(header.key))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}
