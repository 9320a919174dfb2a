//! Functions of one value.

use polars::prelude::{ChunkApply, Column, DataType, Expr, Field, IntoColumn, lit, when};

use super::{Lowered, arithmetic, typed};
use crate::truth::TruthError;
use crate::truth::kind::Kind;
use crate::truth::node::{Function, Part, Unit};

/// The value of a call.
pub(super) fn call(function: Function, inner: Lowered) -> Result<Lowered, TruthError> {
    let source = inner.value.clone();
    let kind = inner.kind;
    let (value, kind) = match (function, kind) {
        (Function::Abs, kind) if kind.is_integer() => return absolute(inner),
        (Function::Abs, kind) if kind.is_float() => (rounded(source, kind, f64::abs), kind),
        (Function::Floor, kind) if kind.is_float() => (rounded(source, kind, f64::floor), kind),
        (Function::Ceil, kind) if kind.is_float() => (rounded(source, kind, f64::ceil), kind),
        (Function::Round, kind) if kind.is_float() => (rounded(source, kind, f64::round), kind),
        (Function::Lower, Kind::Text) => (source.str().to_lowercase(), kind),
        (Function::Upper, Kind::Text) => (source.str().to_uppercase(), kind),
        (Function::Length, Kind::Text) => {
            (source.str().len_chars().cast(DataType::Int32), Kind::Int32)
        }
        (Function::Truncate(unit), Kind::Timestamp) => {
            (source.dt().truncate(lit(every(unit))), kind)
        }
        (Function::Part(part), Kind::Timestamp) => (figure(source, part), Kind::Int32),
        (function, kind) => {
            return Err(TruthError::unsupported(format!("{function:?} of {kind:?}")));
        }
    };
    Ok(inner.with(value, kind))
}

/// Fails for the one integer whose opposite does not fit.
fn absolute(inner: Lowered) -> Result<Lowered, TruthError> {
    let kind = inner.kind;
    let negative = inner.value.clone().lt(lit(0));
    let opposite = arithmetic::negate(inner.clone())?;
    let fails = opposite
        .fails
        .unwrap_or(lit(false))
        .and(negative.clone().fill_null(lit(false)));
    let value = when(negative)
        .then(opposite.value)
        .otherwise(inner.value.clone());
    Ok(inner.with(value, kind).failing(fails))
}

/// A function of floats that Polars has behind a feature that is off.
fn rounded(value: Expr, kind: Kind, function: fn(f64) -> f64) -> Expr {
    let apply = move |column: Column| {
        let floats = column.as_materialized_series().f64()?.clone();
        Ok(floats.apply_values(function).into_column())
    };
    let output = |_: &polars::prelude::Schema, field: &Field| {
        Ok(Field::new(field.name().clone(), DataType::Float64))
    };
    value
        .cast(DataType::Float64)
        .map(apply, output)
        .cast(kind.polars())
}

fn every(unit: Unit) -> &'static str {
    match unit {
        Unit::Second => "1s",
        Unit::Minute => "1m",
        Unit::Hour => "1h",
        Unit::Day => "1d",
        Unit::Week => "1w",
        Unit::Month => "1mo",
        Unit::Quarter => "1q",
        Unit::Year => "1y",
    }
}

fn figure(instant: Expr, part: Part) -> Expr {
    let figures = instant.dt();
    let figure = match part {
        Part::Second => figures.second(),
        Part::Minute => figures.minute(),
        Part::Hour => figures.hour(),
        Part::Day => figures.day(),
        Part::Month => figures.month(),
        Part::Year => figures.year(),
        // Polars counts from Monday, which is 1, to Sunday, which is 7.
        Part::Weekday => figures.weekday().cast(DataType::Int32) % typed(7_i32),
        Part::DayOfYear => figures.ordinal_day(),
    };
    figure.cast(DataType::Int32)
}
