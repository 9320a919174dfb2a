//! What FROM names: a table, with or without a window around it.

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Spanned, TableAlias, TableFactor,
    TableWithJoins,
};
use sqlparser::tokenizer::Location;

use super::call::{SHAPES, Shape, call, positional, shape};
use super::{Spread, bare, start};
use crate::parse::WORKS;
use crate::parse::name::{normal, suggest};
use crate::sql_error::SqlError;

/// What FROM names.
pub(super) struct Source {
    pub(super) table: Ident,
    pub(super) alias: Option<Ident>,
    pub(super) window: Option<Spread>,
    /// What PARTITION BY names; only sessions ask for it.
    pub(super) partition_by: Vec<Expr>,
}

/// Reads FROM.
///
/// # Errors
/// No relation or several, a subquery, or a function that makes no windows.
pub(super) fn source(from: &[TableWithJoins], at: Location) -> Result<Source, SqlError> {
    let relation = match from {
        [only] => match only.joins.first() {
            None => &only.relation,
            Some(join) => return not_yet("JOIN", join.span().start, at),
        },
        [] => return Err(SqlError::new(at, "a view needs FROM", WORKS)),
        [_, second, ..] => {
            return not_yet("a second table in FROM", second.relation.span().start, at);
        }
    };
    let place = relation.span().start;
    match relation {
        TableFactor::Table {
            name,
            alias,
            args: None,
            ..
        } => Ok(Source {
            table: single(name, place)?,
            alias: alias_name(alias)?,
            window: None,
            partition_by: vec![],
        }),
        TableFactor::Table {
            name,
            alias,
            args: Some(args),
            ..
        } => {
            let function = single(name, place)?.value;
            windowed(&function, &args.args, alias, place)
        }
        TableFactor::TableFunction { expr, alias } => match call(expr) {
            Some((function, arguments)) => windowed(&function, arguments, alias, start(expr)),
            None => {
                let message = format!("expected a window function in TABLE(…), found {expr}");
                Err(SqlError::new(place, message, WORKS))
            }
        },
        TableFactor::Derived { .. } => not_yet("a subquery in FROM", place, at),
        _ => not_yet("this kind of FROM", place, at),
    }
}

/// FROM with the table alone.
pub(super) fn plain(table: &Ident) -> Vec<TableWithJoins> {
    vec![TableWithJoins {
        relation: plain_table(table.clone()),
        joins: vec![],
    }]
}

/// A table without anything around it.
pub(super) fn plain_table(name: Ident) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(name),
        alias: None,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}

fn not_yet<T>(what: &str, place: Location, at: Location) -> Result<T, SqlError> {
    let message = format!("{what} is not supported yet in a view");
    Err(SqlError::new(place, message, WORKS).or_at(at))
}

fn single(name: &ObjectName, at: Location) -> Result<Ident, SqlError> {
    match name.0.as_slice() {
        [part] if part.as_ident().is_some() => {
            Ok(part.as_ident().map_or_else(|| Ident::new(""), normal))
        }
        _ => {
            let message = format!("the name {name} has several parts");
            Err(SqlError::new(at, message, "write the table's name alone"))
        }
    }
}

fn alias_name(alias: &Option<TableAlias>) -> Result<Option<Ident>, SqlError> {
    match alias {
        Some(alias) if !alias.columns.is_empty() => Err(SqlError::new(
            alias.name.span.start,
            "column names in an alias are not supported",
            "name columns in SELECT",
        )),
        Some(alias) => Ok(Some(normal(&alias.name))),
        None => Ok(None),
    }
}

/// Reads `TUMBLE(table, time, size[, offset])` and its relatives in all their spellings.
fn windowed(
    function: &str,
    arguments: &[FunctionArg],
    alias: &Option<TableAlias>,
    at: Location,
) -> Result<Source, SqlError> {
    let Some(shape) = shape(function) else {
        let message = format!("unknown table function {function}");
        let known = SHAPES.map(|shape| shape.name);
        let help = suggest(function, "table functions", &known);
        return Err(SqlError::new(at, message, help));
    };
    let given = sorted(shape, arguments, at)?;
    let missing = |what: &str| {
        let message = format!("{} has no {what}", shape.name.to_uppercase());
        SqlError::new(at, message, shape.in_from())
    };
    let (data, time, intervals) = match given.as_slice() {
        [data, time, intervals @ ..] => (*data, *time, intervals),
        _ => (None, None, [].as_slice()),
    };
    let (table, partition_by) = table(shape, data.ok_or_else(|| missing("table"))?)?;
    Ok(Source {
        table,
        alias: alias_name(alias)?,
        window: Some(Spread {
            time: column(shape, time.ok_or_else(|| missing("time column"))?)?,
            window: shape.window(intervals, at)?,
        }),
        partition_by,
    })
}

/// The arguments in the order of table, time and the intervals of `shape`.
fn sorted<'a>(
    shape: &Shape,
    arguments: &'a [FunctionArg],
    at: Location,
) -> Result<Vec<Option<&'a Expr>>, SqlError> {
    let function = shape.name.to_uppercase();
    let mut names = vec!["DATA", "TIMECOL"];
    names.extend(shape.intervals);
    let mut sorted = vec![None; names.len()];
    for (n, argument) in arguments.iter().enumerate() {
        let (slot, expr) = match argument {
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(expr),
                ..
            } => {
                let known = names
                    .iter()
                    .position(|known| name.value.eq_ignore_ascii_case(known));
                let slot = known.ok_or_else(|| {
                    let message = format!("{function} has no argument {name}");
                    let help = suggest(&name.value, "arguments", &names);
                    SqlError::new(name.span.start, message, help)
                })?;
                (sorted.get_mut(slot), Some(bare(expr)))
            }
            other => (sorted.get_mut(n), positional(other)),
        };
        let (Some(slot), Some(expr)) = (slot, expr) else {
            let message = format!("cannot read the argument {argument} of {function}");
            return Err(SqlError::new(argument.span().start, message, shape.in_from()).or_at(at));
        };
        if slot.replace(expr).is_some() {
            let message = format!("{function} got {argument} twice");
            return Err(SqlError::new(
                start(expr),
                message,
                "give each argument once",
            ));
        }
    }
    Ok(sorted)
}

/// The table of `flights` or `TABLE flights [PARTITION BY …]`, and the keys there.
fn table(shape: &Shape, expr: &Expr) -> Result<(Ident, Vec<Expr>), SqlError> {
    match (expr, call(expr)) {
        (Expr::Identifier(name), _) => Ok((normal(name), vec![])),
        (_, Some((name, [data, keys @ ..]))) if name == "table" => match positional(data) {
            Some(Expr::Identifier(name)) => {
                let keys = keys.iter().filter_map(positional).cloned();
                Ok((normal(name), keys.collect()))
            }
            _ => Err(wrong(shape, "a table", expr)),
        },
        _ => Err(wrong(shape, "a table", expr)),
    }
}

/// The column of `scheduled` or `DESCRIPTOR(scheduled)`.
fn column(shape: &Shape, expr: &Expr) -> Result<Ident, SqlError> {
    match (expr, call(expr)) {
        (Expr::Identifier(name), _) => Ok(normal(name)),
        (_, Some((name, [data]))) if name == "descriptor" => match positional(data) {
            Some(Expr::Identifier(name)) => Ok(normal(name)),
            _ => Err(wrong(shape, "a column", expr)),
        },
        _ => Err(wrong(shape, "a column", expr)),
    }
}

fn wrong(shape: &Shape, what: &str, found: &Expr) -> SqlError {
    let function = shape.name.to_uppercase();
    let message = format!("expected {what} in {function}, found {found}");
    SqlError::new(start(found), message, shape.in_from())
}
