//! The records of a topic on their way to a truth.

use polars::prelude::IdxCa;
use shared_logic::parse::parse;

use super::input::{self, Form};
use super::kind::Kind;
use super::plan::{self, Plan};
use super::rows::Rows;
use super::unit::Units;
use super::{Truth, TruthError};

/// The records of a topic, partition by partition, each in the order of its offsets.
///
/// They arrive in the order of their instants of arrival, and in each partition in that of their
/// offsets: one that claims to be older than the record before it arrived with that.
#[derive(Debug)]
pub struct Records {
    plan: Plan,
    form: Form,
    rows: input::Rows,
    /// The columns that are read: the plan's, and the one of arrivals.
    wanted: Vec<(String, Kind)>,
    /// The column that says when records arrived.
    arrival: Option<String>,
    /// The partition of each record.
    partitions: Vec<u32>,
    /// When the log took each record, in microseconds since 1970.
    taken: Vec<Option<i64>>,
}

impl Records {
    /// No records yet, for a view of `sql`: the one called `view`, or the last. `arrival` names the
    /// column that says when records arrived; without it they arrived when the log took them.
    ///
    /// # Errors
    /// SQL that is not read or not lowered, and a table whose records cannot be read.
    pub fn new(sql: &str, view: Option<&str>, arrival: Option<&str>) -> Result<Self, TruthError> {
        let parsed = parse(sql).map_err(|error| TruthError::Sql(error.to_string()))?;
        let (table, _) = plan::choose(&parsed, view)?;
        let plan = Plan::new(&parsed, view)?;
        let fields = plan.fields.iter();
        let fields = fields.map(|field| (field.name.clone(), field.kind));
        let arrives = arrival.map(|name| (name.to_owned(), Kind::Timestamp));
        let wanted: Vec<_> = fields.chain(arrives).collect();
        let named = named(&wanted);
        Ok(Self {
            form: Form::new(table, &named)?,
            rows: input::Rows::new(&named, &Units::new(table)?),
            plan,
            wanted,
            arrival: arrival.map(str::to_owned),
            partitions: vec![],
            taken: vec![],
        })
    }

    /// Appends records of a partition: their values, and when the log took them.
    pub fn extend<'r>(
        &mut self,
        partition: u32,
        records: impl IntoIterator<Item = (Option<&'r [u8]>, Option<i64>)>,
    ) {
        let wanted = named(&self.wanted);
        for (value, taken) in records {
            self.form.push(value, &wanted, &mut self.rows);
            self.partitions.push(partition);
            self.taken.push(taken);
        }
    }

    /// The truth over these records, numbered in the order of arrival, and for each number which of
    /// the records it is, in the order in which they were appended.
    ///
    /// # Errors
    /// An arrival that is no instant, and more records than there are numbers.
    pub fn finish(self) -> Result<(Truth, Vec<u32>), TruthError> {
        let mut read = self.rows.finish()?;
        let arrival = read.columns.split_off(self.plan.fields.len()).pop();
        let instants = match (arrival, self.arrival) {
            (Some(arrival), Some(column)) => {
                let plain = arrival.column.as_materialized_series().to_physical_repr();
                let instants: Vec<Option<i64>> = plain.i64()?.iter().collect();
                let mut known = instants.iter().zip(&read.broken);
                let unknown = known.position(|(instant, broken)| instant.is_none() && !broken);
                if let Some(record) = unknown.map(|record| record + 1) {
                    return Err(TruthError::Arrival { column, record });
                }
                instants
            }
            _ => self.taken,
        };
        let known = instants.iter().any(Option::is_some);
        let instants = reached(&instants, &self.partitions);
        let mut order: Vec<u32> = (0..=u32::MAX).take(instants.len()).collect();
        if order.len() < instants.len() {
            return Err(TruthError::TooLong("the topic".into()));
        }
        let of = |number: &u32| *number as usize;
        order.sort_by_key(|number| instants.get(of(number)));
        let places = IdxCa::from_vec("place".into(), order.clone());
        let partitions = order
            .iter()
            .filter_map(|number| self.partitions.get(of(number)));
        let arrivals = order.iter().filter_map(|number| instants.get(of(number)));
        let truth = Truth {
            rows: Rows::new(&self.plan, read, Some(&places))?,
            plan: self.plan,
            partitions: partitions.copied().collect(),
            arrivals: known.then(|| arrivals.copied().collect()),
        };
        Ok((truth, order))
    }
}

fn named(wanted: &[(String, Kind)]) -> Vec<(&str, Kind)> {
    let named = wanted.iter().map(|(name, kind)| (name.as_str(), *kind));
    named.collect()
}

/// The latest instant that each record's partition has reached with it. Before the first that is
/// known, that one.
fn reached(instants: &[Option<i64>], partitions: &[u32]) -> Vec<i64> {
    let first = instants.iter().flatten().min().copied().unwrap_or_default();
    let (mut partition, mut last) = (None, first);
    let records = instants.iter().zip(partitions);
    let reached = records.map(|(instant, place)| {
        if partition != Some(place) {
            (partition, last) = (Some(place), first);
        }
        last = instant.map_or(last, |instant| last.max(instant));
        last
    });
    reached.collect()
}
