//! The rows that break a law, for a person to read.

use std::fmt;

use super::Law;
use super::outcome::text;
use super::trial::{Parts, Trial};
use crate::table::type_name;

/// A law that a measure breaks, and the fewest rows found that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The measure and the types of its arguments.
    pub measure: String,
    /// The law.
    pub law: Law,
    /// The rows; without any one of them the law holds.
    pub rows: Vec<Row>,
    /// How many of the rows are before each cut.
    pub cuts: Vec<usize>,
    /// What the first of [`Law::sides`] gives.
    pub left: String,
    /// What the second one gives.
    pub right: String,
}

/// A row of a counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number among the rows that were given, from 0.
    pub number: usize,
    /// The arguments as text.
    pub values: Vec<String>,
}

impl Counterexample {
    pub(super) fn new(law: Law, trial: &Trial, parts: &Parts) -> Self {
        let (left, right) = trial.sides(law, parts);
        let types: Vec<String> = trial.measure.inputs.iter().map(type_name).collect();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let row = |number: u32| {
            let number = number as usize;
            let values = trial.arguments.iter().map(|column| text(column, number));
            Row {
                number,
                values: values.collect(),
            }
        };
        Self {
            measure: trial.measure.function.call(&types),
            law,
            rows: parts.all().into_iter().map(row).collect(),
            cuts: parts.places().into_iter().take(law.cuts()).collect(),
            left: left.to_string(),
            right: right.to_string(),
        }
    }
}

impl std::error::Error for Counterexample {}

impl fmt::Display for Counterexample {
    /// The law, the rows with their cuts, and both sides; several lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} breaks the law: {}", self.measure, self.law)?;
        let cuts = |f: &mut fmt::Formatter<'_>, before: usize| {
            let here = self.cuts.iter().filter(|cut| **cut == before);
            here.into_iter()
                .try_for_each(|_| writeln!(f, "    ---- cut"))
        };
        for (before, row) in self.rows.iter().enumerate() {
            cuts(f, before)?;
            writeln!(f, "  row {}: {}", row.number, row.values.join(", "))?;
        }
        cuts(f, self.rows.len())?;
        let (left, right) = self.law.sides();
        let width = left.len().max(right.len()) + 1;
        writeln!(f, "  {:width$} {}", format!("{left}:"), self.left)?;
        write!(f, "  {:width$} {}", format!("{right}:"), self.right)
    }
}
