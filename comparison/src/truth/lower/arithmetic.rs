//! `+ - * / %` and the sign, on numbers and on instants.

use polars::prelude::{DataType, Expr, Literal as _, NULL, when};

use super::{Lowered, either, typed};
use crate::truth::TruthError;
use crate::truth::kind::Kind;
use crate::truth::node::Operation;

/// An operation of two operands.
pub(super) fn binary(
    left: Lowered,
    operation: Operation,
    right: Lowered,
) -> Result<Lowered, TruthError> {
    match (left.kind, operation, right.kind) {
        (Kind::Timestamp, Operation::Plus | Operation::Minus, Kind::Interval)
        | (Kind::Interval, Operation::Plus, Kind::Timestamp) => {
            Ok(integers(left, operation, right, Kind::Timestamp))
        }
        (a, _, b) => match a.number(b) {
            Some(kind) if kind.is_integer() => Ok(integers(left, operation, right, kind)),
            Some(kind) if operation != Operation::Remainder => {
                Ok(floats(left.widened(kind), operation, right.widened(kind)))
            }
            _ => Err(TruthError::unsupported(format!(
                "{operation:?} of {a:?} and {b:?}"
            ))),
        },
    }
}

/// The sign of a number turned.
pub(super) fn negate(inner: Lowered) -> Result<Lowered, TruthError> {
    match inner.kind {
        kind if kind.is_integer() || kind == Kind::Interval => {
            let zero = Lowered::safe(typed(0_i64), kind);
            Ok(integers(zero, Operation::Minus, inner, kind))
        }
        // Not zero minus the value, which has another sign at zero.
        kind if kind.is_float() => {
            let value = inner.value.clone() * typed(-1.0_f64).cast(kind.polars());
            Ok(inner.with(value, kind))
        }
        kind => Err(TruthError::unsupported(format!("the sign of {kind:?}"))),
    }
}

/// In 128 bits, where nothing wraps; fails where the result does not fit `kind`, and for zero
/// divisors. Division truncates, and the remainder has the dividend's sign.
fn integers(left: Lowered, operation: Operation, right: Lowered, kind: Kind) -> Lowered {
    let wide = |value: Expr| value.cast(DataType::Int64).cast(DataType::Int128);
    let (a, b) = (wide(left.value), wide(right.value));
    let known = a.clone().is_not_null().and(b.clone().is_not_null());
    let result = match operation {
        Operation::Plus => a + b,
        Operation::Minus => a - b,
        Operation::Times => a * b,
        Operation::Divide => quotient(a, b),
        _ => a.clone() - quotient(a, b.clone()) * b,
    };
    // A cast that does not fit makes NULL.
    let value = match kind {
        Kind::Timestamp => result.cast(DataType::Int64).cast(kind.polars()),
        kind => result.cast(kind.polars()),
    };
    let fails = known.and(value.clone().is_null());
    Lowered {
        value,
        fails: either(left.fails, right.fails),
        kind,
    }
    .failing(fails)
}

/// The quotient of the magnitudes with the sign that it has, as Polars divides downwards; NULL for
/// a divisor of zero.
fn quotient(dividend: Expr, divisor: Expr) -> Expr {
    let zero = || typed(0_i128);
    let negative = |value: &Expr| value.clone().lt(zero());
    let size = |value: &Expr| {
        when(negative(value))
            .then(zero() - value.clone())
            .otherwise(value.clone())
    };
    let some = when(divisor.clone().neq(zero()))
        .then(size(&divisor))
        .otherwise(NULL.lit().cast(DataType::Int128));
    let quotient = size(&dividend) / some;
    when(negative(&dividend).eq(negative(&divisor)))
        .then(quotient.clone())
        .otherwise(zero() - quotient)
}

/// As IEEE 754 has it: infinities, no failures.
fn floats(left: Lowered, operation: Operation, right: Lowered) -> Lowered {
    let (a, b) = (left.value, right.value);
    let value = match operation {
        Operation::Plus => a + b,
        Operation::Minus => a - b,
        Operation::Times => a * b,
        _ => a / b,
    };
    Lowered {
        value,
        fails: either(left.fails, right.fails),
        kind: left.kind,
    }
}
