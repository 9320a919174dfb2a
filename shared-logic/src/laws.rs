//! The laws that let a measure be split and merged, to be checked over any rows.
//!
//! Seamline divides events between batch and stream, between machines and between checkpoints, and
//! merges what each made of its part. That is right only for measures that keep these laws. The
//! tests run them over every measure that comes with Seamline; whoever brings a
//! [`UserMeasure`](crate::measure::user::UserMeasure) runs them over that and over data of their own:
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{ArrayRef, Float64Array};
//! use shared_logic::laws;
//! use shared_logic::measure::{Function, Measure};
//!
//! let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 1.0, 4.0]));
//! let measure = Measure { function: Function::Avg, inputs: vec![values.data_type().clone()] };
//! laws::check(&measure, &[values]).unwrap();
//! ```
//!
//! A law that does not hold is shown by the smallest part of the rows that breaks it.

use std::fmt;

use arrow::array::{Array, ArrayRef};

use crate::measure::Measure;

mod counterexample;
mod outcome;
mod rows;
mod shrink;
mod trial;

pub use counterexample::{Counterexample, Row};
use outcome::agree;
pub use rows::rows;
use trial::{Parts, Trial};

/// What must hold for a measure to be split and merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// Rows that are folded in one chunk or in two give the same value.
    Chunks,
    /// Rows of one group change nothing in another.
    Groups,
    /// A state merged with one of NULLs alone, which measures skip, gives the same value.
    Identity,
    /// Two states give the same value in either order.
    Commutative,
    /// Three states give the same value, whichever two are merged first.
    Associative,
    /// Rows that are split anywhere, folded apart and merged give the value of the whole.
    Split,
    /// A state has the columns that the measure declares, and gives the same value after it was
    /// encoded and decoded.
    Encoded,
}

impl Law {
    /// All laws, the simplest first: a later one can hardly hold where an earlier one does not.
    pub const ALL: [Self; 7] = [
        Self::Chunks,
        Self::Groups,
        Self::Encoded,
        Self::Identity,
        Self::Split,
        Self::Commutative,
        Self::Associative,
    ];

    /// How the two sides that must agree come about.
    pub fn sides(self) -> (&'static str, &'static str) {
        match self {
            Self::Chunks => ("in one chunk", "in two chunks"),
            Self::Groups => ("alone", "beside another group"),
            Self::Identity => ("alone", "merged with NULLs alone"),
            Self::Commutative => ("first, then second part", "second, then first part"),
            Self::Associative => ("first two parts first", "last two parts first"),
            Self::Split => ("whole", "split and merged"),
            Self::Encoded => ("as it was", "encoded and decoded"),
        }
    }

    /// How many cuts through the rows it needs.
    fn cuts(self) -> usize {
        match self {
            Self::Identity | Self::Encoded => 0,
            Self::Associative => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunks => "chunks do not matter",
            Self::Groups => "groups are apart",
            Self::Identity => "merging with NULLs alone changes nothing",
            Self::Commutative => "merging is commutative",
            Self::Associative => "merging is associative",
            Self::Split => "split anywhere and merged equals the whole",
            Self::Encoded => "encoding and decoding changes nothing",
        })
    }
}

/// Checks all laws for a measure over these rows.
///
/// `arguments` are the columns that the measure's accumulator takes, all of one length; for an
/// ordered measure event time, partition and offset come last
/// ([`Function::ordered`](crate::measure::Function::ordered)). The rows are those of one group.
/// They are cut in every place where they are few, and in places spread evenly where they are many.
/// `COUNT(*)` has no accumulator and keeps all laws.
///
/// # Errors
/// The smallest part of the rows, by leaving out one after another, that breaks the first law that
/// does not hold.
pub fn check(measure: &Measure, arguments: &[ArrayRef]) -> Result<(), Box<Counterexample>> {
    Law::ALL
        .into_iter()
        .try_for_each(|law| check_law(law, measure, arguments))
}

/// Checks one law.
///
/// # Errors
/// As in [`check`].
pub fn check_law(
    law: Law,
    measure: &Measure,
    arguments: &[ArrayRef],
) -> Result<(), Box<Counterexample>> {
    let trial = Trial::new(measure, arguments);
    let rows = arguments.first().map_or(0, |column| column.len());
    let rows: Vec<u32> = (0..).take(rows).collect();
    let broken = every_cut(&rows, law.cuts()).find(|parts| !holds(law, &trial, parts));
    match broken {
        None => Ok(()),
        Some(parts) => {
            let parts = shrink::smallest(parts, law.cuts(), |parts| !holds(law, &trial, parts));
            Err(Box::new(Counterexample::new(law, &trial, &parts)))
        }
    }
}

fn holds(law: Law, trial: &Trial, parts: &Parts) -> bool {
    // A group exists through its rows.
    let [first, ..] = &parts.0;
    if parts.all().is_empty() || (law == Law::Groups && first.is_empty()) {
        return true;
    }
    let (left, right) = trial.sides(law, parts);
    agree(trial, parts, &left, &right)
}

/// How many places are tried for each cut.
const PLACES: usize = 24;

/// The rows in three parts, in every way that is tried; parts are empty where cuts are fewer.
fn every_cut(rows: &[u32], cuts: usize) -> impl Iterator<Item = Parts> + '_ {
    let count = rows.len();
    let places = move |cut: bool| -> Vec<usize> {
        match cut {
            false => vec![count],
            true if count <= PLACES => (0..=count).collect(),
            true => (0..=PLACES).map(|n| n * count / PLACES).collect(),
        }
    };
    places(cuts > 0).into_iter().flat_map(move |first| {
        let second = places(cuts > 1).into_iter().filter(move |at| *at >= first);
        second.map(move |second| Parts::cut(rows, first, second))
    })
}

#[cfg(test)]
mod tests;
