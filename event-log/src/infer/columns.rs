//! What is known of a column after a look at some of its values, and what it could be for.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, TimeUnit};

use super::names::words;
use crate::value;

/// A column of a sample.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) data_type: DataType,
    /// The values of the sample that convert to the type.
    pub(super) values: ArrayRef,
    /// What the values count since 1970, where they are numbers that are instants.
    pub(super) unit: Option<TimeUnit>,
    /// How many of them are different, where the column could be a key.
    pub(super) distinct: usize,
}

impl Column {
    pub(super) fn new(name: String, values: ArrayRef) -> Self {
        let data_type = values.data_type().clone();
        let countable = data_type == DataType::Utf8 || data_type.is_integer();
        let keys = countable.then(|| value::keys(&values).ok()).flatten();
        let distinct = keys.map_or(0, |keys| {
            keys.iter().flatten().collect::<HashSet<_>>().len()
        });
        Self {
            name,
            data_type,
            values,
            unit: None,
            distinct,
        }
    }

    pub(super) fn field(&self) -> Field {
        Field::new(&self.name, self.data_type.clone(), true)
    }

    /// The least and the greatest value as a number; instants in microseconds.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let numbers = match cast(&self.values, &DataType::Int64) {
            Ok(counts) if !self.values.data_type().is_floating() => {
                let counts = counts.as_primitive::<Int64Type>();
                let ends = (arrow::compute::min(counts), arrow::compute::max(counts));
                return Some((ends.0? as f64, ends.1? as f64));
            }
            _ => cast(&self.values, &DataType::Float64).ok()?,
        };
        let numbers = numbers.as_primitive::<Float64Type>();
        Some((arrow::compute::min(numbers)?, arrow::compute::max(numbers)?))
    }

    /// Whether its name has one of these words.
    pub(super) fn speaks_of(&self, of: &[&str]) -> bool {
        words(&self.name)
            .iter()
            .any(|word| of.contains(&word.as_str()))
    }
}

/// Words of columns that say when an event was taken, not when it happened.
pub(super) const ARRIVAL: [&str; 12] = [
    "arrival",
    "arrived",
    "received",
    "receive",
    "ingest",
    "ingested",
    "ingestion",
    "processed",
    "processing",
    "inserted",
    "loaded",
    "logged",
];

/// Columns that could choose the partition, the best first: texts before numbers, in the order of
/// the file. Their values repeat, and nearly every record has one.
pub(super) fn keys(
    columns: &[Column],
    sampled: usize,
    event_time: usize,
    named: Option<usize>,
) -> Vec<usize> {
    let mut found: Vec<(bool, usize)> = vec![];
    for (at, column) in columns.iter().enumerate() {
        let text = column.data_type == DataType::Utf8;
        let number = column.data_type.is_integer() && is_id(column);
        let repeats = (2..=sampled / 2).contains(&column.distinct);
        let mostly_there = column.values.null_count() * 100 <= sampled;
        let fits = at != event_time && (text || number) && repeats && mostly_there;
        if fits && Some(at) != named {
            found.push((!text, at));
        }
    }
    found.sort_unstable();
    named
        .into_iter()
        .chain(found.into_iter().map(|(_, at)| at))
        .collect()
}

/// Whether numbers in this column seem to name something, rather than to measure it.
fn is_id(column: &Column) -> bool {
    const IDS: [&str; 20] = [
        "id",
        "key",
        "no",
        "number",
        "code",
        "nr",
        "user",
        "account",
        "customer",
        "device",
        "visitor",
        "session",
        "uid",
        "uuid",
        "sku",
        "userid",
        "orderid",
        "deviceid",
        "sessionid",
        "customerid",
    ];
    column.speaks_of(&IDS)
}

/// A column of instants whose name says that it is the arrival.
pub(super) fn arrival(columns: &[Column], event_time: usize) -> Option<usize> {
    (columns.iter().enumerate()).position(|(at, column)| {
        at != event_time
            && matches!(column.data_type, DataType::Timestamp(..))
            && column.values.null_count() == 0
            && column.speaks_of(&ARRIVAL)
    })
}

/// Columns whose average means something.
pub(super) fn measures(columns: &[Column], keys: &[usize]) -> Vec<usize> {
    (columns.iter().enumerate())
        .filter(|(at, column)| {
            column.data_type.is_numeric() && !keys.contains(at) && !is_id(column)
        })
        .map(|(at, _)| at)
        .collect()
}
