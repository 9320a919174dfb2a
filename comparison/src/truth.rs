//! The truth: what a view says about a file of events, computed by another engine.
//!
//! Polars evaluates the whole view over the original file. From the layers it takes nothing but the
//! parser, which turns the spellings of a window into one; types, expressions, windows, groups and
//! aggregates are understood here a second time, so that a mistake in decode, prepare or fold
//! shows as a difference.

mod aggregate;
mod answer;
mod column;
mod error;
mod groups;
mod input;
mod instant;
mod kind;
mod lower;
mod node;
mod order;
mod plan;
mod resolve;
mod rows;
mod unit;
mod value;

use std::path::Path;

use polars::prelude::{IdxCa, NewChunkedArray};
use roaring::RoaringBitmap;
use shared_logic::parse::parse;

use order::Order;
use plan::Plan;
use rows::Rows;
use unit::Units;

pub use answer::Answer;
pub use error::TruthError;

/// A view over the events of a file, ready to be evaluated over all or some of them.
///
/// Events are numbered from 0 in the order in which they arrived, broken records included.
#[derive(Debug)]
pub struct Truth {
    plan: Plan,
    rows: Rows,
    arrivals: Option<Vec<i64>>,
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
        Ok(Self {
            plan,
            rows,
            arrivals: ordered.arrivals,
        })
    }

    /// How many events there are, broken records included.
    pub fn rows(&self) -> usize {
        self.rows.times.len()
    }

    /// The view over all events, or over those numbered in `only`: a number that comes twice counts
    /// twice, and one that the view does not fold not at all.
    ///
    /// # Errors
    /// A sum that does not fit its type, or an expression over aggregates that fails in a group.
    pub fn answer(&self, only: Option<&[u32]>) -> Result<Answer, TruthError> {
        let Some(only) = only else {
            return groups::answer(&self.plan, &self.rows, self.rows.frame.clone());
        };
        let places = only
            .iter()
            .filter_map(|number| self.rows.numbers.binary_search(number).ok());
        let places = places.filter_map(|place| u32::try_from(place).ok());
        let places = IdxCa::from_iter_values("places".into(), places);
        groups::answer(&self.plan, &self.rows, self.rows.frame.take(&places)?)
    }

    /// How many events the view folds: COUNT(*) behind WHERE, over all events.
    ///
    /// # Errors
    /// None yet: what can fail has failed in [`open`](Self::open).
    pub fn counted(&self) -> Result<u64, TruthError> {
        Ok(self.rows.numbers.len() as u64)
    }

    /// The numbers of the events that the view folds: those that are readable, have an event time
    /// in some window, pass WHERE, and whose keys and arguments can be computed.
    ///
    /// # Errors
    /// None yet: what can fail has failed in [`open`](Self::open).
    pub fn passes(&self) -> Result<RoaringBitmap, TruthError> {
        Ok(self.rows.numbers.iter().copied().collect())
    }

    /// The event time of each event in microseconds since 1970; `None` where it has none that can
    /// be read.
    ///
    /// # Errors
    /// None yet: what can fail has failed in [`open`](Self::open).
    pub fn event_times(&self) -> Result<Vec<Option<i64>>, TruthError> {
        Ok(self.rows.times.clone())
    }

    /// When each event arrived, in microseconds since 1970, where `open` was told a column.
    pub fn arrivals(&self) -> Option<&[i64]> {
        self.arrivals.as_deref()
    }
}

#[cfg(test)]
mod tests;
