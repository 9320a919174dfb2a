//! CAST and TRY_CAST.

use polars::prelude::{ChunkedArray, IntoColumn, PolarsNumericType, StringChunked};
use polars::prelude::{Column, DataType, Expr, Field, NewChunkedArray, PolarsResult, Series};

use super::Lowered;
use crate::truth::TruthError;
use crate::truth::instant::{DAY, instant};
use crate::truth::kind::Kind;

/// The value in another type; `lax` makes NULL of what does not convert, else it fails.
pub(super) fn cast(inner: Lowered, kind: Kind, lax: bool) -> Result<Lowered, TruthError> {
    if inner.kind == kind || inner.kind == Kind::Null {
        return Ok(inner.widened(kind));
    }
    let number = |kind: Kind| kind.is_integer() || kind.is_float();
    let source = inner.value.clone();
    let value = match (inner.kind, kind) {
        (from, to) if number(from) && number(to) => source.cast(to.polars()),
        (Kind::Boolean, to) if to.is_integer() => source.cast(to.polars()),
        (from, Kind::Boolean) if from.is_integer() => source.cast(kind.polars()),
        (from, Kind::Text) if from.is_integer() || from == Kind::Boolean => {
            source.cast(kind.polars())
        }
        (Kind::Date, Kind::Timestamp) | (Kind::Timestamp, Kind::Date) => source.cast(kind.polars()),
        (Kind::Timestamp, Kind::Int64) => source.cast(kind.polars()),
        (Kind::Text, to) if to.is_integer() => {
            parsed::<polars::prelude::Int64Type>(source, |text| text.parse().ok()).cast(to.polars())
        }
        (Kind::Text, to) if to.is_float() => {
            parsed::<polars::prelude::Float64Type>(source, |text| text.parse().ok())
                .cast(to.polars())
        }
        (Kind::Text, Kind::Timestamp) => {
            parsed::<polars::prelude::Int64Type>(source, instant).cast(kind.polars())
        }
        (Kind::Text, Kind::Date) => parsed::<polars::prelude::Int32Type>(source, |text| {
            i32::try_from(instant(text)?.div_euclid(DAY)).ok()
        })
        .cast(kind.polars()),
        (from, to) => {
            let construct = format!("CAST of {from:?} to {to:?}");
            return Err(TruthError::unsupported(construct));
        }
    };
    let fails = inner
        .value
        .clone()
        .is_not_null()
        .and(value.clone().is_null());
    let lowered = inner.with(value, kind);
    Ok(if lax { lowered } else { lowered.failing(fails) })
}

/// What each text says, NULL where it says nothing.
fn parsed<T>(text: Expr, parse: fn(&str) -> Option<T::Native>) -> Expr
where
    T: PolarsNumericType,
    ChunkedArray<T>: NewChunkedArray<T, T::Native> + IntoColumn,
{
    texts(text, T::get_static_dtype(), move |texts| {
        let values = texts.iter().map(|text| text.and_then(parse));
        let parsed: ChunkedArray<T> =
            NewChunkedArray::from_iter_options(texts.name().clone(), values);
        parsed.into_column()
    })
}

/// A function of our own over texts.
pub(super) fn texts(
    text: Expr,
    output: DataType,
    function: impl Fn(&StringChunked) -> Column + Send + Sync + 'static,
) -> Expr {
    let apply = move |column: Column| -> PolarsResult<Column> {
        let series: &Series = column.as_materialized_series();
        Ok(function(series.str()?))
    };
    text.map(apply, move |_, field| {
        Ok(Field::new(field.name().clone(), output.clone()))
    })
}
