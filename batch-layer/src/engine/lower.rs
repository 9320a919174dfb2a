//! Expressions of a view as Polars': those that cannot fail and mean the same in both.

use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::expr::InList;
use datafusion_expr::{Between, BinaryExpr, Case, Expr, Operator};
use polars::prelude::{
    DataType as PolarsType, Expr as Polars, LiteralValue, TimeUnit, col, lit, when,
};

/// A part of a view that Polars does not compute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not computed by Polars ({why}); use --engine fold")]
pub struct Unlowered {
    /// The part, as SQL has it.
    pub what: String,
    /// Why not.
    pub why: &'static str,
}

impl Unlowered {
    pub(super) fn new(what: impl ToString, why: &'static str) -> Self {
        Self {
            what: what.to_string(),
            why,
        }
    }
}

/// The expression over columns of these types, by name.
///
/// # Errors
/// An operation that may fail for a record, as the record would have to be rejected, or one whose
/// meaning differs.
pub(super) fn lower(
    expr: &Expr,
    types: &impl Fn(&str) -> Option<DataType>,
) -> Result<Polars, Unlowered> {
    let go = |part: &Expr| lower(part, types);
    match expr {
        Expr::Alias(alias) => go(&alias.expr),
        Expr::Column(column) => Ok(col(column.name.as_str())),
        Expr::Literal(value, _) => literal(value),
        Expr::Not(inner) => Ok(go(inner)?.not()),
        Expr::IsNull(inner) => Ok(go(inner)?.is_null()),
        Expr::IsNotNull(inner) => Ok(go(inner)?.is_not_null()),
        Expr::BinaryExpr(binary) => operation(binary, types),
        Expr::Between(Between {
            expr: subject,
            negated,
            low,
            high,
        }) => {
            comparable(subject, types)?;
            let inside = go(subject)?
                .gt_eq(go(low)?)
                .and(go(subject)?.lt_eq(go(high)?));
            Ok(if *negated { inside.not() } else { inside })
        }
        Expr::InList(InList {
            expr: subject,
            list,
            negated,
        }) => {
            comparable(subject, types)?;
            let mut any = lit(false);
            for item in list {
                any = any.or(go(subject)?.eq(go(item)?));
            }
            Ok(if *negated { any.not() } else { any })
        }
        Expr::Case(Case {
            expr: None,
            when_then_expr,
            else_expr,
        }) => {
            let mut result = match else_expr {
                Some(other) => go(other)?,
                None => lit(LiteralValue::untyped_null()),
            };
            for (condition, then) in when_then_expr.iter().rev() {
                result = when(go(condition)?).then(go(then)?).otherwise(result);
            }
            Ok(result)
        }
        Expr::Cast(cast) => {
            let from = type_of(&cast.expr, types);
            let to = cast.field.data_type();
            match (from, to) {
                (Some(from), to) if from == *to => go(&cast.expr),
                (Some(from), to) if widens(&from, to) => Ok(go(&cast.expr)?.cast(polars_type(to)?)),
                _ => Err(Unlowered::new(expr, "a cast may fail")),
            }
        }
        other => Err(Unlowered::new(other, "it has no counterpart there")),
    }
}

fn operation(
    binary: &BinaryExpr,
    types: &impl Fn(&str) -> Option<DataType>,
) -> Result<Polars, Unlowered> {
    let BinaryExpr { left, op, right } = binary;
    let sides = || Ok::<_, Unlowered>((lower(left, types)?, lower(right, types)?));
    let compared = || {
        comparable(left, types)?;
        sides()
    };
    let float = || {
        let float = [left, right]
            .iter()
            .all(|side| type_of(side, types).is_some_and(|of| of.is_floating()));
        match float {
            true => sides(),
            false => Err(Unlowered::new(
                Expr::BinaryExpr(binary.clone()),
                "integers and decimals may overflow",
            )),
        }
    };
    Ok(match op {
        Operator::And => {
            let (left, right) = sides()?;
            left.and(right)
        }
        Operator::Or => {
            let (left, right) = sides()?;
            left.or(right)
        }
        Operator::Eq => {
            let (left, right) = compared()?;
            left.eq(right)
        }
        Operator::NotEq => {
            let (left, right) = compared()?;
            left.neq(right)
        }
        Operator::Lt => {
            let (left, right) = compared()?;
            left.lt(right)
        }
        Operator::LtEq => {
            let (left, right) = compared()?;
            left.lt_eq(right)
        }
        Operator::Gt => {
            let (left, right) = compared()?;
            left.gt(right)
        }
        Operator::GtEq => {
            let (left, right) = compared()?;
            left.gt_eq(right)
        }
        Operator::Plus => {
            let (left, right) = float()?;
            left + right
        }
        Operator::Minus => {
            let (left, right) = float()?;
            left - right
        }
        Operator::Multiply => {
            let (left, right) = float()?;
            left * right
        }
        _ => {
            return Err(Unlowered::new(
                Expr::BinaryExpr(binary.clone()),
                "the operator may fail or has no counterpart there",
            ));
        }
    })
}

/// Fails for values that the two engines order differently.
fn comparable(expr: &Expr, types: &impl Fn(&str) -> Option<DataType>) -> Result<(), Unlowered> {
    match type_of(expr, types) {
        Some(of) if of.is_floating() => Err(Unlowered::new(
            expr,
            "NaN and -0.0 compare differently there",
        )),
        Some(DataType::Decimal128(..)) | None => {
            Err(Unlowered::new(expr, "its type is not compared there"))
        }
        Some(_) => Ok(()),
    }
}

/// The type of what is lowered here; `None` where it does not matter or is not known.
pub(super) fn type_of(expr: &Expr, types: &impl Fn(&str) -> Option<DataType>) -> Option<DataType> {
    match expr {
        Expr::Alias(alias) => type_of(&alias.expr, types),
        Expr::Column(column) => types(&column.name),
        Expr::Literal(value, _) => Some(value.data_type()),
        Expr::Cast(cast) => Some(cast.field.data_type().clone()),
        Expr::BinaryExpr(binary) if binary.op.is_numerical_operators() => {
            type_of(&binary.left, types)
        }
        Expr::Case(case) => case
            .when_then_expr
            .first()
            .and_then(|(_, then)| type_of(then, types)),
        _ => Some(DataType::Boolean),
    }
}

/// Whether every value of one type has its equal in the other.
fn widens(from: &DataType, to: &DataType) -> bool {
    let bits = |of: &DataType| of.primitive_width().unwrap_or_default();
    (from.is_signed_integer() && to.is_signed_integer() && bits(from) <= bits(to))
        || (from.is_integer() && *to == DataType::Float64)
        || (*from == DataType::Float32 && *to == DataType::Float64)
}

/// The type as Polars names it.
///
/// # Errors
/// A type that is not handed over.
pub(super) fn polars_type(of: &DataType) -> Result<PolarsType, Unlowered> {
    Ok(match of {
        DataType::Boolean => PolarsType::Boolean,
        DataType::Int8 => PolarsType::Int8,
        DataType::Int16 => PolarsType::Int16,
        DataType::Int32 => PolarsType::Int32,
        DataType::Int64 => PolarsType::Int64,
        DataType::Float32 => PolarsType::Float32,
        DataType::Float64 => PolarsType::Float64,
        DataType::Utf8 => PolarsType::String,
        DataType::Date32 => PolarsType::Date,
        DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None) => {
            PolarsType::Datetime(TimeUnit::Microseconds, None)
        }
        other => return Err(Unlowered::new(other, "the type is not handed over")),
    })
}

fn literal(value: &ScalarValue) -> Result<Polars, Unlowered> {
    let of = value.data_type();
    if value.is_null() {
        return match of {
            DataType::Null => Ok(lit(LiteralValue::untyped_null())),
            of => Ok(lit(LiteralValue::untyped_null()).cast(polars_type(&of)?)),
        };
    }
    let literal = match value {
        ScalarValue::Boolean(Some(value)) => lit(*value),
        ScalarValue::Int8(Some(value)) => lit(i64::from(*value)),
        ScalarValue::Int16(Some(value)) => lit(i64::from(*value)),
        ScalarValue::Int32(Some(value)) => lit(i64::from(*value)),
        ScalarValue::Int64(Some(value)) => lit(*value),
        ScalarValue::Float32(Some(value)) => lit(*value),
        ScalarValue::Float64(Some(value)) => lit(*value),
        ScalarValue::Utf8(Some(text)) => lit(text.as_str()),
        ScalarValue::Date32(Some(days)) => lit(*days),
        ScalarValue::TimestampMicrosecond(Some(time), None) => lit(*time),
        other => return Err(Unlowered::new(other, "the constant is not handed over")),
    };
    Ok(literal.cast(polars_type(&of)?))
}
