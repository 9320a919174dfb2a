//! Every spelling of a windowed view, rewritten into the one form that the compiler reads.
//!
//! Accepted alike are `FROM TUMBLE(table, time, INTERVAL …)`, `FROM TABLE(TUMBLE(TABLE table,
//! DESCRIPTOR(time), INTERVAL …))` with positional or named arguments, and `FROM table GROUP BY
//! TUMBLE(time, INTERVAL …)` with `TUMBLE_START` and `TUMBLE_END`; HOP, CUMULATE and SESSION like
//! TUMBLE. Flink's `window_time` and `TUMBLE_ROWTIME` are one millisecond before the window's end.
//! Without a window there is one group a key, without GROUP BY and aggregates one row an event.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, Interval, Select, Spanned, TableFactor, Value,
    ViewColumnDef, visit_expressions,
};
use sqlparser::tokenizer::{Location, Span};

use crate::compile::is_aggregate;
use crate::parse::name::suggest;
use crate::parse::{ParsedTable, WORKS};
use crate::sql_error::SqlError;
use crate::window::Window;
pub(crate) use crate::window::{WINDOW_END, WINDOW_START};

mod call;
mod columns;
mod group;
mod items;
mod relation;

use columns::Scope;
use items::Item;

/// The column of Flink that holds a window's last millisecond.
pub(crate) const WINDOW_TIME: &str = "window_time";

/// A view in its canonical form; see `ParsedView` for what that is.
pub(crate) struct Spelled {
    pub(crate) table: String,
    pub(crate) time_column: String,
    pub(crate) window: Window,
    pub(crate) sessions_by: Vec<Expr>,
    pub(crate) rows: bool,
    pub(crate) select: Select,
}

/// Rewrites a SELECT; `renamed` are the column names of `CREATE VIEW name (…)`, or none.
///
/// # Errors
/// Two windows, an unknown table, column or alias, or a relation that is not a table.
pub(crate) fn canonical(
    mut select: Select,
    renamed: Vec<ViewColumnDef>,
    tables: &[ParsedTable],
    views: &[&str],
) -> Result<Spelled, SqlError> {
    let at = select.select_token.0.span.start;
    let source = relation::source(&select.from, at)?;
    let table = find_table(&source.table, tables, views)?;
    let scope = Scope {
        table: &source.table.value,
        qualifier: source.alias.as_ref().unwrap_or(&source.table),
        columns: table.columns(),
        windowed: source.window.is_some(),
    };
    let GroupByExpr::Expressions(group_by, _) = &select.group_by else {
        return Err(no_group(at));
    };
    let ungrouped = group_by.is_empty();
    let mut items = items::read(&select.projection, &scope, ungrouped)?;
    if let Some(filter) = &mut select.selection {
        scope.resolve(filter)?;
    }
    let mut group_by = group::resolve(group_by, &items, &scope)?;
    let rows = ungrouped && !items.iter().any(|item| has_aggregate(&item.expr));
    let in_from = source.window.is_some();
    let spread = match source.window {
        Some(spread) => {
            scope.check(&spread.time)?;
            Some(spread)
        }
        None => group::window(&mut group_by)?,
    };
    if let (Some(spread), false) = (&spread, in_from) {
        for item in &mut items {
            call::replace(&mut item.expr, spread)?;
        }
    }
    let windowed = spread.is_some();
    let group_by = if rows {
        group::keyed(
            items.iter().map(|item| item.expr.clone()).collect(),
            windowed,
        )
    } else {
        group::order(group_by, windowed, at)?
    };
    let (time_column, window) = match spread {
        Some(spread) => (spread.time.value, spread.window),
        None => (no_window_time(table, &source.table)?, Window::All),
    };
    let mut sessions_by = source.partition_by;
    match window {
        Window::Session { .. } if in_from => {
            for key in &mut sessions_by {
                scope.resolve(key)?;
            }
        }
        Window::Session { .. } => sessions_by = group_by.iter().skip(2).cloned().collect(),
        // Other windows are the same in every partition, so keys say nothing there.
        _ => sessions_by.clear(),
    }
    items::rename(&mut items, renamed)?;
    items::name(&mut items)?;
    select.projection = items.into_iter().map(Item::into_select_item).collect();
    select.group_by = GroupByExpr::Expressions(group_by, vec![]);
    select.from = relation::plain(&source.table);
    Ok(Spelled {
        table: source.table.value,
        time_column,
        window,
        sessions_by,
        rows,
        select,
    })
}

/// Whether an aggregate is called anywhere in the expression.
fn has_aggregate(expr: &Expr) -> bool {
    visit_expressions(expr, |part| match is_aggregate(part) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })
    .is_break()
}

/// The event time of a table that is read without a window.
fn no_window_time(table: &ParsedTable, name: &Ident) -> Result<String, SqlError> {
    table.event_time().ok_or_else(|| {
        let message = format!("table {} has no event time", name.value);
        let help = "add WITH (event_time = 'column')";
        SqlError::new(name.span.start, message, help)
    })
}

fn find_table<'a>(
    name: &Ident,
    tables: &'a [ParsedTable],
    views: &[&str],
) -> Result<&'a ParsedTable, SqlError> {
    if let Some(table) = tables.iter().find(|table| table.name() == name.value) {
        return Ok(table);
    }
    let at = name.span.start;
    if views.contains(&name.value.as_str()) {
        let message = format!("{} is a view: its rows are no events", name.value);
        let help = "group them by window_start and window_end, or read the table that it reads";
        return Err(SqlError::new(at, message, help));
    }
    let known: Vec<String> = tables.iter().map(ParsedTable::name).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let message = format!("unknown table {}", name.value);
    Err(SqlError::new(
        at,
        message,
        suggest(&name.value, "tables", &known),
    ))
}

fn no_group(at: Location) -> SqlError {
    SqlError::new(at, "a view needs GROUP BY window_start, window_end", WORKS)
}

/// Windows over a column.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spread {
    time: Ident,
    window: Window,
}

/// The relation that FROM names, what its columns may be qualified by, and whether it has a window
/// there.
///
/// # Errors
/// FROM that cannot be read.
pub(crate) fn source_of(select: &Select) -> Result<(String, String, bool), SqlError> {
    let source = relation::source(&select.from, select.select_token.0.span.start)?;
    let qualifier = source.alias.unwrap_or_else(|| source.table.clone());
    Ok((source.table.value, qualifier.value, source.window.is_some()))
}

/// FROM with a table alone.
pub(crate) fn plain_table(name: Ident) -> TableFactor {
    relation::plain_table(name)
}

/// Whether the expression is a call of a window function or of a relative such as `TUMBLE_START`.
pub(crate) fn is_window_call(expr: &Expr) -> bool {
    call::call(expr).is_some_and(|(name, _)| {
        let window = name.split('_').next().unwrap_or_default();
        call::shape(window).is_some()
    })
}

/// Whether a table function of this name makes windows.
pub(crate) fn makes_windows(name: &str) -> bool {
    call::shape(name).is_some()
}

/// An expression without the parentheses around it.
pub(crate) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

/// `window_time` as an expression: one millisecond before the window's end. `at` is where it stands.
fn window_time(at: Location) -> Expr {
    let text = Value::SingleQuotedString("1 millisecond".into());
    let millisecond = Interval {
        value: Box::new(Expr::Value(text.with_empty_span())),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    };
    let end = Ident::with_span(Span::new(at, at), WINDOW_END);
    Expr::BinaryOp {
        left: Box::new(Expr::Identifier(end)),
        op: BinaryOperator::Minus,
        right: Box::new(Expr::Interval(millisecond)),
    }
}

fn start(expr: &Expr) -> Location {
    expr.span().start
}
