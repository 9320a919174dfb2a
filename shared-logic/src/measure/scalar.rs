//! One value of any type that measures keep, unchanged to the bit.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type};

use super::types::is_kept;
use super::value::texts;
use crate::error::{Result, fail};

/// A value; integers, dates and timestamps are the number that they are written as.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Boolean(bool),
    Signed(i64),
    Unsigned(u64),
    Decimal(i128),
    Float(f64),
    Text(Box<str>),
}

/// A column of values.
#[derive(Clone, Debug)]
pub(super) enum Scalars {
    Boolean(BooleanArray),
    Signed(Int64Array),
    Unsigned(UInt64Array),
    Decimal(Decimal128Array),
    Float(Float64Array),
    Text(arrow::array::StringArray),
}

impl Scalar {
    /// The bytes held outside the value.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 0,
        }
    }
}

impl Scalars {
    /// The column in the type that it is kept in.
    pub(super) fn read(values: &ArrayRef) -> Result<Self> {
        let wide = |data_type: &DataType| cast(values, data_type);
        Ok(match values.data_type() {
            DataType::Boolean => Self::Boolean(values.as_boolean().clone()),
            DataType::Utf8 => Self::Text(values.as_string().clone()),
            DataType::Float32 | DataType::Float64 => Self::Float(
                wide(&DataType::Float64)?
                    .as_primitive::<Float64Type>()
                    .clone(),
            ),
            DataType::Decimal128(..) => {
                Self::Decimal(values.as_primitive::<Decimal128Type>().clone())
            }
            kept if kept.is_unsigned_integer() => Self::Unsigned(
                wide(&DataType::UInt64)?
                    .as_primitive::<UInt64Type>()
                    .clone(),
            ),
            kept if is_kept(kept) => {
                Self::Signed(wide(&DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            other => return fail!("no measure keeps values of type {other}"),
        })
    }

    /// The value in a row, which is not NULL.
    pub(super) fn at(&self, row: usize) -> Scalar {
        match self {
            Self::Boolean(column) => Scalar::Boolean(column.value(row)),
            Self::Signed(column) => Scalar::Signed(column.value(row)),
            Self::Unsigned(column) => Scalar::Unsigned(column.value(row)),
            Self::Decimal(column) => Scalar::Decimal(column.value(row)),
            Self::Float(column) => Scalar::Float(column.value(row)),
            Self::Text(column) => Scalar::Text(column.value(row).into()),
        }
    }
}

/// A column of this type; the values are of such a column.
pub(super) fn array(values: Vec<Option<Scalar>>, data_type: &DataType) -> Result<ArrayRef> {
    macro_rules! values {
        ($kind:ident) => {
            values.into_iter().map(|value| match value {
                Some(Scalar::$kind(value)) => Some(value),
                _ => None,
            })
        };
    }
    let kept: ArrayRef = match data_type {
        DataType::Boolean => Arc::new(values!(Boolean).collect::<BooleanArray>()),
        DataType::Utf8 => return texts(values!(Text).collect()),
        DataType::Float32 | DataType::Float64 => Arc::new(values!(Float).collect::<Float64Array>()),
        DataType::Decimal128(..) => {
            let values = values!(Decimal).collect::<Decimal128Array>();
            return Ok(Arc::new(values.with_data_type(data_type.clone())));
        }
        kept if kept.is_unsigned_integer() => Arc::new(values!(Unsigned).collect::<UInt64Array>()),
        kept if is_kept(kept) => Arc::new(values!(Signed).collect::<Int64Array>()),
        other => return fail!("no measure keeps values of type {other}"),
    };
    cast(&kept, data_type)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Array, Date32Array, Float32Array, StringArray, UInt8Array};

    use super::*;

    fn again(values: ArrayRef) {
        let read = Scalars::read(&values).unwrap();
        let rows = 0..values.len();
        let kept = rows.map(|row| values.is_valid(row).then(|| read.at(row)));
        assert_eq!(&array(kept.collect(), values.data_type()).unwrap(), &values);
    }

    #[test]
    fn columns_of_every_kind_come_back_as_they_were() {
        again(Arc::new(BooleanArray::from(vec![
            Some(true),
            None,
            Some(false),
        ])));
        again(Arc::new(StringArray::from(vec![Some("a"), None, Some("")])));
        again(Arc::new(Date32Array::from(vec![Some(-1), None])));
        again(Arc::new(UInt8Array::from(vec![Some(255), None])));
        again(Arc::new(UInt64Array::from(vec![u64::MAX])));
        again(Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX])));
        let decimals = Decimal128Array::from(vec![Some(i128::from(i64::MAX) * 7), None]);
        again(Arc::new(decimals.with_precision_and_scale(30, 2).unwrap()));
        again(Arc::new(Float32Array::from(vec![
            f32::MIN_POSITIVE,
            f32::INFINITY,
        ])));
        again(Arc::new(Int64Array::from(Vec::<i64>::new())));
    }

    #[test]
    fn the_sign_of_zero_stays() {
        let zero: ArrayRef = Arc::new(Float64Array::from(vec![-0.0]));
        let read = Scalars::read(&zero).unwrap();
        assert!(matches!(read.at(0), Scalar::Float(zero) if zero.is_sign_negative()));
    }
}
