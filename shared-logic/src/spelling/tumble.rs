//! Calls of TUMBLE and its relatives: what they are over, and what column stands for them.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, visit_expressions_mut,
};
use sqlparser::tokenizer::Location;

use super::{WINDOW_END, WINDOW_START, Window, bare, start};
use crate::parse::interval::microseconds;
use crate::parse::name::normal;
use crate::sql_error::SqlError;
use crate::time::Tumble;

const HELP: &str =
    "write TUMBLE(table, time, INTERVAL '1' HOUR), optionally with an interval more as offset";

/// The one-part name of a call in small letters, and its arguments.
pub(super) fn call(expr: &Expr) -> Option<(String, &[FunctionArg])> {
    match bare(expr) {
        Expr::Function(function) => Some((name(function)?, arguments(function)?)),
        _ => None,
    }
}

fn name(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [part] => part
            .as_ident()
            .map(|ident| normal(ident).value.to_lowercase()),
        _ => None,
    }
}

fn arguments(function: &Function) -> Option<&[FunctionArg]> {
    match &function.args {
        FunctionArguments::List(list) => Some(&list.args),
        FunctionArguments::None => Some(&[]),
        FunctionArguments::Subquery(_) => None,
    }
}

/// Fails for the windows that are known and not built yet.
pub(super) fn refuse_other(name: &str, at: Location) -> Result<(), SqlError> {
    if !["hop", "cumulate", "session"].contains(&name) {
        return Ok(());
    }
    let message = format!("{} windows are not supported yet", name.to_uppercase());
    Err(SqlError::new(at, message, HELP))
}

/// A window of a size and, perhaps, an offset.
pub(super) fn window(size: &Expr, offset: Option<&Expr>) -> Result<Tumble, SqlError> {
    let length = microseconds(size)?;
    if length <= 0 {
        let message = format!("a window of {size} has no length");
        return Err(SqlError::new(start(size), message, HELP));
    }
    let offset = offset.map(microseconds).transpose()?.unwrap_or_default();
    Ok(Tumble {
        size: length,
        offset: offset.rem_euclid(length),
    })
}

/// The window of `TUMBLE(time, size[, offset])` in an expression.
///
/// # Errors
/// Other arguments than these.
pub(super) fn grouped(arguments: &[FunctionArg], at: Location) -> Result<Window, SqlError> {
    let exprs: Option<Vec<&Expr>> = arguments.iter().map(positional).collect();
    let (time, size, offset) = match exprs.as_deref() {
        Some([Expr::Identifier(time), size]) => (time, size, None),
        Some([Expr::Identifier(time), size, offset]) => (time, size, Some(*offset)),
        _ => {
            let help =
                "write TUMBLE(time, INTERVAL '1' HOUR), optionally with an interval more as offset";
            return Err(SqlError::new(
                at,
                "cannot read the window in GROUP BY",
                help,
            ));
        }
    };
    Ok(Window {
        time: time.clone(),
        window: window(size, offset)?,
    })
}

/// The expression of an argument without a name.
pub(super) fn positional(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(bare(expr)),
        _ => None,
    }
}

/// Replaces TUMBLE, TUMBLE_START and TUMBLE_END over the same window by its columns.
///
/// # Errors
/// Such a call over another window, or a relative that is not supported.
pub(super) fn replace(expr: &mut Expr, window: &Window) -> Result<(), SqlError> {
    let flow = visit_expressions_mut(expr, |expr| match column(expr, window) {
        Ok(Some(column)) => {
            *expr = Expr::Identifier(column);
            ControlFlow::Continue(())
        }
        Ok(None) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    });
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

fn column(expr: &Expr, window: &Window) -> Result<Option<Ident>, SqlError> {
    let Expr::Function(function) = expr else {
        return Ok(None);
    };
    let (Some(name), Some(arguments)) = (name(function), arguments(function)) else {
        return Ok(None);
    };
    let at = start(expr);
    let column = match name.as_str() {
        "tumble" | "tumble_start" => WINDOW_START,
        "tumble_end" => WINDOW_END,
        "tumble_rowtime" | "tumble_proctime" => {
            let message = format!("{name} is not supported");
            return Err(SqlError::new(at, message, "use TUMBLE_START or TUMBLE_END"));
        }
        _ => return Ok(None),
    };
    if grouped(arguments, at)? != *window {
        let message = format!("{expr} is not the window of GROUP BY");
        return Err(SqlError::new(
            at,
            message,
            "use the same column and intervals",
        ));
    }
    Ok(Some(Ident::with_span(
        sqlparser::tokenizer::Span::new(at, at),
        column,
    )))
}
