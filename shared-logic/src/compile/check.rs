//! What names and places of calls can be checked on the SQL itself, where errors have a place.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArguments, GroupByExpr, Select, SelectItem, Spanned, Visit, Visitor,
};
use sqlparser::tokenizer::Location;

use super::call;
use super::functions::FUNCTIONS;
use crate::parse::name::suggest;
use crate::sql_error::SqlError;

/// Checks a canonical SELECT.
///
/// # Errors
/// The first unknown or unsteady function, aggregate out of place, or subquery.
pub(super) fn check(select: &Select) -> Result<(), SqlError> {
    if let Some(filter) = &select.selection {
        calls(filter, Some("WHERE"))?;
    }
    for key in keys(select) {
        calls(key, Some("GROUP BY"))?;
    }
    for expr in shown(select) {
        calls(expr, None)?;
    }
    Ok(())
}

/// The expressions of GROUP BY.
pub(super) fn keys(select: &Select) -> &[Expr] {
    match &select.group_by {
        GroupByExpr::Expressions(keys, _) => keys,
        GroupByExpr::All(_) => &[],
    }
}

/// The expressions of SELECT.
pub(super) fn shown(select: &Select) -> impl Iterator<Item = &Expr> {
    select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    })
}

/// The name of a call in small letters.
pub(super) fn function_name(function: &Function) -> String {
    function.name.to_string().to_lowercase()
}

/// Whether the expression is a call of an aggregate.
pub(crate) fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if call::is_name(&function_name(function)))
}

fn calls(expr: &Expr, place: Option<&'static str>) -> Result<(), SqlError> {
    let mut calls = Calls { place, inside: 0 };
    match expr.visit(&mut calls) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error.or_at(expr.span().start)),
    }
}

struct Calls {
    /// Where aggregates must not stand; `None` where they may.
    place: Option<&'static str>,
    /// How many aggregates are around the expression.
    inside: u32,
}

impl Visitor for Calls {
    type Break = SqlError;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<SqlError> {
        let error = match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                Some(SqlError::new(
                    expr.span().start,
                    "a subquery is not supported in a view",
                    "write the condition over the table's columns",
                ))
            }
            Expr::Function(function) => self.call(function),
            _ => None,
        };
        if is_aggregate(expr) {
            self.inside += 1;
        }
        error.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<SqlError> {
        if is_aggregate(expr) {
            self.inside -= 1;
        }
        ControlFlow::Continue(())
    }
}

impl Calls {
    /// What is wrong with a call.
    fn call(&self, function: &Function) -> Option<SqlError> {
        let name = function_name(function);
        let at = function.span().start;
        if call::is_name(&name) {
            return self.aggregate(function, &name, at);
        }
        if FUNCTIONS.is_unsteady(&name) {
            let message = format!("{name} gives another value at every call");
            let help = "a view depends on its events alone, so that a replay gives the same rows: use a column of the table";
            return Some(SqlError::new(at, message, help));
        }
        if function.over.is_some() {
            let message = format!("{name} OVER (…) is not supported in a view");
            return Some(SqlError::new(
                at,
                message,
                "aggregate per window with GROUP BY",
            ));
        }
        if FUNCTIONS.scalars.contains_key(&name) {
            return plain(function, &name, at);
        }
        let message = format!("unknown function {name}");
        let help = match name.as_str() {
            "tumble" | "tumble_start" | "tumble_end" => {
                "the window is in FROM, use window_start and window_end".to_owned()
            }
            _ if meant(&name).is_some() => {
                format!("write {}", meant(&name).unwrap_or_default())
            }
            _ => match suggest(&name, "functions", &FUNCTIONS.names()) {
                near if near.starts_with("did") => near,
                _ => {
                    let aggregates = call::NAMES.map(str::to_uppercase).join(", ");
                    format!("aggregates are {aggregates}; scalar functions are DataFusion's")
                }
            },
        };
        Some(SqlError::new(at, message, help))
    }

    fn aggregate(&self, function: &Function, name: &str, at: Location) -> Option<SqlError> {
        if let Some(place) = self.place {
            let message = format!("{name} cannot stand in {place}");
            return Some(SqlError::new(at, message, "aggregates stand in SELECT"));
        }
        if self.inside > 0 {
            let message = format!("{name} stands inside another aggregate");
            return Some(SqlError::new(at, message, "aggregate columns of the table"));
        }
        if function.over.is_some() {
            let message = format!("{name} OVER (…) is not supported in a view");
            return Some(SqlError::new(
                at,
                message,
                "aggregate per window with GROUP BY",
            ));
        }
        call::read(function).err()
    }
}

/// What a function of other systems is called here.
fn meant(name: &str) -> Option<&'static str> {
    const OTHERS: [(&str, &str); 12] = [
        ("average", "AVG(value)"),
        ("count_distinct", "COUNT(DISTINCT value)"),
        (
            "uniq",
            "COUNT(DISTINCT value) or APPROX_COUNT_DISTINCT(value)",
        ),
        ("countif", "COUNT(*) FILTER (WHERE condition)"),
        ("count_if", "COUNT(*) FILTER (WHERE condition)"),
        ("sumif", "SUM(value) FILTER (WHERE condition)"),
        ("percentile", "APPROX_PERCENTILE(value, 0.9)"),
        ("percentile_cont", "APPROX_PERCENTILE(value, 0.9)"),
        ("quantile", "APPROX_PERCENTILE(value, 0.9)"),
        ("stdev", "STDDEV_SAMP(value)"),
        ("collect_list", "ARRAY_AGG(value)"),
        ("len", "LENGTH(text)"),
    ];
    let found = OTHERS.iter().find(|(other, _)| *other == name);
    found.map(|(_, ours)| *ours)
}

/// Refuses the clauses of a call that only aggregates can have.
fn plain(function: &Function, name: &str, at: Location) -> Option<SqlError> {
    let in_list = match &function.args {
        FunctionArguments::List(list) => {
            list.duplicate_treatment.is_some() || !list.clauses.is_empty()
        }
        _ => false,
    };
    let clauses = in_list
        || function.filter.is_some()
        || !function.within_group.is_empty()
        || function.null_treatment.is_some();
    clauses.then(|| {
        let message = format!("{name} is no aggregate and takes no clauses");
        SqlError::new(at, message, "write the arguments alone")
    })
}
