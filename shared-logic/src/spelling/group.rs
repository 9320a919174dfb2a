//! GROUP BY: ordinals and aliases resolved, the window found, the keys in order.

use sqlparser::ast::{Expr, Ident, Value};
use sqlparser::tokenizer::Location;

use super::columns::Scope;
use super::items::Item;
use super::{WINDOW_END, WINDOW_START, Window, bare, no_group, start, tumble};
use crate::parse::name::normal;
use crate::sql_error::SqlError;

/// The expressions grouped by, over columns alone.
///
/// # Errors
/// An ordinal or a name that SELECT does not have.
pub(super) fn resolve(
    group_by: &[Expr],
    items: &[Item],
    scope: &Scope,
) -> Result<Vec<Expr>, SqlError> {
    group_by
        .iter()
        .map(|expr| one(expr, items, scope))
        .collect()
}

fn one(expr: &Expr, items: &[Item], scope: &Scope) -> Result<Expr, SqlError> {
    let expr = bare(expr);
    let item = match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => Some(ordinal(number, items, start(expr))?),
            _ => None,
        },
        Expr::Identifier(name) => {
            let name = normal(name).value;
            let aliased = items.iter().find(|item| item.alias_is(&name));
            aliased.filter(|_| !scope.has(&name))
        }
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => {
            let message = "GROUPING SETS, CUBE and ROLLUP are not supported yet in a view";
            let help = "list the keys in GROUP BY";
            return Err(SqlError::new(start(expr), message, help));
        }
        _ => None,
    };
    match item {
        Some(item) => Ok(bare(&item.expr).clone()),
        None => {
            let mut expr = expr.clone();
            scope.resolve(&mut expr)?;
            Ok(expr)
        }
    }
}

fn ordinal<'a>(number: &str, items: &'a [Item], at: Location) -> Result<&'a Item, SqlError> {
    let item = (number.parse::<usize>().ok()).and_then(|number| items.get(number.checked_sub(1)?));
    item.ok_or_else(|| {
        let message = format!("GROUP BY {number} names no item of SELECT");
        SqlError::new(at, message, format!("SELECT has {} items", items.len()))
    })
}

/// Takes the call of TUMBLE out of GROUP BY, leaving `window_start` in its place.
///
/// # Errors
/// Two such calls, one that cannot be read, or a window that is not supported yet.
pub(super) fn window(group_by: &mut [Expr]) -> Result<Option<Window>, SqlError> {
    let mut found: Option<Window> = None;
    for expr in group_by {
        let at = start(expr);
        let Some((name, arguments)) = tumble::call(expr) else {
            continue;
        };
        tumble::refuse_other(&name, at)?;
        if name != "tumble" {
            continue;
        }
        let window = tumble::grouped(arguments, at)?;
        if found.as_ref().is_some_and(|found| *found != window) {
            return Err(SqlError::new(
                at,
                "GROUP BY has two windows",
                "keep one of them",
            ));
        }
        found = Some(window);
        *expr = Expr::Identifier(Ident::new(WINDOW_START));
    }
    Ok(found)
}

/// Brings GROUP BY into order: the window's columns first, then the keys, each once.
///
/// # Errors
/// Neither column of the window is there.
pub(super) fn order(group_by: &mut Vec<Expr>, at: Location) -> Result<(), SqlError> {
    let is =
        |expr: &Expr, name: &str| matches!(expr, Expr::Identifier(found) if found.value == name);
    let of_window = |expr: &Expr| is(expr, WINDOW_START) || is(expr, WINDOW_END);
    let place = group_by.first().map_or(at, start);
    if !group_by.iter().any(of_window) {
        return Err(no_group(place).or_at(at));
    }
    let mut ordered: Vec<Expr> = [WINDOW_START, WINDOW_END]
        .map(|name| Expr::Identifier(Ident::new(name)))
        .into();
    for key in group_by.drain(..) {
        if !ordered.contains(&key) {
            ordered.push(key);
        }
    }
    *group_by = ordered;
    Ok(())
}
