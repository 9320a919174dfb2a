//! What is computed per group: a measure's state, algebra and accumulator.

use std::fmt;

use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::GroupsAccumulator;
use serde::{Deserialize, Serialize};

pub mod avg;
pub mod count;
pub mod extreme;
mod seen;
pub mod sum;

/// The aggregate functions that a view can maintain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `COUNT(*)`: rows.
    CountRows,
    /// `COUNT(x)`: rows where x is not NULL.
    Count,
    /// `SUM(x)`.
    Sum,
    /// `MIN(x)`.
    Min,
    /// `MAX(x)`.
    Max,
    /// `AVG(x)`.
    Avg,
}

/// One aggregate of a view: a function over values of one type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Measure {
    /// The function.
    pub function: Function,
    /// The type of its argument; `Null` for `COUNT(*)`.
    pub input: DataType,
}

/// How the state of a measure behaves when it is split and merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algebra {
    /// The same value however the events were split.
    Exact,
    /// Within the stated error of the whole.
    Bounded,
}

impl fmt::Display for Algebra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Bounded => "bounded",
        })
    }
}

/// The accumulator of a measure: grows with the groups, leaves as Arrow arrays.
pub type Accumulator = Box<dyn GroupsAccumulator>;

/// One accumulator column: a short name and its type.
pub type StateColumn = (&'static str, DataType);

impl Measure {
    /// The type of the finished value, as DataFusion types it.
    pub fn output(&self) -> DataType {
        match (self.function, &self.input) {
            (Function::CountRows | Function::Count, _) => DataType::Int64,
            (Function::Sum, DataType::Decimal128(precision, scale)) => {
                DataType::Decimal128(precision.saturating_add(10).min(38), *scale)
            }
            (Function::Sum, input) if input.is_signed_integer() => DataType::Int64,
            (Function::Sum, input) if input.is_unsigned_integer() => DataType::UInt64,
            (Function::Avg, DataType::Decimal128(precision, scale)) => DataType::Decimal128(
                precision.saturating_add(4).min(38),
                scale.saturating_add(4).min(38),
            ),
            (Function::Sum | Function::Avg, _) => DataType::Float64,
            (Function::Min | Function::Max, input) => input.clone(),
        }
    }

    /// How its state behaves when the events are split and merged.
    pub fn algebra(&self) -> Algebra {
        match self.function {
            Function::Sum | Function::Avg if self.input.is_floating() => Algebra::Bounded,
            _ => Algebra::Exact,
        }
    }

    /// The accumulator columns that segments hold for it; none for `COUNT(*)`, which every group
    /// counts anyway.
    pub fn state(&self) -> Vec<StateColumn> {
        match self.function {
            Function::CountRows => vec![],
            Function::Count => vec![("count", DataType::UInt64)],
            Function::Sum => sum::state(&self.input),
            Function::Min => vec![("min", self.input.clone())],
            Function::Max => vec![("max", self.input.clone())],
            Function::Avg => {
                let mut columns = sum::state(&self.input);
                columns.push(("count", DataType::UInt64));
                columns
            }
        }
    }

    /// A fresh accumulator; `None` for `COUNT(*)`.
    ///
    /// # Errors
    /// The function does not apply to values of this type.
    pub fn accumulator(&self) -> Result<Option<Accumulator>> {
        Ok(Some(match self.function {
            Function::CountRows => return Ok(None),
            Function::Count => Box::new(count::Count::default()),
            Function::Sum => sum::accumulator(&self.input)?,
            Function::Min => extreme::accumulator(&self.input, extreme::Side::Min)?,
            Function::Max => extreme::accumulator(&self.input, extreme::Side::Max)?,
            Function::Avg => Box::new(avg::Avg::new(&self.input)?),
        }))
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CountRows => "COUNT(*)",
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
        })
    }
}

#[cfg(test)]
mod tests;
