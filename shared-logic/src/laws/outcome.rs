//! What one side of a law gives, and when two sides agree.

use std::fmt;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;

use super::trial::{Parts, Trial};
use crate::error::reason;
use crate::measure::spread::Spread;
use crate::measure::{Algebra, Function};

/// A value, or why there is none.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// A column of one row.
    Value(ArrayRef),
    /// The message of an error.
    Failed(String),
}

impl Outcome {
    /// The value in a row.
    pub(super) fn of(values: &ArrayRef, row: usize) -> Self {
        match row < values.len() {
            true => Self::Value(values.slice(row, 1)),
            false => Self::Failed(format!("{} values for {} groups", values.len(), row + 1)),
        }
    }

    pub(super) fn failed(error: &ArrowError) -> Self {
        Self::Failed(reason(error))
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Value(value) if value.is_valid(0) => {
                let value = value.as_primitive_opt::<Float64Type>()?;
                Some(value.value(0))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(&text(value, 0)),
            Self::Failed(error) => write!(f, "error: {error}"),
        }
    }
}

/// A value as text.
pub(super) fn text(column: &dyn Array, row: usize) -> String {
    match column.is_null(row) {
        true => "NULL".to_owned(),
        false => array_value_to_string(column, row).unwrap_or_else(|error| error.to_string()),
    }
}

/// Whether two sides agree, as the algebra of the measure demands.
pub(super) fn agree(trial: &Trial, parts: &Parts, left: &Outcome, right: &Outcome) -> bool {
    match (left, right) {
        (Outcome::Value(left), Outcome::Value(right)) if left == right => return true,
        (Outcome::Failed(left), Outcome::Failed(right)) => return left == right,
        _ => {}
    }
    match (trial.measure.algebra(), left.float(), right.float()) {
        (Algebra::Bounded, Some(left), Some(right)) => close(trial, parts, left, right),
        _ => false,
    }
}

/// Whether two doubles are within the tolerance of floats: 1e-9 of Σ|x|, of Σx² for variances.
///
/// Where that sum is no finite number, the order of addition decides whether a sum is infinite, and
/// nothing is demanded.
fn close(trial: &Trial, parts: &Parts, left: f64, right: f64) -> bool {
    const TOLERANCE: f64 = 1e-9;
    if left.is_nan() && right.is_nan() {
        return true;
    }
    let function = &trial.measure.function;
    let magnitudes = magnitudes(trial, parts);
    let scale: f64 = match function {
        Function::Spread(_) => magnitudes.iter().map(|value| value * value).sum(),
        _ => magnitudes.iter().sum(),
    };
    if !scale.is_finite() {
        return true;
    }
    let apart = match function {
        Function::Spread(Spread::StddevPop | Spread::StddevSamp) => left * left - right * right,
        _ => left - right,
    };
    apart.abs() <= TOLERANCE * scale
}

/// The magnitudes of the finite numbers in the first argument.
fn magnitudes(trial: &Trial, parts: &Parts) -> Vec<f64> {
    let rows = trial.rows(&parts.all()).unwrap_or_default();
    let column = rows
        .first()
        .and_then(|column| cast(column, &DataType::Float64).ok());
    let Some(column) = column else { return vec![] };
    let values = column.as_primitive::<Float64Type>().iter().flatten();
    values
        .filter(|value| value.is_finite())
        .map(f64::abs)
        .collect()
}
