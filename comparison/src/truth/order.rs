//! In which order the events arrived, and when.

use std::path::Path;

use polars::prelude::{Column, IdxCa, SortOptions};
use shared_logic::parse::ParsedTable;

use super::TruthError;
use super::column::Read;
use super::kind::Kind;
use super::plan;

/// The columns that say so, if any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    /// What the events are sorted by, and whether it must convert.
    by: Option<(&'a str, Kind, bool)>,
    arrival: Option<&'a str>,
}

/// The order of the events of a file.
#[derive(Debug)]
pub(super) struct Ordered {
    /// The rows of the file in order; `None` where it is theirs.
    pub(super) places: Option<IdxCa>,
    /// When the events arrived, in microseconds since 1970, in that order.
    pub(super) arrivals: Option<Vec<i64>>,
}

impl<'a> Order<'a> {
    /// Sorted by column `by`, arrived at column `arrival`; columns outside of the table are
    /// instants, as `arrival` always is.
    pub(super) fn new(
        table: &ParsedTable,
        by: Option<&'a str>,
        arrival: Option<&'a str>,
    ) -> Result<Self, TruthError> {
        let by = match by {
            Some(name) if Some(name) == arrival => Some((name, Kind::Timestamp, true)),
            Some(name) if table.columns().contains(&name) => {
                Some((name, plan::field(table, name)?.kind, false))
            }
            Some(name) => Some((name, Kind::Timestamp, true)),
            None => None,
        };
        Ok(Self { by, arrival })
    }

    /// The columns to read.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'a str, Kind)> {
        let by = self.by.map(|(name, kind, _)| (name, kind));
        by.into_iter()
            .chain(self.arrival.map(|name| (name, Kind::Timestamp)))
    }

    /// The order that these columns give; of the records `broken` is true in.
    ///
    /// # Errors
    /// A value that is no instant where one is needed.
    pub(super) fn of(
        &self,
        path: &Path,
        columns: Vec<Read>,
        broken: &[bool],
    ) -> Result<Ordered, TruthError> {
        let wrong = |column: &str, row: usize| TruthError::Order {
            path: path.to_owned(),
            column: column.to_owned(),
            record: row + 1,
        };
        let mut columns = columns.into_iter();
        let by = self.by.and_then(|by| Some((by, columns.next()?)));
        let arrivals = match self.arrival.and_then(|name| Some((name, columns.next()?))) {
            Some((name, read)) => Some(arrivals(&read.column, broken, |row| wrong(name, row))?),
            None => None,
        };
        let by = match (by, &arrivals) {
            (None, _) => None,
            (Some(((name, ..), _)), Some(arrivals)) if Some(name) == self.arrival => {
                Some(Column::new(name.into(), arrivals))
            }
            (Some(((name, _, strict), read)), _) => {
                if let Some(row) = read.bad.iter().position(|bad| strict && *bad) {
                    return Err(wrong(name, row));
                }
                Some(read.column)
            }
        };
        let places = by.map(|column| {
            let options = SortOptions::default()
                .with_nulls_last(true)
                .with_maintain_order(true);
            column.as_materialized_series().arg_sort(options)
        });
        let arrivals = match (&places, arrivals) {
            (Some(places), Some(arrivals)) => {
                let arrivals = Column::new("arrival".into(), arrivals).take(places)?;
                Some(arrivals.i64()?.iter().flatten().collect())
            }
            (_, arrivals) => arrivals,
        };
        Ok(Ordered { places, arrivals })
    }
}

/// The instants of a column. A broken record has that of the one before, or else of the first.
fn arrivals(
    column: &Column,
    broken: &[bool],
    wrong: impl Fn(usize) -> TruthError,
) -> Result<Vec<i64>, TruthError> {
    let plain = column.as_materialized_series().to_physical_repr();
    let known = plain.i64()?;
    let mut last = known.iter().flatten().next();
    let mut arrivals = vec![];
    for (row, (arrival, broken)) in known.iter().zip(broken).enumerate() {
        last = arrival.or(last.filter(|_| *broken));
        arrivals.push(last.ok_or_else(|| wrong(row))?);
    }
    Ok(arrivals)
}
