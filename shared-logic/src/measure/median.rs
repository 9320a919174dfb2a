//! The middle of sorted values.

use std::sync::Arc;

use crate::error::Result;
use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type, i256};

use super::value::Value;

/// The type of a median: one more digit after the point for decimals, else a double.
pub(super) fn output(input: &DataType) -> DataType {
    match input {
        DataType::Decimal128(precision, scale) if *precision < 38 => {
            DataType::Decimal128(precision + 1, scale + 1)
        }
        DataType::Decimal128(..) => input.clone(),
        _ => DataType::Float64,
    }
}

/// The median of each group's sorted values; NULL where there are none.
pub(super) fn medians<V: Value>(groups: Vec<Vec<V>>, input: &DataType) -> Result<ArrayRef> {
    let middle = |at: fn(usize) -> usize| {
        let middle = groups.iter().map(|values| values.get(at(values.len())));
        V::array(middle.map(|value| value.cloned()).collect(), input)
    };
    let (low, high) = (
        middle(|count| count.saturating_sub(1) / 2)?,
        middle(|count| count / 2)?,
    );
    between(&low, &high, input)
}

/// The value half-way between two columns.
fn between(low: &ArrayRef, high: &ArrayRef, input: &DataType) -> Result<ArrayRef> {
    macro_rules! halves {
        ($low:expr, $high:expr, $half:expr) => {
            ($low.iter().zip($high.iter())).map(|pair| match pair {
                (Some(low), Some(high)) => Some($half(low, high)),
                _ => None,
            })
        };
    }
    // In 128 bits, so that the sum of two large integers is exact before it is halved.
    let whole = |low: i128, high: i128| (low + high) as f64 / 2.0;
    Ok(match input {
        DataType::Decimal128(precision, _) => {
            let half = |low, high| half(low, high, *precision < 38);
            let (low, high) = (
                low.as_primitive::<Decimal128Type>(),
                high.as_primitive::<Decimal128Type>(),
            );
            let middle: Decimal128Array = halves!(low, high, half).collect();
            Arc::new(middle.with_data_type(output(input)))
        }
        kept if kept.is_unsigned_integer() => {
            let (low, high) = (unsigned(low)?, unsigned(high)?);
            let half = |low, high| whole(i128::from(low), i128::from(high));
            Arc::new(halves!(low, high, half).collect::<Float64Array>())
        }
        kept if kept.is_integer() => {
            let (low, high) = (signed(low)?, signed(high)?);
            let half = |low, high| whole(i128::from(low), i128::from(high));
            Arc::new(halves!(low, high, half).collect::<Float64Array>())
        }
        _ => {
            let (low, high) = (
                cast(low, &DataType::Float64)?,
                cast(high, &DataType::Float64)?,
            );
            let (low, high) = (
                low.as_primitive::<Float64Type>(),
                high.as_primitive::<Float64Type>(),
            );
            Arc::new(halves!(low, high, middle_float).collect::<Float64Array>())
        }
    })
}

fn signed(values: &dyn Array) -> Result<Int64Array> {
    let values = cast(values, &DataType::Int64)?;
    Ok(values.as_primitive::<Int64Type>().clone())
}

fn unsigned(values: &dyn Array) -> Result<UInt64Array> {
    let values = cast(values, &DataType::UInt64)?;
    Ok(values.as_primitive::<UInt64Type>().clone())
}

/// Half the sum, whose last digit stands one place further right where there is room for it; else
/// what is left of it is cut off.
fn half(low: i128, high: i128, room: bool) -> i128 {
    let sum = i256::from_i128(low).wrapping_add(i256::from_i128(high));
    let half = match room {
        true => sum.wrapping_mul(i256::from_i128(5)),
        false => sum.wrapping_div(i256::from_i128(2)),
    };
    // Half a sum of two values lies between them.
    half.to_i128().unwrap_or(low)
}

fn middle_float(low: f64, high: f64) -> f64 {
    let sum = low + high;
    if sum.is_finite() || !low.is_finite() || !high.is_finite() {
        sum / 2.0
    } else {
        low / 2.0 + high / 2.0
    }
}
