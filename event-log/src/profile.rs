//! What a file of events is like, as a table reads it: who is late, what is NULL, rejected or twice.
//!
//! One pass over the file, a chunk at a time. What is kept does not grow with it: counts, the
//! distribution of lateness at a resolution that becomes coarser as it must, and some of the ids.

mod duplicates;
mod lateness;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use shared_logic::chunk::Chunk;
use shared_logic::decode::{Decoder, Fault};
use shared_logic::identity::{Offset, Partition, TopicPartition};
use shared_logic::table::Table;
use shared_logic::time::EventTime;
use shared_logic::window::Window;

use crate::input::source;
use crate::partitioner::partition_of;
use crate::{LogError, value};
use duplicates::Ids;

pub use duplicates::Duplicates;
pub use lateness::Lateness;

/// What a file is like.
#[derive(Clone, Debug)]
pub struct Profile {
    /// All records.
    pub events: u64,
    /// Records that are broken as a whole, which no view reads.
    pub broken: Rejected,
    /// Each column of the table, in its order.
    pub columns: Vec<ColumnProfile>,
    /// How late events are, by partition.
    pub partitions: Vec<Lateness>,
    /// The same of all partitions together, each event judged by its own.
    pub all: Lateness,
    /// The first and the last event time.
    pub span: Option<(EventTime, EventTime)>,
    /// How often an id comes again, where one was asked for.
    pub duplicates: Option<Duplicates>,
}

/// What a column is like.
#[derive(Clone, Debug, Default)]
pub struct ColumnProfile {
    /// How many records have no value.
    pub nulls: u64,
    /// Values that do not convert to the column's type.
    pub rejected: Rejected,
    /// Whether no value is less than one before it; only of instants.
    pub ascends: bool,
}

/// What is rejected, and the first of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// The number of the first record, from 1, and the reason.
    pub first: Option<(u64, String)>,
}

impl Rejected {
    fn add(&mut self, record: u64, reason: &str) {
        self.count += 1;
        self.first
            .get_or_insert_with(|| (record, reason.to_owned()));
    }
}

/// How to look at a file.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Into how many partitions events are dealt.
    pub partitions: u32,
    /// A column of the table whose values should all be different.
    pub id: Option<&'a str>,
    /// Tumbling windows, for each of which is counted who comes when it has ended.
    pub windows: &'a [Window],
}

/// Reads the file at `path` once, with the events in the order of the file.
///
/// Partitions are those of [`Input::open`](crate::input::Input::open).
///
/// # Errors
/// The file cannot be read, or lacks a column.
pub fn profile(
    path: impl AsRef<Path>,
    table: &Table,
    question: &Question,
) -> Result<Profile, LogError> {
    let path = path.as_ref();
    let failed = |error| LogError::columns(path.display(), &error);
    let all: Vec<usize> = (0..table.schema.fields().len()).collect();
    let decoder = Decoder::new(Arc::new(table.clone()), &all);
    let id = match question.id {
        Some(name) => Some(table.index(name).ok_or_else(|| LogError::Input {
            path: path.to_owned(),
            reason: format!("table {} has no column {name:?} for --id", table.name),
        })?),
        None => None,
    };
    let mut seen = Seen {
        profile: Profile {
            events: 0,
            broken: Rejected::default(),
            columns: vec![
                ColumnProfile {
                    ascends: true,
                    ..Default::default()
                };
                all.len()
            ],
            partitions: vec![
                Lateness::new(question.windows.len());
                question.partitions.max(1) as usize
            ],
            all: Lateness::new(question.windows.len()),
            span: None,
            duplicates: None,
        },
        greatest: vec![None; all.len()],
        watermarks: vec![None; question.partitions.max(1) as usize],
        ids: Ids::default(),
    };
    for payload in source::open(path, table, &[])? {
        let mut chunk = Chunk {
            place: TopicPartition {
                topic: table.topic.clone(),
                partition: Partition(0),
            },
            start: Offset(seen.profile.events),
            next: Offset(seen.profile.events),
            offsets: None,
            arrivals: None,
            payload: payload?,
        };
        let rows = chunk.rows();
        chunk.next = chunk.start.plus(rows as u64);
        let decoded = decoder.decode(&chunk)?;
        let columns = decoded.columns.columns();
        seen.faults(&decoded.faults);
        seen.columns(columns, &decoded.faults);
        let keys = match table.partition_by.and_then(|at| columns.get(at)) {
            Some(column) => Some(value::keys(column).map_err(failed)?),
            None => None,
        };
        let partition = |row: usize| match &keys {
            Some(keys) => {
                let key = keys.is_valid(row).then(|| keys.value(row));
                partition_of(key, question.partitions).0 as usize
            }
            None => ((chunk.start.0 + row as u64) % u64::from(question.partitions.max(1))) as usize,
        };
        if let Some(times) = columns.get(table.event_time) {
            let times = times.as_primitive_opt::<TimestampMicrosecondType>();
            for (row, time) in times.iter().flat_map(|times| times.iter().enumerate()) {
                seen.event(partition(row), time, question.windows);
            }
        }
        if let Some(column) = id.and_then(|at| columns.get(at)) {
            seen.ids.add(&value::keys(column).map_err(failed)?);
        }
        seen.profile.events += rows as u64;
    }
    seen.profile.duplicates = id.map(|_| seen.ids.finish());
    Ok(seen.profile)
}

/// What is known of the events so far.
struct Seen {
    profile: Profile,
    /// The greatest instant of each column.
    greatest: Vec<Option<i64>>,
    watermarks: Vec<Option<i64>>,
    ids: Ids,
}

impl Seen {
    fn faults(&mut self, faults: &[Fault]) {
        for fault in faults {
            let record = self.profile.events + fault.row as u64 + 1;
            let rejected = match fault.column {
                None => Some(&mut self.profile.broken),
                Some(at) => self
                    .profile
                    .columns
                    .get_mut(at)
                    .map(|column| &mut column.rejected),
            };
            if let Some(rejected) = rejected {
                rejected.add(record, &fault.reason);
            }
        }
    }

    fn columns(&mut self, columns: &[ArrayRef], faults: &[Fault]) {
        let broken = faults.iter().filter(|fault| fault.column.is_none()).count() as u64;
        for (at, array) in columns.iter().enumerate() {
            let failed = faults
                .iter()
                .filter(|fault| fault.column == Some(at))
                .count() as u64;
            let Some(column) = self.profile.columns.get_mut(at) else {
                continue;
            };
            column.nulls += (array.null_count() as u64).saturating_sub(broken + failed);
            if !matches!(array.data_type(), DataType::Timestamp(..)) {
                column.ascends = false;
                continue;
            }
            let (Some(times), Some(greatest)) = (
                array.as_primitive_opt::<TimestampMicrosecondType>(),
                self.greatest.get_mut(at),
            ) else {
                continue;
            };
            for time in times.iter().flatten() {
                column.ascends &= greatest.is_none_or(|greatest| greatest <= time);
                *greatest = (*greatest).max(Some(time));
            }
        }
    }

    /// An event of a partition, whose event time may be missing.
    fn event(&mut self, partition: usize, time: Option<i64>, windows: &[Window]) {
        let (Some(own), Some(watermark)) = (
            self.profile.partitions.get_mut(partition),
            self.watermarks.get_mut(partition),
        ) else {
            return;
        };
        let Some(time) = time else {
            return;
        };
        let behind = watermark.map_or(0, |watermark| watermark.saturating_sub(time).max(0));
        for lateness in [own, &mut self.profile.all] {
            lateness.add(behind);
            let counts = lateness.over.iter_mut().zip(windows);
            for (count, window) in counts {
                *count += u64::from(has_ended(*window, time, *watermark));
            }
        }
        *watermark = (*watermark).max(Some(time));
        let (first, last) = self
            .profile
            .span
            .unwrap_or((EventTime(time), EventTime(time)));
        self.profile.span = Some((first.min(EventTime(time)), last.max(EventTime(time))));
    }
}

/// Whether the tumbling window of a time, which is its slice, ends at or before the watermark.
fn has_ended(window: Window, time: i64, watermark: Option<i64>) -> bool {
    watermark.is_some_and(|watermark| {
        let slice = window.slice(EventTime(time));
        slice.is_some_and(|slice| slice.end.0 <= watermark)
    })
}

#[cfg(test)]
mod tests;
