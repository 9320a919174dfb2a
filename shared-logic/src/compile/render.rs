//! Expressions in our own canonical text, which fingerprints are made of.
//!
//! Every node is written as `name(parts)`, every literal and cast with its type. The text must
//! never change for an expression that was accepted once: it decides which segments still fit.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::ScalarValue;
use datafusion_expr::expr::{Between, Case, InList, Like, ScalarFunction};
use datafusion_expr::{BinaryExpr, Expr, Operator};

use crate::fingerprint::{column_text, quoted};

/// The canonical text of an expression.
///
/// # Errors
/// What the expression contains that a view cannot maintain.
pub(super) fn canonical(expr: &Expr) -> Result<String, String> {
    let node = |name: &str, parts: &[&Expr]| {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| canonical(part))
            .collect::<Result<_, _>>()?;
        Ok(format!("{name}({})", parts.join(", ")))
    };
    match expr {
        Expr::Alias(alias) => canonical(&alias.expr),
        Expr::Column(column) => Ok(column_text(&column.name)),
        Expr::Literal(value, _) => literal(value),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => node(operator(*op)?, &[left, right]),
        Expr::Not(inner) => node("not", &[inner]),
        Expr::Negative(inner) => node("negative", &[inner]),
        Expr::IsNull(inner) => node("is_null", &[inner]),
        Expr::IsNotNull(inner) => node("is_not_null", &[inner]),
        Expr::IsTrue(inner) => node("is_true", &[inner]),
        Expr::IsFalse(inner) => node("is_false", &[inner]),
        Expr::IsUnknown(inner) => node("is_unknown", &[inner]),
        Expr::IsNotTrue(inner) => node("is_not_true", &[inner]),
        Expr::IsNotFalse(inner) => node("is_not_false", &[inner]),
        Expr::IsNotUnknown(inner) => node("is_not_unknown", &[inner]),
        Expr::Between(Between {
            expr,
            negated,
            low,
            high,
        }) => node(
            if *negated { "not_between" } else { "between" },
            &[expr, low, high],
        ),
        Expr::Like(like) => {
            let name = match (like.negated, like.case_insensitive) {
                (false, false) => "like",
                (true, false) => "not_like",
                (false, true) => "ilike",
                (true, true) => "not_ilike",
            };
            escape(like)?;
            node(name, &[&like.expr, &like.pattern])
        }
        Expr::InList(InList {
            expr,
            list,
            negated,
        }) => {
            let parts: Vec<&Expr> = std::iter::once(expr.as_ref()).chain(list).collect();
            node(if *negated { "not_in" } else { "in" }, &parts)
        }
        Expr::Case(case) => cases(case),
        Expr::Cast(cast) => {
            let to = type_text(cast.field.data_type())?;
            Ok(format!("cast({}, {to})", canonical(&cast.expr)?))
        }
        Expr::TryCast(cast) => {
            let to = type_text(cast.field.data_type())?;
            Ok(format!("try_cast({}, {to})", canonical(&cast.expr)?))
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) => {
            let parts: Vec<&Expr> = args.iter().collect();
            node(&format!("call:{}", func.name()), &parts)
        }
        other => Err(format!("{other} is not supported in a view")),
    }
}

fn escape(like: &Like) -> Result<(), String> {
    match like.escape_char {
        None | Some('\\') => Ok(()),
        Some(other) => Err(format!(
            "LIKE … ESCAPE '{other}' is not supported, escape with \\"
        )),
    }
}

fn cases(case: &Case) -> Result<String, String> {
    let mut parts = vec![];
    if let Some(subject) = &case.expr {
        parts.push(format!("of({})", canonical(subject)?));
    }
    for (when, then) in &case.when_then_expr {
        parts.push(format!("when({}, {})", canonical(when)?, canonical(then)?));
    }
    if let Some(other) = &case.else_expr {
        parts.push(format!("else({})", canonical(other)?));
    }
    Ok(format!("case({})", parts.join(", ")))
}

fn operator(op: Operator) -> Result<&'static str, String> {
    Ok(match op {
        Operator::Eq => "equal",
        Operator::NotEq => "not_equal",
        Operator::Lt => "less",
        Operator::LtEq => "less_or_equal",
        Operator::Gt => "greater",
        Operator::GtEq => "greater_or_equal",
        Operator::Plus => "add",
        Operator::Minus => "subtract",
        Operator::Multiply => "multiply",
        Operator::Divide => "divide",
        Operator::Modulo => "remainder",
        Operator::And => "and",
        Operator::Or => "or",
        Operator::IsDistinctFrom => "distinct",
        Operator::IsNotDistinctFrom => "not_distinct",
        Operator::StringConcat => "concatenate",
        Operator::BitwiseAnd => "bit_and",
        Operator::BitwiseOr => "bit_or",
        Operator::BitwiseXor => "bit_xor",
        other => return Err(format!("the operator {other} is not supported in a view")),
    })
}

fn literal(value: &ScalarValue) -> Result<String, String> {
    let data_type = type_text(&value.data_type())?;
    if value.is_null() {
        return Ok(format!("null({data_type})"));
    }
    let text = match value {
        ScalarValue::Boolean(Some(value)) => value.to_string(),
        ScalarValue::Int8(Some(value)) => value.to_string(),
        ScalarValue::Int16(Some(value)) => value.to_string(),
        ScalarValue::Int32(Some(value)) => value.to_string(),
        ScalarValue::Int64(Some(value)) => value.to_string(),
        ScalarValue::UInt8(Some(value)) => value.to_string(),
        ScalarValue::UInt16(Some(value)) => value.to_string(),
        ScalarValue::UInt32(Some(value)) => value.to_string(),
        ScalarValue::UInt64(Some(value)) => value.to_string(),
        // Bits, so that no way of printing a float can change the text.
        ScalarValue::Float32(Some(value)) => format!("{:08x}", value.to_bits()),
        ScalarValue::Float64(Some(value)) => format!("{:016x}", value.to_bits()),
        ScalarValue::Decimal128(Some(value), ..) => value.to_string(),
        ScalarValue::Utf8(Some(text))
        | ScalarValue::Utf8View(Some(text))
        | ScalarValue::LargeUtf8(Some(text)) => quoted(text),
        ScalarValue::Date32(Some(days)) => days.to_string(),
        ScalarValue::TimestampSecond(Some(time), _)
        | ScalarValue::TimestampMillisecond(Some(time), _)
        | ScalarValue::TimestampMicrosecond(Some(time), _)
        | ScalarValue::TimestampNanosecond(Some(time), _) => time.to_string(),
        ScalarValue::IntervalMonthDayNano(Some(length)) => format!(
            "{} months {} days {} ns",
            length.months, length.days, length.nanoseconds
        ),
        other => return Err(format!("the constant {other} is not supported in a view")),
    };
    Ok(format!("{data_type}({text})"))
}

/// The canonical name of a type.
///
/// # Errors
/// A type that expressions of a view cannot have.
pub(super) fn type_text(data_type: &DataType) -> Result<String, String> {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    Ok(match data_type {
        DataType::Null => "null".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "int8".into(),
        DataType::Int16 => "int16".into(),
        DataType::Int32 => "int32".into(),
        DataType::Int64 => "int64".into(),
        DataType::UInt8 => "uint8".into(),
        DataType::UInt16 => "uint16".into(),
        DataType::UInt32 => "uint32".into(),
        DataType::UInt64 => "uint64".into(),
        DataType::Float32 => "float32".into(),
        DataType::Float64 => "float64".into(),
        DataType::Decimal128(precision, scale) => format!("decimal128:{precision}:{scale}"),
        DataType::Date32 => "date32".into(),
        DataType::Timestamp(of, None) => format!("timestamp_{}", unit(of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp_{}:{zone}", unit(of)),
        DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano) => "interval".into(),
        // One text type: which of them an expression passes through does not change its values.
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "utf8".into(),
        other => return Err(format!("the type {other} is not supported in a view")),
    })
}
