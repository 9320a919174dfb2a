//! A frame of Polars in Arrow's columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use polars::prelude::{DataFrame, DataType};

use crate::truth::TruthError;

/// The same rows.
pub(super) fn rows(frame: &DataFrame) -> Result<RecordBatch, TruthError> {
    let mut fields = vec![];
    let mut columns: Vec<ArrayRef> = vec![];
    for column in frame.columns() {
        let series = column.as_materialized_series();
        let plain = series.to_physical_repr();
        let array: ArrayRef = match series.dtype() {
            DataType::String => Arc::new(plain.str()?.iter().collect::<StringArray>()),
            DataType::Float64 => Arc::new(plain.f64()?.iter().collect::<Float64Array>()),
            DataType::Int32 => Arc::new(plain.i32()?.iter().collect::<Int32Array>()),
            DataType::Datetime(..) => {
                Arc::new(plain.i64()?.iter().collect::<TimestampMicrosecondArray>())
            }
            _ => Arc::new(
                plain
                    .cast(&DataType::Int64)?
                    .i64()?
                    .iter()
                    .collect::<Int64Array>(),
            ),
        };
        fields.push(Field::new(
            series.name().as_str(),
            array.data_type().clone(),
            true,
        ));
        columns.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(frame.height()));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}
