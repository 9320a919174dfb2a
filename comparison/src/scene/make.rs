//! Events as a schedule wants them.

use std::time::Duration;

use arrow::datatypes::{DataType, Field};
use event_log::partitioner::partition_of;
use serde_json::{Map, Value, json};
use shared_logic::table::{Format, Table, type_name};
use shared_logic::time::EventTime;

use super::ORIGIN;
use crate::dice::Dice;
use crate::error::ComparisonError;
use crate::schedule::{Schedule, Source};
use crate::seam::micros;

/// How many events are made at most: they are kept in memory several times.
const MOST: u64 = 5_000_000;

/// Events in the order of arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// Each as a JSON object; those that are broken are none.
    pub lines: Vec<String>,
    /// When each arrived.
    pub arrivals: Vec<EventTime>,
    /// The partition of each.
    pub partitions: Vec<u32>,
    /// How many partitions there are.
    pub count: u32,
}

impl Made {
    /// The lines as a file holds them.
    pub fn text(&self) -> Vec<u8> {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text.into_bytes()
    }

    /// The events at these numbers, ascending, each in its partition.
    pub fn some(&self, numbers: impl IntoIterator<Item = usize>) -> Self {
        let mut some = Self {
            count: self.count,
            ..Self::default()
        };
        for number in numbers {
            if let (Some(line), Some(arrival), Some(partition)) = (
                self.lines.get(number),
                self.arrivals.get(number),
                self.partitions.get(number),
            ) {
                some.lines.push(line.clone());
                some.arrivals.push(*arrival);
                some.partitions.push(*partition);
            }
        }
        some
    }
}

/// When an event arrives and when it happened, on the virtual clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    arrival: i64,
    number: usize,
    time: i64,
}

/// The events that `schedule` wants, with values for the columns of `table`: its event time; the key in
/// the column that chooses the partition, or else in the first text; and random values.
///
/// # Errors
/// A table that is not of JSON, or has columns of bytes.
pub fn make(table: &Table, schedule: &Schedule) -> Result<Made, ComparisonError> {
    let refused = |why: String| {
        ComparisonError::Schedule(format!(
            "a schedule makes no events for the table {}: {why}; give a file with --input",
            table.name
        ))
    };
    if table.format != Format::Json {
        return Err(refused(format!(
            "its records are {}, not json",
            table.format
        )));
    }
    let binary = |field: &&std::sync::Arc<Field>| *field.data_type() == DataType::Binary;
    if let Some(field) = table.schema.fields().iter().find(binary) {
        let (name, kind) = (field.name(), type_name(field.data_type()));
        return Err(refused(format!("its column {name} is {kind}")));
    }
    let source = &schedule.source;
    let events = source.events();
    if events > MOST {
        return Err(refused(format!("they would be {events}, more than {MOST}")));
    }
    let mut dice = Dice::new(schedule.seed);
    let mut made = Made {
        count: source.partitions,
        ..Made::default()
    };
    let text = |field: &std::sync::Arc<Field>| *field.data_type() == DataType::Utf8;
    let key_column = (table.partition_by).or_else(|| table.schema.fields().iter().position(text));
    for (number, moment) in moments(source, &mut dice).into_iter().enumerate() {
        let key = key(source, &mut dice);
        let name = format!("k{key}");
        let partition = match table.partition_by {
            Some(_) => partition_of(Some(name.as_bytes()), source.partitions).0,
            None => number as u32 % source.partitions.max(1),
        };
        let mut record = Map::new();
        for (column, field) in table.schema.fields().iter().enumerate() {
            let value = if column == table.event_time {
                json!(instant(moment.time))
            } else if Some(column) == key_column && text(field) {
                json!(name)
            } else if Some(column) == key_column {
                json!(key)
            } else if field.is_nullable() && dice.hits(source.nulls.0) {
                Value::Null
            } else {
                value(field.data_type(), moment.time, source, &mut dice)
            };
            record.insert(field.name().clone(), value);
        }
        let line = Value::Object(record).to_string();
        made.lines.push(match dice.hits(source.broken.0) {
            true => line.trim_end_matches('}').to_owned(),
            false => line,
        });
        made.arrivals.push(EventTime(ORIGIN.0 + moment.arrival));
        made.partitions.push(partition);
    }
    Ok(made)
}

fn moments(source: &Source, dice: &mut Dice) -> Vec<Moment> {
    let mut arrivals = vec![];
    let mut paced = |events: u64, from: Duration, over: Duration| {
        for number in 0..events {
            // In the middle of its share of the time, so that none is at a boundary.
            let within = over.as_micros() * u128::from(2 * number + 1) / u128::from(2 * events);
            arrivals.push(micros(from) + within as i64);
        }
    };
    paced(source.paced(), Duration::ZERO, source.span);
    for burst in &source.bursts {
        paced(burst.events.into(), burst.at, Duration::from_secs(1));
    }
    let mut moments = vec![];
    for arrival in arrivals {
        let mut time = arrival - delay(source, dice);
        if time.rem_euclid(1000) == 0 {
            time -= 1;
        }
        moments.push((arrival, time));
    }
    for boundary in &source.boundary {
        let at = micros(boundary.at);
        moments.extend((0..boundary.events).map(|_| (at, at)));
    }
    let numbered = moments.into_iter().enumerate();
    let mut moments: Vec<Moment> = numbered
        .map(|(number, (arrival, time))| Moment {
            arrival,
            number,
            time,
        })
        .collect();
    moments.sort_unstable();
    moments
}

/// How long before its arrival an event happens, in microseconds.
fn delay(source: &Source, dice: &mut Dice) -> i64 {
    let mut place = dice.below(10_000);
    for late in &source.late {
        let share = u64::from(late.share.0);
        if place < share {
            let width = late.most.saturating_sub(late.least).as_micros() as u64;
            return micros(late.least) + dice.below(width + 1) as i64;
        }
        place -= share;
    }
    0
}

fn key(source: &Source, dice: &mut Dice) -> u32 {
    let mut place = dice.below(10_000);
    for hot in &source.hot {
        let share = u64::from(hot.share.0);
        if place < share {
            return hot.key;
        }
        place -= share;
    }
    dice.below(source.keys.into()) as u32
}

fn value(data_type: &DataType, time: i64, source: &Source, dice: &mut Dice) -> Value {
    let number = dice.below(source.values.into());
    match data_type {
        DataType::Boolean => json!(number % 2 == 1),
        DataType::Int8 | DataType::UInt8 => json!(number % 128),
        DataType::Int16 | DataType::UInt16 => json!(number % 32_768),
        DataType::Float32 | DataType::Float64 => json!(number as f64 / 4.0),
        DataType::Utf8 => json!(format!("k{}", number % u64::from(source.keys.max(1)))),
        DataType::Date32 => json!(instant(time).split('T').next()),
        DataType::Timestamp(..) => json!(instant(time)),
        _ => json!(number),
    }
}

/// An instant of virtual time in ISO 8601.
fn instant(time: i64) -> String {
    EventTime(ORIGIN.0 + time).to_string()
}
