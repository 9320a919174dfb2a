//! What a view may look like: one SELECT with a window, and an error for every other clause.

use sqlparser::ast::{CreateView, Distinct, GroupByExpr, Query, Select, SetExpr, Spanned};
use sqlparser::tokenizer::Location;

use super::place;
use crate::sql_error::SqlError;

/// What works, for the errors that say what does not.
pub(crate) const WORKS: &str = "a view is SELECT … FROM TUMBLE(table, time, INTERVAL '1' HOUR) [WHERE …] GROUP BY window_start, window_end, keys";

/// The one SELECT of a view.
///
/// # Errors
/// The first clause that a view cannot have yet.
pub(super) fn select(create: CreateView) -> Result<Select, SqlError> {
    let at = place(&create.name);
    let select = body(*create.query, at)?;
    clauses(&select, at)?;
    Ok(select)
}

fn not_yet<T>(what: &str, at: Location, fallback: Location) -> Result<T, SqlError> {
    let message = format!("{what} is not supported yet in a view");
    Err(SqlError::new(at, message, WORKS).or_at(fallback))
}

fn body(query: Query, at: Location) -> Result<Select, SqlError> {
    if let Some(with) = &query.with {
        return not_yet("WITH", with.span().start, at);
    }
    if let Some(order) = &query.order_by {
        return not_yet("ORDER BY", order.span().start, at);
    }
    if let Some(limit) = &query.limit_clause {
        return not_yet("LIMIT", limit.span().start, at);
    }
    if let Some(fetch) = &query.fetch {
        return not_yet("FETCH", fetch.span().start, at);
    }
    let others = [
        (!query.locks.is_empty(), "FOR UPDATE"),
        (query.for_clause.is_some(), "FOR"),
        (query.settings.is_some(), "SETTINGS"),
        (query.format_clause.is_some(), "FORMAT"),
        (!query.pipe_operators.is_empty(), "|>"),
    ];
    first(&others, at)?;
    match *query.body {
        SetExpr::Select(select) => Ok(*select),
        SetExpr::Query(inner) => body(*inner, at),
        SetExpr::SetOperation { op, .. } => not_yet(&op.to_string(), at, at),
        _ => Err(SqlError::new(at, "a view needs a SELECT", WORKS)),
    }
}

fn first(found: &[(bool, &str)], at: Location) -> Result<(), SqlError> {
    match found.iter().find(|(is, _)| *is) {
        Some((_, what)) => not_yet(what, at, at),
        None => Ok(()),
    }
}

fn clauses(select: &Select, at: Location) -> Result<(), SqlError> {
    let start = select.select_token.0.span.start;
    match &select.distinct {
        None | Some(Distinct::All) => {}
        Some(_) => return not_yet("SELECT DISTINCT", start, at),
    }
    if let Some(having) = &select.having {
        return not_yet("HAVING", having.span().start, at);
    }
    if let Some(qualify) = &select.qualify {
        return not_yet("QUALIFY", qualify.span().start, at);
    }
    match &select.group_by {
        GroupByExpr::All(_) => return not_yet("GROUP BY ALL", start, at),
        GroupByExpr::Expressions(_, modifiers) if !modifiers.is_empty() => {
            return not_yet("a modifier of GROUP BY", start, at);
        }
        GroupByExpr::Expressions(..) => {}
    }
    first(
        &[
            (select.top.is_some(), "TOP"),
            (select.into.is_some(), "INTO"),
            (select.exclude.is_some(), "EXCLUDE"),
            (select.prewhere.is_some(), "PREWHERE"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (!select.connect_by.is_empty(), "CONNECT BY"),
            (!select.cluster_by.is_empty(), "CLUSTER BY"),
            (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
            (!select.sort_by.is_empty(), "SORT BY"),
            (!select.named_window.is_empty(), "WINDOW"),
            (select.value_table_mode.is_some(), "SELECT AS"),
        ],
        start,
    )
}
