//! A table for a file that has none yet: the names and types of its columns, and what they are for.
//!
//! Types come from the first [`ROWS`](crate::input) records, by asking the decoder itself: a column
//! has the narrowest type that nearly all of its values convert to. So what is inferred is what is
//! read later, by the same rules.

mod columns;
mod names;
mod times;
mod types;

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use shared_logic::identity::Topic;
use shared_logic::table::{Format, Table, TimeUnits};

use crate::LogError;
use crate::input::source;
use columns::Column;

pub use names::identifier;

/// What the caller knows of a file already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The topic; by default the table's name, which is that of the file.
    pub topic: Option<&'a str>,
    /// The column of event times.
    pub event_time: Option<&'a str>,
    /// The column whose value chooses the partition.
    pub partition_by: Option<&'a str>,
}

/// A table that reads a file, and what else could have been chosen.
#[derive(Clone, Debug)]
pub struct Inferred {
    /// The table. Every column is nullable: who has seen all events may know better.
    pub table: Table,
    /// How many records were looked at.
    pub sampled: usize,
    /// Columns of times, the best candidate for the event time first.
    pub times: Vec<String>,
    /// Columns that could choose the partition, the best candidate first.
    pub keys: Vec<Key>,
    /// A column that seems to say when an event arrived.
    pub arrival: Option<String>,
    /// Columns of numbers that are no keys, in the order of the file.
    pub measures: Vec<String>,
    /// Columns of the file that the table does not have, and why.
    pub left_out: Vec<LeftOut>,
}

/// A candidate for the partition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The column.
    pub column: String,
    /// How many different values the records looked at have.
    pub values: usize,
}

/// A column that no table can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name in the file.
    pub column: String,
    /// Why.
    pub reason: String,
}

const INSTANT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Looks at the beginning of the file at `path`; its ending says what it holds, as for
/// [`Input::open`](crate::input::Input::open).
///
/// # Errors
/// The file cannot be read or is empty, a column that the caller names is not there or of no use,
/// or no column holds times: then the message says which columns there are.
pub fn infer(path: impl AsRef<Path>, known: &Known) -> Result<Inferred, LogError> {
    let path = path.as_ref();
    let wrong = |reason: String| LogError::Input {
        path: path.to_owned(),
        reason,
    };
    let format = match ending(path).as_deref() {
        Some("csv") => Format::Csv,
        _ => Format::Json,
    };
    let name = names::table(path, known.topic);
    let bare = table(&name, known.topic, format, vec![]);
    let sample = (source::open(path, &bare, &[])?.next()).transpose()?;
    let types::Found {
        mut columns,
        mut left_out,
        rows: sampled,
        broken,
    } = match sample {
        Some(sample) => {
            types::of(&bare, sample).map_err(|error| LogError::columns(path.display(), &error))?
        }
        None => types::Found::default(),
    };
    if sampled == 0 {
        return Err(wrong(
            "it holds no events, so there is nothing to infer".into(),
        ));
    }
    if let (true, true, Some(reason)) = (columns.is_empty(), left_out.is_empty(), &broken) {
        let all = format!(
            "of its first {sampled} records none can be read, the first because of {reason}"
        );
        return Err(wrong(all));
    }
    let find = |name: &str, columns: &[Column]| {
        let found = columns.iter().position(|column| column.name == name);
        found.ok_or_else(|| {
            let there: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            wrong(format!(
                "it has no column {name:?} that can be read; it has {}",
                there.join(", ")
            ))
        })
    };
    times::find(&mut columns);
    if let Some(named) = known.event_time {
        let at = find(named, &columns)?;
        if let Some(column) = columns.get_mut(at) {
            times::force(column).map_err(wrong)?;
        }
    }
    let ranked = times::ranked(&columns, known.event_time);
    let Some(best) = ranked.first().copied() else {
        return Err(wrong(times::missing(&columns, &left_out)));
    };
    // A day can be an event time, but only an instant is one in SQL.
    if let Some(time) = columns.get_mut(best) {
        time.data_type = INSTANT;
    }
    let event_time = best;
    let key_at = (known.partition_by.map(|name| find(name, &columns))).transpose()?;
    let keys: Vec<usize> = columns::keys(&columns, sampled, event_time, key_at);
    let arrival = columns::arrival(&columns, event_time);
    let measures = columns::measures(&columns, &keys);
    let named = |at: &usize| columns.get(*at).map(|column| column.name.clone());
    let mut table = table(
        &name,
        known.topic,
        bare.format,
        columns.iter().map(Column::field).collect(),
    );
    table.units = times::units(&columns, event_time);
    table.event_time = event_time;
    table.partition_by = keys.first().copied();
    left_out.sort_by_key(|(at, _)| *at);
    Ok(Inferred {
        sampled,
        times: ranked.iter().filter_map(named).collect(),
        keys: (keys.iter().filter_map(|at| columns.get(*at)))
            .map(|column| Key {
                column: column.name.clone(),
                values: column.distinct,
            })
            .collect(),
        arrival: arrival.as_ref().and_then(named),
        measures: measures.iter().filter_map(named).collect(),
        left_out: left_out.into_iter().map(|(_, left_out)| left_out).collect(),
        table,
    })
}

fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

fn table(name: &str, topic: Option<&str>, format: Format, fields: Vec<Field>) -> Table {
    Table {
        name: name.to_owned(),
        schema: Arc::new(Schema::new(fields)),
        topic: Topic::new(topic.unwrap_or(name)),
        format,
        units: TimeUnits::default(),
        event_time: 0,
        partition_by: None,
        arrival: None,
        watermark_delay: 0,
    }
}

#[cfg(test)]
mod tests;
