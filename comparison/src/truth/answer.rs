//! The rows of a view, in Arrow's columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::{Field, Schema};
use polars::prelude::Series;

use super::TruthError;
use super::kind::Kind;

/// What a view says about some events: one row per window and key.
///
/// Rows are sorted by window, then by the keys in the order of GROUP BY, NULLs first.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The columns of the SELECT list, in its order.
    pub rows: RecordBatch,
    /// What each row is about: `window_start`, `key_0`, `key_1` and so on.
    pub groups: RecordBatch,
    /// How many events were folded into each row.
    pub events: Vec<u64>,
    /// For each column of `rows` that need not be equal, how far each row may be off: a share of
    /// Σ|x| for sums of floats and what is made of them, the stated error for what is approximate.
    /// `None` for columns that must be equal.
    pub bounds: Vec<Option<Vec<f64>>>,
}

/// Columns under these names as one batch of `height` rows; every one may hold NULL.
pub(super) fn columns(
    height: usize,
    columns: impl IntoIterator<Item = (String, ArrayRef)>,
) -> Result<RecordBatch, TruthError> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
        .unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(height));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}

/// A column in Arrow's form.
pub(super) fn array(series: &Series, kind: Kind) -> Result<ArrayRef, TruthError> {
    let plain = series.to_physical_repr();
    Ok(match kind {
        Kind::Null => new_null_array(&kind.arrow(), series.len()),
        Kind::Boolean => Arc::new(plain.bool()?.iter().collect::<BooleanArray>()),
        Kind::Int8 => Arc::new(plain.i8()?.iter().collect::<Int8Array>()),
        Kind::Int16 => Arc::new(plain.i16()?.iter().collect::<Int16Array>()),
        Kind::Int32 => Arc::new(plain.i32()?.iter().collect::<Int32Array>()),
        Kind::Int64 | Kind::Interval => Arc::new(plain.i64()?.iter().collect::<Int64Array>()),
        Kind::Float32 => Arc::new(plain.f32()?.iter().collect::<Float32Array>()),
        Kind::Float64 => Arc::new(plain.f64()?.iter().collect::<Float64Array>()),
        Kind::Decimal(..) => {
            let digits = plain.i128()?.iter().collect::<Decimal128Array>();
            Arc::new(digits.with_data_type(kind.arrow()))
        }
        Kind::Date => Arc::new(plain.i32()?.iter().collect::<Date32Array>()),
        Kind::Timestamp => Arc::new(plain.i64()?.iter().collect::<TimestampMicrosecondArray>()),
        Kind::Text => Arc::new(plain.str()?.iter().collect::<StringArray>()),
    })
}
