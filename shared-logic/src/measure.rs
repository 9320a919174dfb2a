//! What is computed per group: a measure's state, algebra and accumulator.

use std::fmt;

use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

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
