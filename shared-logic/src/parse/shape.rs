//! What a view may look like, and an error for every clause that it cannot have.

use sqlparser::ast::{CreateView, Distinct, GroupByExpr, Query, Select, SetExpr};
use sqlparser::tokenizer::Location;

use super::place;
use crate::sql_error::SqlError;

/// What works, for the errors that say what does not.
pub(crate) const WORKS: &str = "a view is SELECT … FROM TUMBLE(table, time, INTERVAL '1' HOUR) [WHERE …] GROUP BY window_start, window_end, keys";

/// The one SELECT of a view.
///
/// # Errors
/// The first clause that a view cannot have.
pub(crate) fn select(create: CreateView) -> Result<Select, SqlError> {
    let at = place(&create.name);
    let select = body(*create.query, at)?;
    select_clauses(&select, at)?;
    Ok(select)
}

fn not_yet<T>(what: &str, at: Location, fallback: Location) -> Result<T, SqlError> {
    let message = format!("{what} is not supported yet in a view");
    Err(SqlError::new(at, message, WORKS).or_at(fallback))
}

fn body(query: Query, at: Location) -> Result<Select, SqlError> {
    query_clauses(&query, at)?;
    match *query.body {
        SetExpr::Select(select) => Ok(*select),
        _ => Err(SqlError::new(at, "a view needs a SELECT", WORKS)),
    }
}

/// Refuses what no query of a view can have.
///
/// # Errors
/// The first such clause.
pub(crate) fn query_clauses(query: &Query, at: Location) -> Result<(), SqlError> {
    let others = [
        (!query.locks.is_empty(), "FOR UPDATE"),
        (query.for_clause.is_some(), "FOR"),
        (query.settings.is_some(), "SETTINGS"),
        (query.format_clause.is_some(), "FORMAT"),
        (!query.pipe_operators.is_empty(), "|>"),
    ];
    first(&others, at)
}

fn first(found: &[(bool, &str)], at: Location) -> Result<(), SqlError> {
    match found.iter().find(|(is, _)| *is) {
        Some((_, what)) => not_yet(what, at, at),
        None => Ok(()),
    }
}

/// Refuses what no SELECT of a view can have.
///
/// # Errors
/// The first such clause.
pub(crate) fn select_clauses(select: &Select, at: Location) -> Result<(), SqlError> {
    let start = select.select_token.0.span.start;
    if let Some(Distinct::On(_)) = &select.distinct {
        let message = "DISTINCT ON is not supported in a view";
        let help = "write QUALIFY ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) = 1";
        return Err(SqlError::new(start, message, help).or_at(at));
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
            (select.value_table_mode.is_some(), "SELECT AS"),
        ],
        start,
    )
}
