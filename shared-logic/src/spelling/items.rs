//! The SELECT list: one expression and one name for each column shown.

use std::collections::HashSet;

use sqlparser::ast::{Expr, Ident, SelectItem, Spanned, ViewColumnDef};

use super::columns::Scope;
use super::{bare, start};
use crate::parse::name::normal;
use crate::sql_error::SqlError;

/// One item of SELECT.
pub(super) struct Item {
    pub(super) expr: Expr,
    alias: Option<Ident>,
}

impl Item {
    /// Whether the item is written `… AS name`.
    pub(super) fn alias_is(&self, name: &str) -> bool {
        self.alias.as_ref().is_some_and(|alias| alias.value == name)
    }

    /// The item as SQL has it.
    pub(super) fn into_select_item(self) -> SelectItem {
        match self.alias {
            Some(alias) => SelectItem::ExprWithAlias {
                expr: self.expr,
                alias,
            },
            None => SelectItem::UnnamedExpr(self.expr),
        }
    }
}

/// Reads the SELECT list; in a view of rows `*` stands for all columns.
///
/// # Errors
/// Another wildcard, or a name that is not a column.
pub(super) fn read(items: &[SelectItem], scope: &Scope, rows: bool) -> Result<Vec<Item>, SqlError> {
    let mut all = vec![];
    for item in items {
        let (expr, alias) = match item {
            SelectItem::Wildcard(options) if rows && options == &Default::default() => {
                all.extend(scope.all().map(|name| Item {
                    expr: Expr::Identifier(Ident::new(name)),
                    alias: None,
                }));
                continue;
            }
            SelectItem::UnnamedExpr(expr) => (expr, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(normal(alias))),
            other => {
                let message = format!("cannot show {other} in a view");
                let help = "list keys, window_start, window_end and aggregates";
                return Err(SqlError::new(other.span().start, message, help));
            }
        };
        let mut expr = bare(expr).clone();
        // What it becomes is no column, and needs the name.
        let time = match expr_name(&expr) {
            Some(name) if scope.is_window_time(&name.value) => Some(name),
            _ => None,
        };
        scope.resolve(&mut expr)?;
        let alias = alias.or(time);
        all.push(Item { expr, alias });
    }
    Ok(all)
}

/// The normal name of a column, qualified or not.
fn expr_name(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Identifier(name) => Some(normal(name)),
        Expr::CompoundIdentifier(parts) => parts.last().map(normal),
        _ => None,
    }
}

/// Gives the items the names of `CREATE VIEW name (…)`.
///
/// # Errors
/// More or fewer names than items.
pub(super) fn rename(items: &mut [Item], names: Vec<ViewColumnDef>) -> Result<(), SqlError> {
    let Some(first) = names.first() else {
        return Ok(());
    };
    if names.len() != items.len() {
        let message = format!("{} names for {} columns", names.len(), items.len());
        let help = "name every item of SELECT, or none";
        return Err(SqlError::new(first.name.span.start, message, help));
    }
    for (item, name) in items.iter_mut().zip(&names) {
        item.alias = Some(normal(&name.name));
    }
    Ok(())
}

/// Gives every item that is not a column a name: the text of its expression.
///
/// # Errors
/// Two items of the same name.
pub(super) fn name(items: &mut [Item]) -> Result<(), SqlError> {
    let mut taken = HashSet::new();
    for item in items {
        let name = match (&item.alias, &item.expr) {
            (Some(alias), _) => alias.value.clone(),
            (None, Expr::Identifier(name)) => name.value.clone(),
            (None, expr) => {
                let text = expr.to_string();
                item.alias = Some(Ident::with_quote('"', text.clone()));
                text
            }
        };
        if !taken.insert(name.clone()) {
            let message = format!("two columns are named {name}");
            return Err(SqlError::new(
                start(&item.expr),
                message,
                "rename one with AS",
            ));
        }
    }
    Ok(())
}
