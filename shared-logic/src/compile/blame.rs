//! Which part of an expression cannot be planned, and what to write instead.

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion_common::{DFSchema, DataFusionError, ScalarValue};
use datafusion_expr::ExprSchemable;
use sqlparser::ast::{self, BinaryOperator, Expr, Spanned, Visit, Visitor};
use sqlparser::tokenizer::Location;

use super::check::function_name;
use super::expression::{coerced, reason};
use super::functions::FUNCTIONS;
use super::plan::Planner;
use crate::sql_error::SqlError;
use crate::table::type_name;

/// What is wrong with an expression that DataFusion refuses: its innermost part that cannot be
/// planned alone is to blame. `fallback` is the place of parts that have none.
pub(super) fn blame(
    planner: &Planner,
    sql: &Expr,
    schema: &DFSchema,
    error: &DataFusionError,
    fallback: Location,
) -> SqlError {
    let mut search = Search { planner, schema };
    let (part, error) = match sql.visit(&mut search) {
        ControlFlow::Break((part, error)) => (part, reason(&error)),
        ControlFlow::Continue(()) => (sql.clone(), reason(error)),
    };
    let typed = |part: &Expr| {
        let data_type = planner.attempt(part, schema).ok()?;
        Some((part.to_string(), data_type))
    };
    let mut place = part.span().start;
    let (message, help) = match &part {
        Expr::BinaryOp {
            left,
            op: op @ (BinaryOperator::And | BinaryOperator::Or),
            right,
        } => match (typed(left), typed(right)) {
            (Some((_, DataType::Boolean)), Some((text, kind))) => {
                place = right.span().start;
                condition(op, &text, &kind)
            }
            (Some((text, kind)), _) => condition(op, &text, &kind),
            _ => plain(&error),
        },
        Expr::BinaryOp { left, op, right } => match (typed(left), typed(right)) {
            (Some(left), Some(right)) => operator(op, &left, &right),
            _ => plain(&error),
        },
        Expr::Function(function) => {
            let name = function_name(function);
            let given: Option<Vec<String>> = arguments(function)
                .iter()
                .map(|argument| Some(shown(&typed(argument)?.1)))
                .collect();
            match given {
                Some(given) => call(&name, &given),
                None => plain(&error),
            }
        }
        Expr::Cast { expr, .. }
            if error.starts_with("unsupported CAST") || error.starts_with("cannot cast") =>
        {
            let from = typed(expr).map_or_else(|| expr.to_string(), |(_, kind)| shown(&kind));
            (
                format!("{from} does not convert to what {part} asks for"),
                "convert to VARCHAR first, or leave the CAST out".into(),
            )
        }
        Expr::UnaryOp {
            op: ast::UnaryOperator::Not,
            expr,
        } => match typed(expr) {
            Some((text, kind)) if kind != DataType::Boolean => (
                format!("NOT needs a condition, found {}", shown(&kind)),
                format!("compare {text} with something"),
            ),
            _ => plain(&error),
        },
        Expr::Like { expr, .. } | Expr::ILike { expr, .. } => match typed(expr) {
            Some((text, kind)) if !kind.is_string() => (
                format!("LIKE needs a text, found {}", shown(&kind)),
                format!("write CAST({text} AS VARCHAR) LIKE …"),
            ),
            _ => plain(&error),
        },
        _ => plain(&error),
    };
    SqlError::new(place, message, help).or_at(fallback)
}

/// Finds the innermost part that cannot be planned.
struct Search<'a> {
    planner: &'a Planner<'a>,
    schema: &'a DFSchema,
}

impl Visitor for Search<'_> {
    type Break = (Expr, DataFusionError);

    fn post_visit_expr(&mut self, part: &Expr) -> ControlFlow<Self::Break> {
        match self.planner.attempt(part, self.schema) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break((part.clone(), error)),
        }
    }
}

impl Planner<'_> {
    /// The type of an expression, where it can be planned.
    fn attempt(&self, part: &Expr, schema: &DFSchema) -> Result<DataType, DataFusionError> {
        coerced(self.logical(part, schema)?, schema)?.get_type(schema)
    }
}

fn operator(
    op: &BinaryOperator,
    (left, from): &(String, DataType),
    (right, to): &(String, DataType),
) -> (String, String) {
    use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus};
    let (a, b) = (shown(from), shown(to));
    match op {
        Plus | Minus | Multiply | Divide | Modulo => {
            let (text, other) = match from.is_string() {
                true => (Some(left), to),
                false => (Some(right).filter(|_| to.is_string()), from),
            };
            let help = match (text, other) {
                (Some(text), DataType::Timestamp(..) | DataType::Date32) => {
                    format!("write CAST({text} AS TIMESTAMP), or INTERVAL '1' HOUR")
                }
                (Some(text), _) if *op == Plus => {
                    format!("write CAST({text} AS BIGINT), or put texts together with ||")
                }
                (Some(text), _) => format!("write CAST({text} AS BIGINT)"),
                (None, _) => {
                    let help = "numbers go with numbers, and timestamps with intervals: convert one side with CAST(… AS …)";
                    help.to_owned()
                }
            };
            (format!("cannot compute {a} {op} {b}"), help)
        }
        _ => (
            format!("cannot compute {a} {op} {b}"),
            format!("convert one side, as in CAST({right} AS {a})"),
        ),
    }
}

/// What is said of a side of AND or OR that is no condition.
fn condition(op: &BinaryOperator, text: &str, kind: &DataType) -> (String, String) {
    (
        format!("{op} needs conditions, found {}", shown(kind)),
        format!("compare {text} with something"),
    )
}

/// What a function takes, as its own documentation has it.
fn call(name: &str, given: &[String]) -> (String, String) {
    let message = match given.is_empty() {
        true => format!("{name} needs arguments"),
        false => format!("{name} does not take {}", given.join(", ")),
    };
    let known = FUNCTIONS.scalars.get(name);
    let write = known.and_then(|function| Some(&function.documentation()?.syntax_example));
    let help = match write {
        Some(write) => format!("write {write}"),
        None => "convert an argument with CAST(… AS …)".into(),
    };
    (message, help)
}

fn plain(error: &str) -> (String, String) {
    // What our own planners of types say has a way out already.
    if let Some((message, help)) = error.split_once("; ") {
        return (message.to_owned(), help.to_owned());
    }
    let help = "bring its parts to types that go together with CAST(… AS …)";
    (in_sql(error), help.to_owned())
}

/// The text with SQL's names for the types of Arrow.
fn in_sql(text: &str) -> String {
    const NAMES: [(&str, &str); 9] = [
        ("Utf8", "VARCHAR"),
        ("Int8", "TINYINT"),
        ("Int16", "SMALLINT"),
        ("Int32", "INT"),
        ("Int64", "BIGINT"),
        ("Float32", "REAL"),
        ("Float64", "DOUBLE"),
        ("Boolean", "BOOLEAN"),
        ("Date32", "DATE"),
    ];
    let mut words = vec![];
    for word in text.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
        let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let name = NAMES.iter().find(|(arrow, _)| *arrow == bare);
        words.push(match name {
            Some((arrow, sql)) => word.replacen(arrow, sql, 1),
            None => word.to_owned(),
        });
    }
    words.concat()
}

/// The first text in a comparison that is no value of the other side's type: every event would fail
/// on it.
pub(super) fn no_value(planner: &Planner, sql: &Expr, schema: &DFSchema) -> Option<SqlError> {
    let flow = ast::visit_expressions(sql, |part| {
        let Expr::BinaryOp { left, op, right } = part else {
            return ControlFlow::Continue(());
        };
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        if !matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq) {
            return ControlFlow::Continue(());
        }
        for (constant, other) in [(left, right), (right, left)] {
            let (Some(text), Ok(kind)) = (text(constant), planner.attempt(other, schema)) else {
                continue;
            };
            let converts = kind.is_string() || ScalarValue::from(text).cast_to(&kind).is_ok();
            if !converts {
                let message = format!("'{text}' is no {}, which {other} is", shown(&kind));
                let help = format!("compare {other} with a value such as {}", example(&kind));
                return ControlFlow::Break(SqlError::new(constant.span().start, message, help));
            }
        }
        ControlFlow::Continue(())
    });
    match flow {
        ControlFlow::Break(error) => Some(error),
        ControlFlow::Continue(()) => None,
    }
}

fn text(sql: &Expr) -> Option<&str> {
    match sql {
        Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// A value of a type as SQL writes it.
fn example(kind: &DataType) -> &'static str {
    match kind {
        DataType::Timestamp(..) => "TIMESTAMP '2024-01-31 12:00:00'",
        DataType::Date32 => "DATE '2024-01-31'",
        DataType::Boolean => "TRUE",
        _ => "12",
    }
}

/// The SQL name of a type of an expression.
fn shown(kind: &DataType) -> String {
    match kind {
        DataType::Null => "NULL".into(),
        DataType::Interval(_) => "INTERVAL".into(),
        kind if kind.is_string() => "VARCHAR".into(),
        kind => type_name(kind),
    }
}

fn arguments(function: &ast::Function) -> Vec<&Expr> {
    let ast::FunctionArguments::List(list) = &function.args else {
        return vec![];
    };
    (list.args.iter())
        .filter_map(|argument| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}
