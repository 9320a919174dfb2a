//! The truth: what a view says about a file of events, computed by another engine.
//!
//! Polars evaluates the whole view over the original file. From the layers it takes nothing but the
//! parser, which turns the spellings of a window into one; types, expressions, windows, groups and
//! aggregates are understood here a second time, so that a mistake in decode, prepare or fold
//! shows as a difference.

mod aggregate;
mod answer;
mod column;
mod datum;
mod error;
mod fates;
mod groups;
mod input;
mod instant;
mod kind;
mod lower;
mod node;
mod order;
mod plain;
mod plan;
mod records;
mod resolve;
mod rows;
mod table;
mod unit;
mod value;
mod windows;

use std::path::Path;

use roaring::RoaringBitmap;
use shared_logic::parse::parse;

use order::Order;
use plan::Plan;
use rows::Rows;
use unit::Units;

pub use answer::Answer;
pub use error::TruthError;
pub use fates::Fates;
pub use records::Records;
pub use table::{READABLE, Written, table};

/// A view over the events of a file, ready to be evaluated over all or some of them.
///
/// Events are numbered from 0 in the order in which they arrived, broken records included.
#[derive(Debug)]
pub struct Truth {
    plan: Plan,
    rows: Rows,
    /// The partition of every event.
    partitions: Vec<u32>,
    arrivals: Option<Vec<i64>>,
}

/// Which events a question is about, by number.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The events that were read: they move the watermarks, and the newest of them decides which
    /// windows are kept.
    pub read: RoaringBitmap,
    /// Those among them that a speed layer folds. Under `late = 'speed-only'` no other is late.
    pub speed: RoaringBitmap,
}

impl Truth {
    /// Reads the events of `input` for a view of `sql`: the one called `view`, or the last.
    ///
    /// The events are in the order of the file, or of its column `order_by`, equal values as in the
    /// file and NULLs last; where the table does not have that column, it holds instants. `arrival`
    /// names the column that says when they arrived, also in instants: ISO 8601 text or numbers in
    /// the table's unit of time; a broken record arrives with the one before. The file is Parquet, JSON lines,
    /// CSV with a header or Avro, as its name says.
    ///
    /// # Errors
    /// SQL that is not read or not lowered, a file that cannot be read, a missing column, and
    /// instants of `order_by` or `arrival` that do not convert.
    pub fn open(
        input: &Path,
        sql: &str,
        view: Option<&str>,
        order_by: Option<&str>,
        arrival: Option<&str>,
    ) -> Result<Self, TruthError> {
        let parsed = parse(sql).map_err(|error| TruthError::Sql(error.to_string()))?;
        let (table, _) = plan::choose(&parsed, view)?;
        let plan = Plan::new(&parsed, view)?;
        let order = Order::new(table, order_by, arrival)?;
        let fields = plan
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.kind));
        let wanted: Vec<_> = fields.chain(order.columns()).collect();
        let mut read = input::read(input, &wanted, &Units::new(table)?)?;
        if u32::try_from(read.broken.len()).is_err() {
            return Err(TruthError::TooLong(input.to_owned()));
        }
        let ordering = read.columns.split_off(plan.fields.len());
        let ordered = order.of(input, ordering, &read.broken)?;
        let rows = Rows::new(&plan, read, ordered.places.as_ref())?;
        let partitions = vec![0; rows.times.len()];
        Ok(Self {
            plan,
            rows,
            partitions,
            arrivals: ordered.arrivals,
        })
    }

    /// The same over JSON lines in memory, in the order of their arrival.
    ///
    /// # Errors
    /// SQL that is not read or not lowered.
    pub fn of_lines(text: &[u8], sql: &str, view: Option<&str>) -> Result<Self, TruthError> {
        let parsed = parse(sql).map_err(|error| TruthError::Sql(error.to_string()))?;
        let (table, _) = plan::choose(&parsed, view)?;
        let plan = Plan::new(&parsed, view)?;
        let fields = plan
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.kind));
        let wanted: Vec<_> = fields.collect();
        let read = input::json_lines(text, &wanted, &Units::new(table)?)?;
        let rows = Rows::new(&plan, read, None)?;
        let partitions = vec![0; rows.times.len()];
        Ok(Self {
            plan,
            rows,
            partitions,
            arrivals: None,
        })
    }

    /// The same events in the partitions of a log: which of them are late depends on it, and which
    /// of those with equal event times is first. Without this all are in one partition.
    pub fn dealt(self, partitions: Vec<u32>) -> Self {
        Self { partitions, ..self }
    }

    /// How many events there are, broken records included.
    pub fn rows(&self) -> usize {
        self.rows.times.len()
    }

    /// Everything: all events were read, and none by a speed layer alone.
    pub fn all(&self) -> Asked {
        Asked {
            read: (0..self.rows() as u32).collect(),
            speed: RoaringBitmap::new(),
        }
    }

    /// The view over all events, as after a batch run over all of them.
    ///
    /// # Errors
    /// Those of [`spec`](Self::spec).
    pub fn answer(&self) -> Result<Answer, TruthError> {
        self.spec(&self.all())
    }

    /// The view as its own rules have it, lateness included.
    ///
    /// # Errors
    /// A sum that does not fit its type, or an expression over aggregates that fails in a group.
    pub fn spec(&self, asked: &Asked) -> Result<Answer, TruthError> {
        let folded: Vec<u32> = self.fates(asked).folded.iter().collect();
        self.fold_of(&folded, &asked.read)
    }

    /// The view over the events numbered in `folded`: a number that comes twice counts twice, and
    /// one that the view cannot read or does not want not at all. Whether they are late is not
    /// asked; the newest event of `read` decides which windows are kept.
    ///
    /// # Errors
    /// A sum that does not fit its type, or an expression over aggregates that fails in a group.
    pub fn fold_of(&self, folded: &[u32], read: &RoaringBitmap) -> Result<Answer, TruthError> {
        let places = (folded.iter())
            .filter_map(|number| self.rows.numbers.binary_search(number).ok())
            .map(|place| place as u32)
            .collect::<Vec<_>>();
        let horizon = fates::horizon(&self.plan, &self.rows, read);
        groups::answer(&self.plan, &self.rows, &self.partitions, &places, horizon)
    }

    /// What becomes of each event that was read.
    pub fn fates(&self, asked: &Asked) -> Fates {
        fates::fates(&self.plan, &self.rows, &self.partitions, asked)
    }

    /// The numbers of the events that the view wants and can fold, late or not: those that are
    /// readable, have an event time in some window, pass WHERE, and whose keys and arguments can be
    /// computed.
    pub fn passes(&self) -> RoaringBitmap {
        self.rows.numbers.iter().copied().collect()
    }

    /// Those of [`passes`](Self::passes) that a fold still holds once the events of `read` have been
    /// read: one of their windows is kept. Sessions are always held, for they may still grow.
    pub fn held(&self, read: &RoaringBitmap) -> RoaringBitmap {
        let horizon = fates::horizon(&self.plan, &self.rows, read);
        fates::held(&self.plan, &self.rows, horizon)
    }

    /// The event time of each event in microseconds since 1970; `None` where it has none that can
    /// be read.
    pub fn event_times(&self) -> &[Option<i64>] {
        &self.rows.times
    }

    /// When each event arrived, in microseconds since 1970, where `open` was told a column.
    pub fn arrivals(&self) -> Option<&[i64]> {
        self.arrivals.as_deref()
    }
}

#[cfg(test)]
mod tests;
