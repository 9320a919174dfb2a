//! Single values, for what Polars does not say.

use std::cmp::Ordering;

use arrow::array::{ArrayRef, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::Field;
use polars::prelude::{DataType, Int128Chunked, IntoSeries, NamedFrom, NewChunkedArray, Series};

use super::TruthError;
use super::answer::array;
use super::kind::Kind;

/// A value; those of a column are all of one sort.
#[derive(Clone, Debug)]
pub(super) enum Datum {
    Boolean(bool),
    /// An integer, the digits of a decimal, days or microseconds.
    Integer(i128),
    Float(f64),
    Text(String),
}

impl Ord for Datum {
    /// NaN is the greatest number and equal to itself.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => {
                let order = a.partial_cmp(b);
                order.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            }
            _ => Ordering::Equal,
        }
    }
}

impl PartialOrd for Datum {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Datum {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Datum {}

impl Datum {
    /// The number, with `scale` digits behind the point where it is a decimal.
    pub(super) fn number(&self, scale: u8) -> f64 {
        match self {
            Self::Integer(digits) => *digits as f64 / 10_f64.powi(scale.into()),
            Self::Float(value) => *value,
            Self::Boolean(_) | Self::Text(_) => f64::NAN,
        }
    }
}

/// The values of a column.
pub(super) fn data(column: &Series, kind: Kind) -> Result<Vec<Option<Datum>>, TruthError> {
    let plain = column.to_physical_repr();
    Ok(match kind {
        Kind::Null => vec![None; column.len()],
        Kind::Boolean => (plain.bool()?.iter())
            .map(|value| value.map(Datum::Boolean))
            .collect(),
        Kind::Text => (plain.str()?.iter())
            .map(|value| value.map(|text| Datum::Text(text.to_owned())))
            .collect(),
        Kind::Float32 | Kind::Float64 => (plain.cast(&DataType::Float64)?.f64()?.iter())
            .map(|value| value.map(Datum::Float))
            .collect(),
        Kind::Decimal(..) => (plain.i128()?.iter())
            .map(|value| value.map(Datum::Integer))
            .collect(),
        _ => (plain.cast(&DataType::Int64)?.i64()?.iter())
            .map(|value| value.map(|value| Datum::Integer(value.into())))
            .collect(),
    })
}

/// A column of values.
pub(super) fn series(
    name: &str,
    values: &[Option<Datum>],
    kind: Kind,
) -> Result<Series, TruthError> {
    let integer = |value: &Option<Datum>| match value {
        Some(Datum::Integer(value)) => Some(*value),
        _ => None,
    };
    let name = name.into();
    Ok(match kind {
        Kind::Boolean | Kind::Null => {
            let values = values.iter().map(|value| match value {
                Some(Datum::Boolean(value)) => Some(*value),
                _ => None,
            });
            Series::new(name, values.collect::<Vec<_>>())
        }
        Kind::Text => {
            let values = values.iter().map(|value| match value {
                Some(Datum::Text(text)) => Some(text.as_str()),
                _ => None,
            });
            Series::new(name, values.collect::<Vec<_>>())
        }
        Kind::Float32 | Kind::Float64 => {
            let values = values.iter().map(|value| match value {
                Some(Datum::Float(value)) => Some(*value),
                _ => None,
            });
            Series::new(name, values.collect::<Vec<_>>()).cast(&kind.polars())?
        }
        Kind::Decimal(precision, scale) => {
            Int128Chunked::from_iter_options(name, values.iter().map(integer))
                .into_series()
                .into_decimal(precision.into(), scale.into())?
        }
        _ => {
            let narrow = |value| i64::try_from(integer(value)?).ok();
            let values = Series::new(name, values.iter().map(narrow).collect::<Vec<_>>());
            match kind {
                Kind::Date => values.cast(&DataType::Int32)?.cast(&kind.polars())?,
                _ => values.cast(&kind.polars())?,
            }
        }
    })
}

/// A column of lists, in Arrow's form; zero and NaN have one spelling there.
pub(super) fn lists(lists: &[Option<Vec<Datum>>], kind: Kind) -> Result<ArrayRef, TruthError> {
    let plain = |value: &Datum| match value {
        Datum::Float(value) if *value == 0.0 => Some(Datum::Float(0.0)),
        Datum::Float(value) if value.is_nan() => Some(Datum::Float(f64::NAN)),
        value => Some(value.clone()),
    };
    let flat: Vec<Option<Datum>> = lists.iter().flatten().flatten().map(plain).collect();
    let values = array(&series("values", &flat, kind)?, kind)?;
    let lengths = lists.iter().map(|list| list.as_ref().map_or(0, Vec::len));
    let field = Field::new_list_field(values.data_type().clone(), true);
    Ok(std::sync::Arc::new(ListArray::try_new(
        std::sync::Arc::new(field),
        OffsetBuffer::from_lengths(lengths),
        values,
        Some(NullBuffer::from_iter(lists.iter().map(Option::is_some))),
    )?))
}
