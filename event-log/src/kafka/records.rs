//! Records on their way from the client into a chunk.

use std::ops::Range;

use arrow::array::{Array, BinaryBuilder, Int64Builder, UInt64Builder};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use serde_json::Value;
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

/// Columns that grow by one record at a time.
#[derive(Default)]
pub(super) struct Records {
    /// How many there are.
    pub(super) count: usize,
    /// The bytes of their keys and values.
    pub(super) bytes: usize,
    offsets: UInt64Builder,
    arrivals: Int64Builder,
    keys: BinaryBuilder,
    values: BinaryBuilder,
    headers: BinaryBuilder,
}

impl Records {
    pub(super) fn push(&mut self, message: &BorrowedMessage, at: Offset) {
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

    /// A chunk that stands for `range`, and no records any more.
    pub(super) fn finish(&mut self, place: &TopicPartition, range: Range<Offset>) -> Chunk {
        (self.count, self.bytes) = (0, 0);
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
