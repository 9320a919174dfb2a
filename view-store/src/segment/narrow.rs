//! Sums of 38 digits that fit into 18 are written as integers of 64 bits: half the bytes, and read and
//! written several times as fast.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema};
use arrow::error::ArrowError;
use rayon::prelude::*;

/// The digits of a sum, and of one that fits into 64 bits.
const WIDE: u8 = 38;
const NARROW: u8 = 18;

/// What [`NARROW`] digits cannot express.
const LIMIT: u128 = 1_000_000_000_000_000_000;

/// Chunks with narrower columns where all values fit, and the names of these columns.
pub(super) fn narrow(
    chunks: &[RecordBatch],
) -> Result<(Vec<RecordBatch>, Vec<String>), ArrowError> {
    let Some(first) = chunks.first() else {
        return Ok((vec![], vec![]));
    };
    let fields = first.schema_ref().fields().iter().enumerate();
    let wide =
        fields.filter(|(_, field)| matches!(field.data_type(), DataType::Decimal128(WIDE, _)));
    let fits =
        |at: usize| (chunks.par_iter()).all(|chunk| chunk.columns().get(at).is_some_and(fits));
    let names: Vec<String> = wide
        .filter(|(at, _)| fits(*at))
        .map(|(_, field)| field.name().clone())
        .collect();
    let chunks = (chunks.iter())
        .map(|chunk| with_digits(chunk, &names, NARROW))
        .collect::<Result<_, _>>()?;
    Ok((chunks, names))
}

fn fits(column: &ArrayRef) -> bool {
    (column.as_primitive_opt::<Decimal128Type>())
        .is_some_and(|sums| sums.values().iter().all(|sum| sum.unsigned_abs() < LIMIT))
}

/// The rows that were written, from those that were read.
pub(super) fn widen(rows: RecordBatch, names: &[String]) -> Result<RecordBatch, ArrowError> {
    match names {
        [] => Ok(rows),
        names => with_digits(&rows, names, WIDE),
    }
}

fn with_digits(
    rows: &RecordBatch,
    names: &[String],
    digits: u8,
) -> Result<RecordBatch, ArrowError> {
    let columns = rows.schema_ref().fields().iter().zip(rows.columns());
    let changed = columns.map(|(field, column)| {
        let narrow = column.as_primitive_opt::<Decimal128Type>();
        match (field.data_type(), narrow) {
            (DataType::Decimal128(_, scale), Some(sums)) if names.contains(field.name()) => {
                let sums = sums.clone().with_precision_and_scale(digits, *scale)?;
                let data_type = DataType::Decimal128(digits, *scale);
                let field = Field::clone(field).with_data_type(data_type);
                Ok((Arc::new(field), Arc::new(sums) as ArrayRef))
            }
            _ => Ok((Arc::clone(field), Arc::clone(column))),
        }
    });
    let (fields, columns): (Vec<_>, Vec<_>) = changed
        .collect::<Result<Vec<_>, ArrowError>>()?
        .into_iter()
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
