//! Calls of window functions: what they are over, and what column stands for them.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, visit_expressions_mut,
};
use sqlparser::tokenizer::{Location, Span};

use super::{Spread, WINDOW_END, WINDOW_START, bare, start, window_time};
use crate::parse::interval::microseconds;
use crate::parse::name::normal;
use crate::sql_error::SqlError;
use crate::window::{MOST_WINDOWS, Window};

/// A window function: the intervals that it takes behind table and time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// In small letters.
    pub(super) name: &'static str,
    /// The names of its intervals, as Flink has them.
    pub(super) intervals: &'static [&'static str],
    /// How many of them must be there.
    required: usize,
    /// How its intervals are written.
    write: &'static str,
}

/// The window functions.
pub(super) const SHAPES: [Shape; 4] = [
    Shape {
        name: "tumble",
        intervals: &["SIZE", "OFFSET"],
        required: 1,
        write: "INTERVAL '1' HOUR",
    },
    Shape {
        name: "hop",
        intervals: &["SLIDE", "SIZE", "OFFSET"],
        required: 2,
        write: "INTERVAL '10' MINUTE, INTERVAL '1' HOUR",
    },
    Shape {
        name: "cumulate",
        intervals: &["STEP", "SIZE", "OFFSET"],
        required: 2,
        write: "INTERVAL '1' HOUR, INTERVAL '1' DAY",
    },
    Shape {
        name: "session",
        intervals: &["GAP"],
        required: 1,
        write: "INTERVAL '30' MINUTE",
    },
];

/// The window function of this name.
pub(super) fn shape(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.name == name)
}

impl Shape {
    /// How the function is written in FROM.
    pub(super) fn in_from(&self) -> String {
        let more = match self.intervals.contains(&"OFFSET") {
            true => ", optionally with an interval more as offset",
            false => "",
        };
        format!(
            "write {}(table, time, {}){more}",
            self.name.to_uppercase(),
            self.write
        )
    }

    /// How the function is written in GROUP BY.
    fn in_group_by(&self) -> String {
        self.in_from().replace("(table, ", "(")
    }

    /// The window of some intervals, in the order of `intervals`.
    ///
    /// # Errors
    /// One that is missing, is no constant, or makes no window with the others.
    pub(super) fn window(&self, given: &[Option<&Expr>], at: Location) -> Result<Window, SqlError> {
        let name = self.name.to_uppercase();
        let mut lengths = [0; 3];
        for (n, (slot, what)) in lengths.iter_mut().zip(self.intervals).enumerate() {
            let Some(expr) = given.get(n).copied().flatten() else {
                if n < self.required {
                    let message = format!("{name} has no {}", what.to_lowercase());
                    return Err(SqlError::new(at, message, self.in_from()));
                }
                continue;
            };
            *slot = microseconds(expr)?;
            if *slot <= 0 && n < self.required {
                let message = match *what {
                    "SIZE" => format!("a window of {expr} has no length"),
                    other => format!("a {} of {expr} has no length", other.to_lowercase()),
                };
                return Err(SqlError::new(start(expr), message, self.in_from()));
            }
        }
        let [first, second, third] = lengths;
        let window = match self.name {
            "tumble" => Window::Tumble {
                size: first,
                offset: second.rem_euclid(first),
            },
            "hop" => Window::Hop {
                size: second,
                slide: first,
                offset: third.rem_euclid(first),
            },
            "cumulate" => Window::Cumulate {
                size: second,
                step: first,
                offset: third.rem_euclid(second),
            },
            _ => Window::Session { gap: first },
        };
        let wrong = match window {
            Window::Hop { size, slide, .. } if slide > size => Some((
                "the slide of HOP is longer than its size: events between two windows would be lost"
                    .to_owned(),
                "the slide comes first, then the size".to_owned(),
            )),
            Window::Cumulate { size, step, .. } if size % step != 0 => Some((
                "the size of CUMULATE is no multiple of its step".to_owned(),
                "the step comes first, then the size".to_owned(),
            )),
            window if window.overlap() > MOST_WINDOWS => Some((
                format!("every event would be in {} windows", window.overlap()),
                format!("{MOST_WINDOWS} at most, take a longer slide or step"),
            )),
            _ => None,
        };
        match wrong {
            Some((message, help)) => Err(SqlError::new(at, message, help)),
            None => Ok(window),
        }
    }

    /// The window of a call in GROUP BY or SELECT: `(time, intervals…)`.
    ///
    /// # Errors
    /// Other arguments than these.
    pub(super) fn grouped(
        &self,
        arguments: &[FunctionArg],
        at: Location,
    ) -> Result<Spread, SqlError> {
        let exprs: Option<Vec<&Expr>> = arguments.iter().map(positional).collect();
        match exprs.as_deref() {
            Some([Expr::Identifier(time), intervals @ ..])
                if intervals.len() >= self.required && intervals.len() <= self.intervals.len() =>
            {
                let given: Vec<Option<&Expr>> = intervals.iter().copied().map(Some).collect();
                Ok(Spread {
                    time: time.clone(),
                    window: self.window(&given, at)?,
                })
            }
            _ => Err(SqlError::new(
                at,
                "cannot read the window in GROUP BY",
                self.in_group_by(),
            )),
        }
    }
}

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

/// The expression of an argument without a name.
pub(super) fn positional(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(bare(expr)),
        _ => None,
    }
}

/// Replaces the window's call, `…_START` and `…_END` over the same window by its columns.
///
/// # Errors
/// Such a call over another window, or a relative that is not supported.
pub(super) fn replace(expr: &mut Expr, spread: &Spread) -> Result<(), SqlError> {
    let flow = visit_expressions_mut(expr, |expr| match column(expr, spread) {
        Ok(Some(column)) => {
            *expr = column;
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

fn column(expr: &Expr, spread: &Spread) -> Result<Option<Expr>, SqlError> {
    let Expr::Function(function) = expr else {
        return Ok(None);
    };
    let (Some(name), Some(arguments)) = (name(function), arguments(function)) else {
        return Ok(None);
    };
    let at = start(expr);
    let (window, part) = name.split_once('_').unwrap_or((&name, "start"));
    let Some(shape) = shape(window) else {
        return Ok(None);
    };
    let named = |column| Expr::Identifier(Ident::with_span(Span::new(at, at), column));
    let column = match part {
        "start" => named(WINDOW_START),
        "end" => named(WINDOW_END),
        "rowtime" => window_time(at),
        "proctime" => {
            let message = format!("{name} is not supported");
            let window = window.to_uppercase();
            let help = format!("use {window}_START or {window}_END");
            return Err(SqlError::new(at, message, help));
        }
        _ => return Ok(None),
    };
    if shape.grouped(arguments, at)? != *spread {
        let message = format!("{expr} is not the window of GROUP BY");
        return Err(SqlError::new(
            at,
            message,
            "use the same column and intervals",
        ));
    }
    Ok(Some(column))
}
