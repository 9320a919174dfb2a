//! From [`Node`]s to Polars expressions, with SQL's meaning.
//!
//! SQL fails where Polars answers: an overflow wraps there, a division by zero or a cast that does
//! not work is NULL. So every expression comes with a second one that is true in the rows where SQL
//! fails. As in SQL an operand that is not needed does not fail: AND behind false, OR behind true,
//! the branches of CASE not taken.

mod arithmetic;
mod call;
mod cast;
mod like;

use polars::prelude::{Expr, Literal as _, NULL, Scalar, col, lit, when};

use super::TruthError;
use super::kind::Kind;
use super::node::{Literal, Node, Operation};
use super::resolve::constant;

/// An expression, where it fails, and its type.
#[derive(Clone)]
pub(super) struct Lowered {
    pub(super) value: Expr,
    /// True in the rows where SQL fails, never NULL; `None` where nothing can fail.
    pub(super) fails: Option<Expr>,
    pub(super) kind: Kind,
}

impl Lowered {
    /// An expression that cannot fail.
    fn safe(value: Expr, kind: Kind) -> Self {
        Self {
            value,
            fails: None,
            kind,
        }
    }

    /// The value in a wider type.
    fn widened(self, kind: Kind) -> Self {
        if self.kind == kind {
            return self;
        }
        Self {
            value: self.value.cast(kind.polars()),
            kind,
            ..self
        }
    }

    /// Another value in place of this one, which fails where this one does.
    fn with(self, value: Expr, kind: Kind) -> Self {
        Self {
            value,
            kind,
            ..self
        }
    }

    /// That also fails in the rows of `more`.
    fn failing(self, more: Expr) -> Self {
        Self {
            fails: either(self.fails, Some(more)),
            ..self
        }
    }
}

/// A constant of exactly this type; Polars lets the type of others follow what is beside them.
pub(super) fn typed<T>(value: T) -> Expr
where
    Scalar: From<T>,
{
    lit(Scalar::from(value))
}

/// Fails where one of the two does.
fn either(a: Option<Expr>, b: Option<Expr>) -> Option<Expr> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.or(b)),
        (a, b) => a.or(b),
    }
}

/// Lowers an expression over columns whose types `kinds` tells.
///
/// # Errors
/// An unknown column, or an operation that these types do not have here.
pub(super) fn lower(
    node: &Node,
    kinds: &dyn Fn(&str) -> Option<Kind>,
) -> Result<Lowered, TruthError> {
    let down = |node: &Node| lower(node, kinds);
    match node {
        Node::Column(name) => match kinds(name) {
            Some(kind) => Ok(Lowered::safe(col(name.as_str()), kind)),
            None => Err(TruthError::Sql(format!("there is no column {name}"))),
        },
        Node::Literal(value) => Ok(literal(value)),
        Node::Binary(left, operation, right) => match operation {
            Operation::And | Operation::Or => logic(down(left)?, *operation, down(right)?),
            Operation::Concat => concat(down(left)?, down(right)?),
            Operation::Plus
            | Operation::Minus
            | Operation::Times
            | Operation::Divide
            | Operation::Remainder => arithmetic::binary(down(left)?, *operation, down(right)?),
            _ => {
                let (left, right) = comparable(left, right, kinds)?;
                Ok(compare(left, *operation, right))
            }
        },
        Node::Same(left, right) => {
            let (left, right) = comparable(left, right, kinds)?;
            let fails = either(left.fails, right.fails);
            let value = left.value.eq_missing(right.value);
            Ok(Lowered {
                value,
                fails,
                kind: Kind::Boolean,
            })
        }
        Node::Not(inner) => {
            let inner = boolean(down(inner)?)?;
            let value = inner.value.clone().not();
            Ok(inner.with(value, Kind::Boolean))
        }
        Node::Negate(inner) => arithmetic::negate(down(inner)?),
        Node::IsNull(inner) => {
            let inner = down(inner)?;
            let value = inner.value.clone().is_null();
            Ok(inner.with(value, Kind::Boolean))
        }
        Node::Case(branches, otherwise) => case(branches, otherwise, kinds),
        Node::Cast(inner, kind, lax) => cast::cast(down(inner)?, *kind, *lax),
        Node::Like(inner, pattern, case) => like::like(down(inner)?, pattern, *case),
        Node::Call(function, inner) => call::call(*function, down(inner)?),
        Node::Aggregate(function, _) => {
            let place = format!("{function:?} inside WHERE, a key or another aggregate");
            Err(TruthError::unsupported(place))
        }
    }
}

fn literal(literal: &Literal) -> Lowered {
    let (value, kind) = match literal {
        Literal::Null => (NULL.lit(), Kind::Null),
        Literal::Boolean(value) => (lit(*value), Kind::Boolean),
        Literal::Integer(value) => (typed(*value), Kind::Int64),
        Literal::Float(value) => (typed(*value), Kind::Float64),
        Literal::Text(text) => (lit(text.as_str()), Kind::Text),
        Literal::Date(days) => (typed(*days).cast(Kind::Date.polars()), Kind::Date),
        Literal::Timestamp(micros) => (
            typed(*micros).cast(Kind::Timestamp.polars()),
            Kind::Timestamp,
        ),
        Literal::Interval(micros) => (typed(*micros), Kind::Interval),
    };
    Lowered::safe(value, kind)
}

/// A condition; NULL is one.
fn boolean(lowered: Lowered) -> Result<Lowered, TruthError> {
    match lowered.kind {
        Kind::Boolean => Ok(lowered),
        Kind::Null => Ok(lowered.widened(Kind::Boolean)),
        kind => Err(TruthError::unsupported(format!("{kind:?} as a condition"))),
    }
}

fn logic(left: Lowered, operation: Operation, right: Lowered) -> Result<Lowered, TruthError> {
    let (left, right) = (boolean(left)?, boolean(right)?);
    // Where the left operand decides alone, the right one is not needed.
    let decided = left
        .value
        .clone()
        .eq_missing(lit(operation == Operation::Or));
    let needed = right.fails.map(|fails| fails.and(decided.not()));
    let value = match operation {
        Operation::Or => left.value.or(right.value),
        _ => left.value.and(right.value),
    };
    Ok(Lowered {
        value,
        fails: either(left.fails, needed),
        kind: Kind::Boolean,
    })
}

fn concat(left: Lowered, right: Lowered) -> Result<Lowered, TruthError> {
    match (left.kind, right.kind) {
        (Kind::Text, Kind::Text) => Ok(Lowered {
            value: left.value + right.value,
            fails: either(left.fails, right.fails),
            kind: Kind::Text,
        }),
        (a, b) => Err(TruthError::unsupported(format!("{a:?} || {b:?}"))),
    }
}

/// Both operands in one type; a text beside an instant is one.
fn comparable(
    left: &Node,
    right: &Node,
    kinds: &dyn Fn(&str) -> Option<Kind>,
) -> Result<(Lowered, Lowered), TruthError> {
    let (a, b) = (lower(left, kinds)?, lower(right, kinds)?);
    let instant = |kind| matches!(kind, Kind::Date | Kind::Timestamp);
    let (a, b) = match (a.kind, b.kind) {
        (kind, Kind::Text) if instant(kind) => (a, lower(&constant(right.clone(), kind)?, kinds)?),
        (Kind::Text, kind) if instant(kind) => (lower(&constant(left.clone(), kind)?, kinds)?, b),
        _ => (a, b),
    };
    match a.kind.both(b.kind) {
        Some(kind) => Ok((a.widened(kind), b.widened(kind))),
        None => {
            let construct = format!("a comparison of {:?} with {:?}", a.kind, b.kind);
            Err(TruthError::unsupported(construct))
        }
    }
}

fn compare(left: Lowered, operation: Operation, right: Lowered) -> Lowered {
    let fails = either(left.fails, right.fails);
    let (a, b) = (left.value, right.value);
    let value = match operation {
        Operation::NotEqual => a.neq(b),
        Operation::Less => a.lt(b),
        Operation::LessOrEqual => a.lt_eq(b),
        Operation::Greater => a.gt(b),
        Operation::GreaterOrEqual => a.gt_eq(b),
        _ => a.eq(b),
    };
    Lowered {
        value,
        fails,
        kind: Kind::Boolean,
    }
}

fn case(
    branches: &[(Node, Node)],
    otherwise: &Node,
    kinds: &dyn Fn(&str) -> Option<Kind>,
) -> Result<Lowered, TruthError> {
    let mut lowered = vec![];
    let otherwise = lower(otherwise, kinds)?;
    let mut kind = otherwise.kind;
    for (condition, result) in branches {
        let (condition, result) = (boolean(lower(condition, kinds)?)?, lower(result, kinds)?);
        kind = kind.both(result.kind).ok_or_else(|| {
            TruthError::unsupported(format!("CASE of {kind:?} and {:?}", result.kind))
        })?;
        lowered.push((condition, result));
    }
    // From the last branch to the first: each one decides between itself and the rest.
    let mut whole = otherwise.widened(kind);
    for (condition, result) in lowered.into_iter().rev() {
        let result = result.widened(kind);
        let taken = condition.value.eq_missing(lit(true));
        let inner = match (result.fails, whole.fails) {
            (None, None) => None,
            (yes, no) => {
                let (yes, no) = (yes.unwrap_or(lit(false)), no.unwrap_or(lit(false)));
                Some(when(taken.clone()).then(yes).otherwise(no))
            }
        };
        whole = Lowered {
            value: when(taken).then(result.value).otherwise(whole.value),
            fails: either(condition.fails, inner),
            kind,
        };
    }
    Ok(whole)
}
