//! Events of the Nexmark benchmark: persons, auctions and bids in one stream.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use nexmark::EventGenerator;
use nexmark::config::NexmarkConfig;
use nexmark::event::Event;

use crate::LogError;

/// When the first event happens, in milliseconds: 2024-01-01T23:58:20Z, a hundred seconds before a
/// day ends, so that what is grouped by day has two.
const BEGINS: u64 = 1_704_153_500_000;

/// Events a second.
const RATE: usize = 40;

/// Events in each group that comes in another order than that of time.
const DISORDER: usize = 12;

/// Numbers between the first events of two seeds: a multiple of the 50 events that repeat as one
/// person, three auctions and 46 bids.
const APART: u64 = 50_000_000;

/// How many seeds have events of their own; seed 1 begins with the first event.
const SEEDS: u64 = 10_000;

/// Events in a chunk.
const CHUNK: u64 = 4096;

/// The columns of Nexmark events. `kind` is `person`, `auction` or `bid` and `date_time` the event time;
/// the others are NULL where an event of that kind has no such field. Prices are in cents.
pub fn nexmark_schema() -> SchemaRef {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    let mut fields = vec![
        Field::new("kind", DataType::Utf8, false),
        Field::new("date_time", instant.clone(), false),
    ];
    fields.extend(NUMBERS.map(|name| Field::new(name, DataType::Int64, true)));
    fields.push(Field::new("expires", instant, true));
    fields.extend(TEXTS.map(|name| Field::new(name, DataType::Utf8, true)));
    Arc::new(Schema::new(fields))
}

const NUMBERS: [&str; 8] = [
    "id",
    "auction",
    "bidder",
    "price",
    "initial_bid",
    "reserve",
    "seller",
    "category",
];
const TEXTS: [&str; 9] = [
    "name",
    "email",
    "credit_card",
    "city",
    "state",
    "item",
    "channel",
    "url",
    "extra",
];

/// The first `events` events of a seed, in the order of arrival, which is not quite that of time.
///
/// They are those of the crate `nexmark`, 40 a second; its chance hangs on the numbers of events
/// alone, so a seed is where they begin. Equal seeds give equal events.
pub fn nexmark(events: u64, seed: u64) -> Nexmark {
    let config = NexmarkConfig {
        base_time: BEGINS,
        first_rate: RATE,
        next_rate: RATE,
        out_of_order_group_size: DISORDER,
        first_event_id: ((seed.wrapping_sub(1) % SEEDS) * APART) as usize,
        ..NexmarkConfig::default()
    };
    Nexmark {
        events: EventGenerator::new(config),
        left: events,
    }
}

/// Chunks of Nexmark events.
#[derive(Debug)]
pub struct Nexmark {
    events: EventGenerator,
    left: u64,
}

impl Iterator for Nexmark {
    type Item = Result<RecordBatch, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let take = self.left.min(CHUNK);
        if take == 0 {
            return None;
        }
        self.left -= take;
        let rows: Vec<Row> = (self.events.by_ref().take(take as usize))
            .map(Row::of)
            .collect();
        Some(columns(&rows).map_err(|error| LogError::columns("the generator", &error)))
    }
}

/// One event in the columns.
#[derive(Default)]
struct Row {
    kind: &'static str,
    at: i64,
    expires: Option<i64>,
    numbers: [Option<i64>; NUMBERS.len()],
    texts: [Option<String>; TEXTS.len()],
}

impl Row {
    fn of(event: Event) -> Self {
        let at = micros(event.timestamp());
        let number = |number: usize| Some(number as i64);
        match event {
            Event::Person(person) => Self {
                kind: "person",
                at,
                numbers: [number(person.id), None, None, None, None, None, None, None],
                texts: [
                    Some(person.name),
                    Some(person.email_address),
                    Some(person.credit_card),
                    Some(person.city),
                    Some(person.state),
                    None,
                    None,
                    None,
                    Some(person.extra),
                ],
                ..Self::default()
            },
            Event::Auction(auction) => Self {
                kind: "auction",
                at,
                expires: Some(micros(auction.expires)),
                numbers: [
                    number(auction.id),
                    None,
                    None,
                    None,
                    number(auction.initial_bid),
                    number(auction.reserve),
                    number(auction.seller),
                    number(auction.category),
                ],
                texts: [
                    None,
                    None,
                    None,
                    None,
                    None,
                    Some(auction.item_name),
                    None,
                    None,
                    Some(auction.extra),
                ],
            },
            Event::Bid(bid) => Self {
                kind: "bid",
                at,
                numbers: [
                    None,
                    number(bid.auction),
                    number(bid.bidder),
                    number(bid.price),
                    None,
                    None,
                    None,
                    None,
                ],
                texts: [
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    Some(bid.channel),
                    Some(bid.url),
                    Some(bid.extra),
                ],
                ..Self::default()
            },
        }
    }
}

fn micros(millis: u64) -> i64 {
    millis as i64 * 1000
}

fn columns(rows: &[Row]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let kinds: StringArray = rows.iter().map(|row| Some(row.kind)).collect();
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at));
    let mut columns: Vec<ArrayRef> = vec![Arc::new(kinds), Arc::new(times)];
    for place in 0..NUMBERS.len() {
        let numbers = rows
            .iter()
            .map(|row| row.numbers.get(place).copied().flatten());
        columns.push(Arc::new(numbers.collect::<Int64Array>()));
    }
    let expires = rows.iter().map(|row| row.expires);
    columns.push(Arc::new(expires.collect::<TimestampMicrosecondArray>()));
    for place in 0..TEXTS.len() {
        let texts = rows.iter().map(|row| row.texts.get(place)?.as_deref());
        columns.push(Arc::new(texts.collect::<StringArray>()));
    }
    RecordBatch::try_new(nexmark_schema(), columns)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMicrosecondType;

    use super::*;

    fn all(events: u64, seed: u64) -> Vec<RecordBatch> {
        nexmark(events, seed).collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_seed_repeats_every_event_and_another_gives_others() {
        let chunks = all(10_000, 7);
        let rows: usize = chunks.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 10_000);
        assert_eq!(chunks, all(10_000, 7));
        assert_ne!(chunks, all(10_000, 8));
        // More events are the same events and more.
        assert_eq!(all(4096, 7).first(), chunks.first());
    }

    #[test]
    fn one_person_and_three_auctions_come_with_46_bids_not_quite_in_order() {
        let chunks = all(6000, 1);
        let chunk = arrow::compute::concat_batches(&nexmark_schema(), &chunks).unwrap();
        let kinds = chunk.column(0).as_string::<i32>();
        let count = |kind| kinds.iter().filter(|found| *found == Some(kind)).count();
        let counts = (count("person"), count("auction"), count("bid"));
        assert_eq!(counts, (120, 360, 5520));
        let times = chunk.column(1).as_primitive::<TimestampMicrosecondType>();
        assert!(!times.values().is_sorted());
        let (first, last) = (times.values().iter().min(), times.values().iter().max());
        assert_eq!(last.unwrap() - first.unwrap(), 149_975_000);
    }
}
