//! From the parser's tree to [`Node`]s: names, literals, operators and calls.

mod aggregate;

use sqlparser::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DateTimeField, Expr, Function as Call, FunctionArg,
    FunctionArgExpr, FunctionArguments, Interval, UnaryOperator, Value,
};

use super::TruthError;
use super::instant::{DAY, instant};
use super::kind::Kind;
use super::node::{Function, Literal, Node, Operation, Part, Unit};

/// Understands an expression of a view.
///
/// # Errors
/// What has no lowering, by its text.
pub(super) fn resolve(expr: &Expr) -> Result<Node, TruthError> {
    let boxed = |expr: &Expr| resolve(expr).map(Box::new);
    let unless = |node: Node, negated: bool| if negated { node.not() } else { node };
    let same = |expr: &Expr, value: bool| {
        Ok::<_, TruthError>(Node::Same(boxed(expr)?, Box::new(Node::boolean(value))))
    };
    Ok(match expr {
        Expr::Identifier(name) => Node::Column(name.value.clone()),
        Expr::CompoundIdentifier(parts) => match parts.last() {
            Some(name) => Node::Column(name.value.clone()),
            None => return Err(TruthError::unsupported(expr)),
        },
        Expr::Nested(inner) => resolve(inner)?,
        Expr::Value(value) => literal(&value.value)?,
        Expr::TypedString(typed) => {
            let text = Node::Literal(Literal::Text(text(&typed.value.value)?));
            constant(text, Kind::of(&typed.data_type)?)?
        }
        Expr::Interval(interval) => Node::Literal(Literal::Interval(length(interval)?)),
        Expr::IsTrue(inner) => same(inner, true)?,
        Expr::IsNotTrue(inner) => same(inner, true)?.not(),
        Expr::IsFalse(inner) => same(inner, false)?,
        Expr::IsNotFalse(inner) => same(inner, false)?.not(),
        Expr::IsNull(inner) | Expr::IsUnknown(inner) => Node::IsNull(boxed(inner)?),
        Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => Node::IsNull(boxed(inner)?).not(),
        Expr::IsDistinctFrom(a, b) => Node::Same(boxed(a)?, boxed(b)?).not(),
        Expr::IsNotDistinctFrom(a, b) => Node::Same(boxed(a)?, boxed(b)?),
        Expr::InList {
            expr,
            list,
            negated,
        } => {
            let value = resolve(expr)?;
            let mut any = Node::boolean(false);
            for item in list {
                let equal = value.clone().binary(Operation::Equal, resolve(item)?);
                any = any.binary(Operation::Or, equal);
            }
            unless(any, *negated)
        }
        Expr::Between {
            expr,
            negated,
            low,
            high,
        } => {
            let value = resolve(expr)?;
            let from = value
                .clone()
                .binary(Operation::GreaterOrEqual, resolve(low)?);
            let to = value.binary(Operation::LessOrEqual, resolve(high)?);
            unless(from.binary(Operation::And, to), *negated)
        }
        Expr::BinaryOp { left, op, right } => {
            resolve(left)?.binary(operation(op)?, resolve(right)?)
        }
        Expr::UnaryOp { op, expr: inner } => match op {
            UnaryOperator::Plus => resolve(inner)?,
            UnaryOperator::Not => resolve(inner)?.not(),
            UnaryOperator::Minus => match resolve(inner)? {
                Node::Literal(Literal::Integer(value)) => {
                    Node::Literal(Literal::Integer(value.wrapping_neg()))
                }
                Node::Literal(Literal::Float(value)) => Node::Literal(Literal::Float(-value)),
                other => Node::Negate(Box::new(other)),
            },
            _ => return Err(TruthError::unsupported(expr)),
        },
        Expr::Like {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: None,
        } => unless(like(expr, pattern, true)?, *negated),
        Expr::ILike {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: None,
        } => unless(like(expr, pattern, false)?, *negated),
        Expr::Cast {
            kind,
            expr,
            data_type,
            format: None,
            array: false,
        } => {
            let lax = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
            Node::Cast(boxed(expr)?, Kind::of(data_type)?, lax)
        }
        Expr::Case {
            operand,
            conditions,
            else_result,
            ..
        } => {
            let mut branches = vec![];
            for branch in conditions {
                let mut when = resolve(&branch.condition)?;
                if let Some(operand) = operand {
                    when = resolve(operand)?.binary(Operation::Equal, when);
                }
                branches.push((when, resolve(&branch.result)?));
            }
            let otherwise = match else_result {
                Some(result) => resolve(result)?,
                None => Node::null(),
            };
            Node::Case(branches, Box::new(otherwise))
        }
        Expr::Extract { field, expr, .. } => {
            Node::Call(Function::Part(part(&field.to_string())?), boxed(expr)?)
        }
        Expr::Floor {
            expr,
            field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
        } => Node::Call(Function::Floor, boxed(expr)?),
        Expr::Ceil {
            expr,
            field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
        } => Node::Call(Function::Ceil, boxed(expr)?),
        Expr::Function(call) => function(call)?,
        other => return Err(TruthError::unsupported(other)),
    })
}

fn literal(value: &Value) -> Result<Node, TruthError> {
    let literal = match value {
        Value::Null => Literal::Null,
        Value::Boolean(value) => Literal::Boolean(*value),
        Value::Number(digits, _) => match (digits.parse(), digits.parse()) {
            (Ok(integer), _) => Literal::Integer(integer),
            (_, Ok(float)) if digits.contains(['.', 'e', 'E']) => Literal::Float(float),
            _ => return Err(TruthError::unsupported(format!("the number {digits}"))),
        },
        other => Literal::Text(text(other)?),
    };
    Ok(Node::Literal(literal))
}

fn text(value: &Value) -> Result<String, TruthError> {
    match value {
        Value::SingleQuotedString(text) => Ok(text.clone()),
        other => Err(TruthError::unsupported(other)),
    }
}

/// A text as the constant of type `kind` that it writes; other expressions as they are.
pub(super) fn constant(node: Node, kind: Kind) -> Result<Node, TruthError> {
    let Node::Literal(Literal::Text(text)) = &node else {
        return Ok(node);
    };
    let micros = instant(text);
    let literal = match (kind, micros) {
        (Kind::Timestamp, Some(micros)) => Literal::Timestamp(micros),
        (Kind::Date, Some(micros)) => match i32::try_from(micros.div_euclid(DAY)) {
            Ok(day) => Literal::Date(day),
            Err(_) => return Err(TruthError::unsupported(format!("{text:?} as a DATE"))),
        },
        (Kind::Text, _) => return Ok(node),
        _ => {
            let construct = format!("the text {text:?} where {kind:?} is expected");
            return Err(TruthError::unsupported(construct));
        }
    };
    Ok(Node::Literal(literal))
}

fn operation(op: &BinaryOperator) -> Result<Operation, TruthError> {
    Ok(match op {
        BinaryOperator::Plus => Operation::Plus,
        BinaryOperator::Minus => Operation::Minus,
        BinaryOperator::Multiply => Operation::Times,
        BinaryOperator::Divide => Operation::Divide,
        BinaryOperator::Modulo => Operation::Remainder,
        BinaryOperator::StringConcat => Operation::Concat,
        BinaryOperator::Eq => Operation::Equal,
        BinaryOperator::NotEq => Operation::NotEqual,
        BinaryOperator::Lt => Operation::Less,
        BinaryOperator::LtEq => Operation::LessOrEqual,
        BinaryOperator::Gt => Operation::Greater,
        BinaryOperator::GtEq => Operation::GreaterOrEqual,
        BinaryOperator::And => Operation::And,
        BinaryOperator::Or => Operation::Or,
        other => return Err(TruthError::unsupported(format!("the operator {other}"))),
    })
}

fn like(expr: &Expr, pattern: &Expr, case: bool) -> Result<Node, TruthError> {
    match resolve(pattern)? {
        Node::Literal(Literal::Text(pattern)) => {
            Ok(Node::Like(Box::new(resolve(expr)?), pattern, case))
        }
        _ => Err(TruthError::unsupported(format!("LIKE {pattern}"))),
    }
}

/// The length of an interval with one unit, in or behind the text.
fn length(interval: &Interval) -> Result<i64, TruthError> {
    let unsupported = || TruthError::unsupported(interval);
    if interval.last_field.is_some() {
        return Err(unsupported());
    }
    let value = match interval.value.as_ref() {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.clone(),
            other => text(other)?,
        },
        _ => return Err(unsupported()),
    };
    let (number, unit) = match (&interval.leading_field, value.trim().split_once(' ')) {
        (Some(field), None) => (value.trim(), field.to_string()),
        (None, Some((number, unit))) => (number, unit.trim().to_owned()),
        _ => return Err(unsupported()),
    };
    let unit = unit.to_lowercase();
    let micros = match unit.strip_suffix('s').unwrap_or(&unit) {
        "microsecond" => 1,
        "millisecond" => 1000,
        "second" => 1_000_000,
        "minute" => 60_000_000,
        "hour" => 3_600_000_000,
        "day" => DAY,
        "week" => 7 * DAY,
        _ => return Err(unsupported()),
    };
    let number: i64 = number.parse().map_err(|_| unsupported())?;
    number.checked_mul(micros).ok_or_else(unsupported)
}

fn function(call: &Call) -> Result<Node, TruthError> {
    if let Some(node) = aggregate::aggregate(call)? {
        return Ok(node);
    }
    let unsupported = || TruthError::unsupported(call);
    let FunctionArguments::List(list) = &call.args else {
        return Err(unsupported());
    };
    let plain = call.filter.is_none()
        && call.over.is_none()
        && call.null_treatment.is_none()
        && call.within_group.is_empty()
        && list.duplicate_treatment.is_none()
        && list.clauses.is_empty();
    if !plain {
        return Err(unsupported());
    }
    let name = call.name.to_string().to_lowercase();
    let mut args = vec![];
    for arg in &list.args {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg else {
            return Err(unsupported());
        };
        args.push(resolve(expr)?);
    }
    if name == "coalesce" && !args.is_empty() {
        return Ok(coalesce(args));
    }
    let node = match <[Node; 1]>::try_from(args) {
        Ok([value]) => one(&name, value),
        Err(args) => match <[Node; 2]>::try_from(args) {
            Ok([first, second]) => two(&name, first, second)?,
            Err(_) => None,
        },
    };
    node.ok_or_else(unsupported)
}

/// The first value that is not NULL.
fn coalesce(args: Vec<Node>) -> Node {
    let branch = |value: Node| (Node::IsNull(Box::new(value.clone())).not(), value);
    Node::Case(
        args.into_iter().map(branch).collect(),
        Box::new(Node::null()),
    )
}

/// A call of one argument.
fn one(name: &str, value: Node) -> Option<Node> {
    let call = |function, value| Some(Node::Call(function, Box::new(value)));
    match name {
        "abs" => call(Function::Abs, value),
        "lower" => call(Function::Lower, value),
        "upper" => call(Function::Upper, value),
        "length" | "char_length" | "character_length" => call(Function::Length, value),
        "floor" => call(Function::Floor, value),
        "ceil" => call(Function::Ceil, value),
        "round" => call(Function::Round, value),
        _ => None,
    }
}

/// A call of two arguments.
fn two(name: &str, first: Node, second: Node) -> Result<Option<Node>, TruthError> {
    Ok(match (name, first) {
        ("nullif", first) => {
            let equal = first.clone().binary(Operation::Equal, second);
            Some(Node::Case(vec![(equal, Node::null())], Box::new(first)))
        }
        ("date_trunc", Node::Literal(Literal::Text(unit))) => Some(Node::Call(
            Function::Truncate(truncated(&unit)?),
            Box::new(second),
        )),
        ("date_part", Node::Literal(Literal::Text(name))) => {
            Some(Node::Call(Function::Part(part(&name)?), Box::new(second)))
        }
        _ => None,
    })
}

fn truncated(unit: &str) -> Result<Unit, TruthError> {
    Ok(match unit.to_lowercase().as_str() {
        "second" => Unit::Second,
        "minute" => Unit::Minute,
        "hour" => Unit::Hour,
        "day" => Unit::Day,
        "week" => Unit::Week,
        "month" => Unit::Month,
        "quarter" => Unit::Quarter,
        "year" => Unit::Year,
        _ => return Err(TruthError::unsupported(format!("DATE_TRUNC('{unit}', …)"))),
    })
}

fn part(name: &str) -> Result<Part, TruthError> {
    Ok(match name.to_lowercase().as_str() {
        "second" => Part::Second,
        "minute" => Part::Minute,
        "hour" => Part::Hour,
        "day" => Part::Day,
        "month" => Part::Month,
        "year" => Part::Year,
        "dow" => Part::Weekday,
        "doy" => Part::DayOfYear,
        _ => return Err(TruthError::unsupported(format!("EXTRACT({name} FROM …)"))),
    })
}
