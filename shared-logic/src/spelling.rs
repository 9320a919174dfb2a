//! Every spelling of a windowed view, rewritten into the one form that the compiler reads.
//!
//! Accepted alike are `FROM TUMBLE(table, time, INTERVAL …)`, `FROM TABLE(TUMBLE(TABLE table,
//! DESCRIPTOR(time), INTERVAL …))` with positional or named arguments, and `FROM table GROUP BY
//! TUMBLE(time, INTERVAL …)` with `TUMBLE_START` and `TUMBLE_END`.

use sqlparser::ast::{Expr, GroupByExpr, Ident, Select, Spanned, ViewColumnDef};
use sqlparser::tokenizer::Location;

use crate::parse::name::suggest;
use crate::parse::{ParsedTable, WORKS};
use crate::sql_error::SqlError;
use crate::time::Tumble;

mod columns;
mod group;
mod items;
mod relation;
mod tumble;

use columns::Scope;
use items::Item;

/// The column that holds a window's start.
pub(crate) const WINDOW_START: &str = "window_start";
/// The column that holds a window's end.
pub(crate) const WINDOW_END: &str = "window_end";

/// A view in its canonical form; see `ParsedView` for what that is.
pub(crate) struct Spelled {
    pub(crate) table: String,
    pub(crate) time_column: String,
    pub(crate) window: Tumble,
    pub(crate) select: Select,
}

/// Rewrites a SELECT; `renamed` are the column names of `CREATE VIEW name (…)`, or none.
///
/// # Errors
/// No window or two, an unknown table, column or alias, or a relation that is not a table.
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
    let mut items = items::read(&select.projection, &scope)?;
    if let Some(filter) = &mut select.selection {
        scope.resolve(filter)?;
    }
    let GroupByExpr::Expressions(group_by, _) = &select.group_by else {
        return Err(no_group(at));
    };
    let mut group_by = group::resolve(group_by, &items, &scope)?;
    let window = match source.window {
        Some(window) => {
            scope.check(&window.time)?;
            window
        }
        None => {
            let window =
                group::window(&mut group_by)?.ok_or_else(|| no_window(&source.table, at))?;
            for item in &mut items {
                tumble::replace(&mut item.expr, &window)?;
            }
            window
        }
    };
    group::order(&mut group_by, at)?;
    items::rename(&mut items, renamed)?;
    items::name(&mut items)?;
    select.projection = items.into_iter().map(Item::into_select_item).collect();
    select.group_by = GroupByExpr::Expressions(group_by, vec![]);
    select.from = relation::plain(&source.table);
    Ok(Spelled {
        table: source.table.value,
        time_column: window.time.value,
        window: window.window,
        select,
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
        let message = format!(
            "{} is a view: a view over a view is not supported yet",
            name.value
        );
        return Err(SqlError::new(at, message, WORKS));
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

fn no_window(table: &Ident, at: Location) -> SqlError {
    let message = "a view needs a window";
    let help = format!(
        "write FROM TUMBLE({table}, time, INTERVAL '1' HOUR) and GROUP BY window_start, window_end, keys"
    );
    SqlError::new(table.span.start, message, help).or_at(at)
}

/// A window that is being read: over which column, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    time: Ident,
    window: Tumble,
}

/// An expression without the parentheses around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

fn start(expr: &Expr) -> Location {
    expr.span().start
}
