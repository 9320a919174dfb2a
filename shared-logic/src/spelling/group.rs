//! GROUP BY: ordinals and aliases resolved, the window found, the keys in order.

use sqlparser::ast::{Expr, Ident, Value};
use sqlparser::tokenizer::Location;

use super::columns::Scope;
use super::items::Item;
use super::{Spread, WINDOW_END, WINDOW_START, bare, call, no_group, start, window_time};
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
    let expr = match item {
        Some(item) => bare(&item.expr).clone(),
        None => {
            let mut expr = expr.clone();
            scope.resolve(&mut expr)?;
            expr
        }
    };
    // One is known by the other, so both group alike.
    Ok(match expr == window_time(Location::empty()) {
        true => Expr::Identifier(Ident::new(WINDOW_END)),
        false => expr,
    })
}

fn ordinal<'a>(number: &str, items: &'a [Item], at: Location) -> Result<&'a Item, SqlError> {
    let item = (number.parse::<usize>().ok()).and_then(|number| items.get(number.checked_sub(1)?));
    item.ok_or_else(|| {
        let message = format!("GROUP BY {number} names no item of SELECT");
        SqlError::new(at, message, format!("SELECT has {} items", items.len()))
    })
}

/// Takes the call of a window out of GROUP BY, leaving `window_start` in its place.
///
/// # Errors
/// Two such calls, or one that cannot be read.
pub(super) fn window(group_by: &mut [Expr]) -> Result<Option<Spread>, SqlError> {
    let mut found: Option<Spread> = None;
    for expr in group_by {
        let at = start(expr);
        let Some((name, arguments)) = call::call(expr) else {
            continue;
        };
        let Some(shape) = call::shape(&name) else {
            continue;
        };
        let spread = shape.grouped(arguments, at)?;
        if found.as_ref().is_some_and(|found| *found != spread) {
            return Err(SqlError::new(
                at,
                "GROUP BY has two windows",
                "keep one of them",
            ));
        }
        found = Some(spread);
        *expr = Expr::Identifier(Ident::new(WINDOW_START));
    }
    Ok(found)
}

/// Brings GROUP BY into order: the window's columns first where there is one, then the keys, each
/// once.
///
/// # Errors
/// Neither column of the window is there.
pub(super) fn order(
    group_by: Vec<Expr>,
    windowed: bool,
    at: Location,
) -> Result<Vec<Expr>, SqlError> {
    let of_window = |expr: &Expr| matches!(expr, Expr::Identifier(found) if [WINDOW_START, WINDOW_END].contains(&found.value.as_str()));
    let place = group_by.first().map_or(at, start);
    if windowed && !group_by.iter().any(of_window) {
        return Err(no_group(place).or_at(at));
    }
    Ok(keyed(group_by, windowed))
}

/// The window's columns where there is one, then the keys, each once.
pub(super) fn keyed(keys: Vec<Expr>, windowed: bool) -> Vec<Expr> {
    let mut ordered: Vec<Expr> = match windowed {
        true => [WINDOW_START, WINDOW_END]
            .map(|name| Expr::Identifier(Ident::new(name)))
            .into(),
        false => vec![],
    };
    for key in keys {
        if !ordered.contains(&key) {
            ordered.push(key);
        }
    }
    ordered
}
