//! The error of an answer in values, cause by cause, for measures of any kind.
//!
//! The truth is refolded without what one cause after the other has taken away or added, in this
//! order: all events → without the late → without the missing → with the doubles → what the halves'
//! own code makes of the same events (`drift`) → what was served (`approximation`). The first four
//! are Polars' folds, the last is the answer. What one step changes is charged to its cause, so the
//! causes add up to the error whatever is measured, and nothing remains.

mod amount;
mod column;
mod consistency;
mod level;

use std::collections::BTreeMap;
use std::fmt;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::error::ArrowError;
use arrow::row::OwnedRow;
use arrow::util::display::array_value_to_string;

use crate::difference::{cast_like, converter, index};
use crate::truth::Answer;

use column::Column;

pub use amount::Amount;
pub use consistency::{Consistency, consistency};
pub use level::{Level, Scale};

/// What an error is charged to, in the order in which the truth is refolded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Events refused by a bound on lateness, or after their side of a boundary had closed.
    Late,
    /// Other events that were folded nowhere; and windows that are still shown because of that.
    Missing,
    /// Events that were folded more than once.
    Double,
    /// What a half's code, or their merge, makes of its events beyond what the view says.
    Drift,
    /// What a sketch or the order of a float sum may be off by.
    Approximation,
}

impl Cause {
    /// All causes in the order in which they are charged.
    pub const ORDER: [Self; 5] = [
        Self::Late,
        Self::Missing,
        Self::Double,
        Self::Drift,
        Self::Approximation,
    ];
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "late",
            Self::Missing => "missing",
            Self::Double => "double",
            Self::Drift => "drift",
            Self::Approximation => "approximation",
        })
    }
}

/// The truth, the answer, and the refolds between them.
const LEVELS: usize = Cause::ORDER.len() + 1;

/// The error of an answer in values.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Of each column that is measured, in the order of the answer.
    pub columns: Vec<ColumnError>,
    /// The groups that some cause has changed, in the order of their keys.
    pub groups: Vec<GroupError>,
    /// How many groups each cause has changed, in the order of [`Cause::ORDER`].
    pub changed: [usize; Cause::ORDER.len()],
    /// The answer against the truth over all events, as feature stores report it.
    pub consistency: Consistency,
}

/// The error of one column, over all groups.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnError {
    /// The column.
    pub name: String,
    /// What each cause has changed it by, in the order of [`Cause::ORDER`].
    pub by_cause: [Amount; Cause::ORDER.len()],
    /// Answer minus truth.
    pub net: Amount,
    /// Σ |answer − truth| over the groups.
    pub absolute: f64,
}

/// One group that some cause has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupError {
    /// Its keys as they are shown, window included.
    pub key: String,
    /// Whether each cause has changed it, in the order of [`Cause::ORDER`].
    pub changed: [bool; Cause::ORDER.len()],
    /// Of each measured column: the truth, the refolds, the answer.
    pub levels: Vec<[Level; LEVELS]>,
}

/// Charges what differs between `steps` and `served` to causes. `steps` are the truth over all
/// events, without the late ones, without the missing ones, and with the doubles; the columns at
/// `keys` name a group.
///
/// # Errors
/// The answers have not the same columns.
pub fn attribute(
    steps: [&Answer; 4],
    served: &RecordBatch,
    keys: &[usize],
) -> Result<Attribution, ArrowError> {
    let converter = converter(served, keys)?;
    let mut sides: Vec<Vec<ArrayRef>> = vec![];
    for step in steps {
        sides.push(cast_like(served, &step.rows)?);
    }
    sides.push(served.columns().to_vec());
    let mut places: BTreeMap<(OwnedRow, usize), [Option<usize>; 5]> = BTreeMap::new();
    for (side, columns) in sides.iter().enumerate() {
        for (key, row) in index(&converter, columns, keys)? {
            if let Some(place) = places.entry(key).or_default().get_mut(side) {
                *place = Some(row);
            }
        }
    }
    let [all, _, _, same] = steps;
    let measured: Vec<usize> = (0..served.num_columns())
        .filter(|column| !keys.contains(column))
        .collect();
    let columns = measured
        .iter()
        .map(|column| Column::new(*column, &sides, same, served))
        .collect::<Result<Vec<_>, _>>()?;
    let mut errors: Vec<ColumnError> = (columns.iter())
        .map(|column| ColumnError {
            name: column.name.clone(),
            by_cause: [column.scale.nothing(); Cause::ORDER.len()],
            net: column.scale.nothing(),
            absolute: 0.0,
        })
        .collect();
    let mut groups = vec![];
    let mut changed_by = [0; Cause::ORDER.len()];
    for place in places.values() {
        let [truth, late, missing, double, answer] = *place;
        let shown = [truth, late, missing, double, answer, answer].map(|row| row.is_some());
        let mut changed = changes(&shown);
        let mut levels = vec![];
        for (column, error) in columns.iter().zip(&mut errors) {
            let of = column.levels(*place)?;
            for (changed, here) in changed.iter_mut().zip(changes(&of)) {
                *changed |= here;
            }
            error.charge(column.scale, &of);
            levels.push(of);
        }
        for (count, changed) in changed_by.iter_mut().zip(changed) {
            *count += usize::from(changed);
        }
        if changed.contains(&true) {
            let found = place
                .iter()
                .zip(&sides)
                .find_map(|(row, side)| Some(((*row)?, side)));
            let name = found.map(|(row, side)| key(side, keys, row)).transpose()?;
            groups.push(GroupError {
                key: name.unwrap_or_default(),
                changed,
                levels,
            });
        }
    }
    Ok(Attribution {
        columns: errors,
        groups,
        changed: changed_by,
        consistency: consistency(served, &all.rows, &all.bounds, keys)?,
    })
}

/// Which of the steps between these levels change something.
fn changes<T: PartialEq>(levels: &[T; LEVELS]) -> [bool; Cause::ORDER.len()] {
    let mut changed = [false; Cause::ORDER.len()];
    let steps = levels.iter().zip(levels.iter().skip(1));
    for (changed, (before, after)) in changed.iter_mut().zip(steps) {
        *changed = before != after;
    }
    changed
}

impl ColumnError {
    /// Charges what one group's levels change.
    fn charge(&mut self, scale: Scale, levels: &[Level; LEVELS]) {
        let steps = levels.iter().zip(levels.iter().skip(1));
        for (amount, (before, after)) in self.by_cause.iter_mut().zip(steps) {
            amount.add(scale.change(before, after));
        }
        let [truth, .., answer] = levels;
        let net = scale.change(truth, answer);
        self.net.add(net);
        self.absolute += net.size();
    }
}

impl Attribution {
    /// Whether the causes add up to the error in every column, to the last digit where values are
    /// whole.
    pub fn adds_up(&self) -> bool {
        self.columns.iter().all(|column| {
            let mut sum = column.net.zero();
            column.by_cause.iter().for_each(|amount| sum.add(*amount));
            sum.equals(&column.net, column.absolute)
        })
    }
}

/// The keys of a row.
fn key(columns: &[ArrayRef], keys: &[usize], row: usize) -> Result<String, ArrowError> {
    let columns = keys.iter().filter_map(|key| columns.get(*key));
    let values = columns.map(|column| array_value_to_string(column, row));
    Ok(values.collect::<Result<Vec<_>, _>>()?.join(" "))
}

#[cfg(test)]
mod tests;
