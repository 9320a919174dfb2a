//! A value of a group at one step of a refold.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;

use super::Amount;

/// A value, or that there is none.
#[derive(Clone, Debug)]
pub enum Level {
    /// There is no such group.
    Absent,
    /// NULL.
    Null,
    /// A whole number: integers; decimals in their last digit, instants in microseconds and days.
    Whole(i128),
    /// A float.
    Real(f64),
    /// Anything else, as it is shown.
    Other(String),
}

/// How the values of a column are subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Whole numbers, which are shown with this many digits behind the point.
    Whole(i8),
    /// Floats.
    Real,
    /// Not at all: changes are counted.
    Counted,
}

impl Scale {
    /// The scale of a column of this type.
    pub(super) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Decimal128(_, scale) => Self::Whole(*scale),
            DataType::Float32 | DataType::Float64 => Self::Real,
            DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) => Self::Whole(0),
            whole if whole.is_integer() => Self::Whole(0),
            _ => Self::Counted,
        }
    }

    /// No change.
    pub(super) fn nothing(self) -> Amount {
        match self {
            Self::Whole(scale) => Amount::Whole(0, scale),
            Self::Real => Amount::Real(0.0),
            Self::Counted => Amount::Changes(0),
        }
    }

    /// What leads from one value to the other. No group, NULL and what is no finite number weigh
    /// nothing.
    pub(super) fn change(self, before: &Level, after: &Level) -> Amount {
        match self {
            Self::Whole(scale) => Amount::Whole(after.whole().wrapping_sub(before.whole()), scale),
            Self::Real => Amount::Real(after.real() - before.real()),
            Self::Counted => Amount::Changes(u64::from(before != after)),
        }
    }
}

/// The column in the widest type of its kind, where its values can be subtracted.
pub(super) fn wide(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let wide = match (column.data_type(), Scale::of(column.data_type())) {
        (DataType::Decimal128(..), _) | (_, Scale::Counted) => return Ok(ArrayRef::clone(column)),
        (DataType::UInt64, _) => DataType::Decimal128(20, 0),
        (DataType::Date32, _) => {
            return cast(&cast(column, &DataType::Int32)?, &DataType::Int64);
        }
        (_, Scale::Real) => DataType::Float64,
        (_, Scale::Whole(_)) => DataType::Int64,
    };
    cast(column, &wide)
}

impl Level {
    /// The value of `row` in a column that is [`wide`].
    pub(super) fn of(column: &ArrayRef, row: usize) -> Result<Self, ArrowError> {
        if column.is_null(row) {
            return Ok(Self::Null);
        }
        Ok(match column.data_type() {
            DataType::Decimal128(..) => {
                Self::Whole(column.as_primitive::<Decimal128Type>().value(row))
            }
            DataType::Int64 => Self::Whole(column.as_primitive::<Int64Type>().value(row).into()),
            DataType::Float64 => Self::Real(column.as_primitive::<Float64Type>().value(row)),
            _ => Self::Other(array_value_to_string(column, row)?),
        })
    }

    fn whole(&self) -> i128 {
        match self {
            Self::Whole(value) => *value,
            _ => 0,
        }
    }

    fn real(&self) -> f64 {
        match self {
            Self::Real(value) if value.is_finite() => *value,
            _ => 0.0,
        }
    }
}

impl PartialEq for Level {
    /// NaN is one value.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) | (Self::Null, Self::Null) => true,
            (Self::Whole(one), Self::Whole(other)) => one == other,
            (Self::Real(one), Self::Real(other)) => {
                one == other || (one.is_nan() && other.is_nan())
            }
            (Self::Other(one), Self::Other(other)) => one == other,
            _ => false,
        }
    }
}
