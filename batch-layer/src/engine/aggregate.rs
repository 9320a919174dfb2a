//! Measures as Polars' aggregates: one expression for each accumulator column.

use arrow::datatypes::DataType;
use polars::prelude::{DataType as PolarsType, Expr, LiteralValue, lit, when};
use shared_logic::measure::{Function, Measure};

use super::lower::Unlowered;

/// The accumulator columns of a measure over its argument, in the measure's order.
///
/// # Errors
/// A measure whose state Polars does not leave.
pub(super) fn aggregate(measure: &Measure, argument: Option<Expr>) -> Result<Vec<Expr>, Unlowered> {
    let input = measure.inputs.first().cloned().unwrap_or(DataType::Null);
    let refuse = |why| Err(Unlowered::new(measure.function.call(&["…"]), why));
    let Some(value) = argument else {
        return match measure.function {
            Function::CountRows => Ok(vec![]),
            _ => refuse("it has no argument"),
        };
    };
    let count = || value.clone().count().cast(PolarsType::UInt64);
    let ordered = input.is_signed_integer()
        || matches!(
            input,
            DataType::Utf8 | DataType::Date32 | DataType::Timestamp(..)
        );
    Ok(match &measure.function {
        Function::Count => vec![count()],
        Function::Sum => sum(&value, &input)
            .map_or_else(|| refuse("only integers and floats are added up there"), Ok)?,
        Function::Avg => {
            let mut columns = match sum(&value, &input) {
                Some(columns) => columns,
                None => return refuse("only integers and floats are added up there"),
            };
            columns.push(count());
            columns
        }
        Function::Min if ordered => vec![value.min()],
        Function::Max if ordered => vec![value.max()],
        Function::Min | Function::Max => {
            return refuse("values of this type are ordered differently there");
        }
        _ => return refuse("its state has no counterpart there"),
    })
}

/// The sum of integers in 128 bits, of floats with no error known; NULL where there is no value.
fn sum(value: &Expr, input: &DataType) -> Option<Vec<Expr>> {
    let some = |sum: Expr, of: PolarsType| {
        when(value.clone().count().gt(lit(0_u32)))
            .then(sum.cast(of.clone()))
            .otherwise(lit(LiteralValue::untyped_null()).cast(of))
    };
    match input {
        // Up to 2³² values of 32 bits fit 64.
        DataType::Int8 | DataType::Int16 | DataType::Int32 => Some(vec![some(
            value.clone().cast(PolarsType::Int64).sum(),
            PolarsType::Int128,
        )]),
        DataType::Int64 => Some(vec![some(
            value.clone().cast(PolarsType::Int128).sum(),
            PolarsType::Int128,
        )]),
        DataType::Float32 | DataType::Float64 => {
            let value = value.clone().cast(PolarsType::Float64);
            Some(vec![
                some(value.sum(), PolarsType::Float64),
                some(lit(0.0_f64), PolarsType::Float64),
            ])
        }
        _ => None,
    }
}
