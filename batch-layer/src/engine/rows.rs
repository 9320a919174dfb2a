//! Columns that Polars leaves as the columns of a partial.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use polars::prelude::{PolarsError, Series};

/// What can go wrong on the way.
#[derive(Debug, thiserror::Error)]
pub enum HandOver {
    /// Polars failed.
    #[error("polars: {0}")]
    Polars(#[from] PolarsError),
    /// The columns do not make the rows of a partial.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// A type that no partial of a lowered view has.
    #[error("a column of {0} is not handed over")]
    Type(DataType),
}

/// The values of a column in the type that the partial has.
pub(super) fn array(column: &Series, to: &DataType) -> Result<ArrayRef, HandOver> {
    let physical = column.to_physical_repr();
    Ok(match to {
        DataType::Boolean => Arc::new(physical.bool()?.iter().collect::<BooleanArray>()),
        DataType::Int8 => Arc::new(physical.i8()?.iter().collect::<Int8Array>()),
        DataType::Int16 => Arc::new(physical.i16()?.iter().collect::<Int16Array>()),
        DataType::Int32 => Arc::new(physical.i32()?.iter().collect::<Int32Array>()),
        DataType::Int64 => Arc::new(physical.i64()?.iter().collect::<Int64Array>()),
        DataType::UInt64 => Arc::new(physical.u64()?.iter().collect::<UInt64Array>()),
        DataType::Float32 => Arc::new(physical.f32()?.iter().collect::<Float32Array>()),
        DataType::Float64 => Arc::new(physical.f64()?.iter().collect::<Float64Array>()),
        DataType::Date32 => Arc::new(physical.i32()?.iter().collect::<Date32Array>()),
        DataType::Timestamp(..) => Arc::new(
            physical
                .i64()?
                .iter()
                .collect::<TimestampMicrosecondArray>(),
        ),
        DataType::Decimal128(precision, scale) => {
            let sums = physical.i128()?.iter().collect::<Decimal128Array>();
            Arc::new(sums.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Utf8 => Arc::new(physical.str()?.iter().collect::<StringArray>()),
        other => return Err(HandOver::Type(other.clone())),
    })
}
