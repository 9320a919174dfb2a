//! A GROUP BY over a view of rows, written over the table that the view reads.
//!
//! `CREATE VIEW bid AS SELECT …, price FROM nexmark WHERE kind = 'bid'` says what an event is. What
//! is grouped or windowed over such a view is a fold over the table, with the view's expressions in
//! place of its columns and its WHERE beside the other; the rows themselves are not kept.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, ObjectName, OrderBy, Query, Select, SelectItem,
    TableFactor, VisitMut, VisitorMut, visit_expressions,
};

use super::lift::quoted;
use super::split::Known;
use crate::compile::is_aggregate;
use crate::parse::ParsedView;
use crate::parse::name::normal;
use crate::spelling;
use crate::window::Window;

/// Writes a SELECT over the table of the view of rows that it groups, if it does.
pub(super) fn inline(select: &mut Select, order_by: &mut Option<OrderBy>, known: Known<'_>) {
    let Ok(source) = spelling::source_of(select) else {
        return;
    };
    let (name, qualifier, windowed) = source;
    let is_rows = |fold: &&ParsedView| fold.name == name && fold.rows && fold.window == Window::All;
    let Some(view) = known.folds.iter().find(is_rows) else {
        return;
    };
    if !known
        .views
        .iter()
        .any(|known| known.name == name && known.query.is_none())
        || !(windowed || grouped(select))
    {
        return;
    }
    let mut columns = Columns {
        view: &view.name,
        table: &view.table,
        qualifier: &qualifier,
        columns: columns(&view.select),
        in_from: false,
        within: 0,
    };
    let mut items = vec![];
    for item in std::mem::take(&mut select.projection) {
        match item {
            SelectItem::Wildcard(options) if options == Default::default() => {
                items.extend(columns.columns.iter().map(|(name, expr)| {
                    SelectItem::ExprWithAlias {
                        expr: expr.clone(),
                        alias: quoted(name),
                    }
                }));
            }
            SelectItem::UnnamedExpr(mut expr) => {
                let name = match &expr {
                    Expr::Identifier(name) => Some(normal(name)),
                    Expr::CompoundIdentifier(parts) => parts.last().map(normal),
                    _ => None,
                };
                columns.apply(&mut expr);
                items.push(match name {
                    Some(alias) => SelectItem::ExprWithAlias { expr, alias },
                    None => SelectItem::UnnamedExpr(expr),
                });
            }
            mut other => {
                columns.apply(&mut other);
                items.push(other);
            }
        }
    }
    select.projection = items;
    columns.apply(&mut select.selection);
    columns.apply(&mut select.group_by);
    columns.apply(&mut select.having);
    columns.apply(&mut select.qualify);
    columns.apply(&mut select.named_window);
    columns.apply(order_by);
    columns.in_from = true;
    columns.apply(&mut select.from);
    if let Some(TableFactor::Table {
        name,
        args: None,
        alias,
        ..
    }) = select.from.first_mut().map(|from| &mut from.relation)
    {
        *name = ObjectName::from(quoted(&view.table));
        *alias = None;
    }
    let both = [view.select.selection.clone(), select.selection.take()];
    let nested = both
        .into_iter()
        .flatten()
        .map(|one| Expr::Nested(Box::new(one)));
    select.selection = nested.reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    });
}

fn grouped(select: &Select) -> bool {
    let keys = matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if !keys.is_empty());
    keys || visit_expressions(&select.projection, |expr| {
        let over = matches!(expr, Expr::Function(function) if function.over.is_some());
        match is_aggregate(expr) && !over {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })
    .is_break()
}

/// The columns of a view of rows, over its table.
fn columns(select: &Select) -> Vec<(String, Expr)> {
    let named = select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr @ Expr::Identifier(name)) => {
            Some((name.value.clone(), expr.clone()))
        }
        SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.clone(), expr.clone())),
        _ => None,
    });
    named.collect()
}

/// Puts expressions over the table in place of the view's columns.
struct Columns<'a> {
    view: &'a str,
    table: &'a str,
    qualifier: &'a str,
    columns: Vec<(String, Expr)>,
    /// Whether the view's own name stands for the table: it is an argument of a window there.
    in_from: bool,
    /// Within how many subqueries, which have columns of their own.
    within: u32,
}

impl Columns<'_> {
    fn apply(&mut self, part: &mut impl VisitMut) {
        let _: ControlFlow<()> = part.visit(self);
    }

    fn column(&self, name: &Ident) -> Option<Expr> {
        let wanted = normal(name).value;
        let (_, expr) = self.columns.iter().find(|(name, _)| *name == wanted)?;
        Some(match expr {
            // Errors are told of where the view's column is named.
            Expr::Identifier(column) => Expr::Identifier(Ident {
                span: name.span,
                ..column.clone()
            }),
            other => Expr::Nested(Box::new(other.clone())),
        })
    }
}

impl VisitorMut for Columns<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.within += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.within -= 1;
        ControlFlow::Continue(())
    }

    // After its parts, so that what was put in is not looked at again.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.within > 0 {
            return ControlFlow::Continue(());
        }
        let new = match expr {
            Expr::Identifier(name) if self.in_from && normal(name).value == self.view => {
                Some(Expr::Identifier(Ident {
                    value: self.table.to_owned(),
                    quote_style: Some('"'),
                    span: name.span,
                }))
            }
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [qualifier, name] if normal(qualifier).value == self.qualifier => {
                    self.column(name).or(Some(Expr::Identifier(name.clone())))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(new) = new {
            *expr = new;
        }
        ControlFlow::Continue(())
    }
}
