//! One SELECT over events, divided: what is maintained, and what is asked of its rows.
//!
//! HAVING, ORDER BY, QUALIFY, DISTINCT and window functions are asked of the rows of the fold, so
//! every aggregate, key and column that they name becomes a column of the fold, shown or not.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, OrderBy, Query, Select, SelectItem, Value, Visit, VisitMut,
    Visitor, VisitorMut,
};

use crate::compile::is_aggregate;
use crate::parse::name::normal;
use crate::spelling::{bare, is_window_call};

/// What a SELECT over events becomes.
pub(super) struct Lifted {
    /// The fold, without any clause that a fold cannot have.
    pub(super) fold: Select,
    /// The question over the rows of the fold; FROM is still to be filled in. `None` asks for the
    /// rows as they are.
    pub(super) above: Option<Select>,
}

/// Divides a SELECT; `order_by` is that of its query, and is rewritten to speak of the fold.
/// `columns` are what `*` stands for.
pub(super) fn lift(
    mut select: Select,
    order_by: &mut Option<OrderBy>,
    columns: &[String],
    windowed: bool,
) -> Lifted {
    if distinct_keys(&mut select, windowed) {
        let keys = 1..=select.projection.len();
        let ordinal = |n: usize| Expr::value(Value::Number(n.to_string(), false));
        select.group_by = GroupByExpr::Expressions(keys.map(ordinal).collect(), vec![]);
        select.distinct = None;
    }
    if !asks(&select, order_by.as_ref()) {
        return Lifted {
            fold: select,
            above: None,
        };
    }
    ordinals(&mut select);
    let mut above = select.clone();
    let group_by = match &select.group_by {
        GroupByExpr::Expressions(keys, _) => keys.iter().map(|key| bare(key).clone()).collect(),
        GroupByExpr::All(_) => vec![],
    };
    let mut inner = Inner::new(group_by);
    let mut shown = vec![];
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(options) if options == &Default::default() => {
                for column in columns {
                    shown.push(inner.keep(Expr::Identifier(quoted(column)), None));
                }
            }
            SelectItem::UnnamedExpr(expr) if !is_asked(expr) => {
                shown.push(inner.keep(expr.clone(), None));
            }
            SelectItem::ExprWithAlias { expr, alias } if !is_asked(expr) => {
                shown.push(inner.keep(expr.clone(), Some(normal(alias))));
            }
            other => {
                if let SelectItem::ExprWithAlias { alias, .. } = other {
                    inner.outer.push(normal(alias).value);
                }
                shown.push(other.clone());
            }
        }
    }
    for item in &mut shown {
        // What the fold shows is named by now; the rest is computed from its columns.
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
            && is_asked(expr)
        {
            let text = expr.to_string().to_lowercase();
            inner.rewrite(expr);
            if let SelectItem::UnnamedExpr(expr) = item {
                *item = SelectItem::ExprWithAlias {
                    expr: expr.clone(),
                    alias: quoted(&text),
                };
            }
        }
    }
    above.projection = shown;
    inner.rewrite(&mut above.having);
    inner.rewrite(&mut above.qualify);
    inner.rewrite(&mut above.named_window);
    inner.rewrite(&mut above.distinct);
    inner.rewrite(order_by);
    above.selection = above.having.take();
    above.group_by = GroupByExpr::Expressions(vec![], vec![]);
    let mut fold = select;
    fold.having = None;
    fold.qualify = None;
    fold.distinct = None;
    fold.named_window = vec![];
    fold.projection = inner.items;
    Lifted {
        fold,
        above: Some(above),
    }
}

/// Replaces `GROUP BY 2` by the item, since the fold has other items.
fn ordinals(select: &mut Select) {
    let items = &select.projection;
    let GroupByExpr::Expressions(keys, _) = &mut select.group_by else {
        return;
    };
    for key in keys {
        let Expr::Value(value) = bare(key) else {
            continue;
        };
        let Value::Number(number, _) = &value.value else {
            continue;
        };
        let place = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        if let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) =
            place.and_then(|place| items.get(place))
        {
            *key = expr.clone();
        }
    }
}

/// Whether DISTINCT only says that the items of SELECT are keys.
fn distinct_keys(select: &mut Select, windowed: bool) -> bool {
    let ungrouped =
        matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let plain = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            !is_asked(expr) && !has_aggregate(expr)
        }
        _ => false,
    };
    matches!(select.distinct, Some(Distinct::Distinct))
        && ungrouped
        && !windowed
        && select.projection.iter().all(plain)
}

/// Whether anything is asked of the rows of the fold.
fn asks(select: &Select, order_by: Option<&OrderBy>) -> bool {
    let items = select.projection.iter();
    order_by.is_some()
        || select.having.is_some()
        || select.qualify.is_some()
        || select.distinct.is_some()
        || !select.named_window.is_empty()
        || items.into_iter().any(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                is_asked(expr)
            }
            _ => false,
        })
}

/// Whether a window function or a subquery is anywhere in the expression.
pub(crate) fn is_asked(expr: &Expr) -> bool {
    struct Asked;
    impl Visitor for Asked {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if function.over.is_some() => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    Visit::visit(expr, &mut Asked).is_break()
}

/// Whether an aggregate is anywhere in the expression.
fn has_aggregate(expr: &Expr) -> bool {
    sqlparser::ast::visit_expressions(expr, |part| match is_aggregate(part) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })
    .is_break()
}

pub(super) fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// The columns of the fold as they come to be.
struct Inner {
    items: Vec<SelectItem>,
    /// The expression and the name of each item.
    named: Vec<(Expr, String)>,
    group_by: Vec<Expr>,
    /// The names of items that are not the fold's.
    outer: Vec<String>,
}

impl Inner {
    fn new(group_by: Vec<Expr>) -> Self {
        Self {
            items: vec![],
            named: vec![],
            group_by,
            outer: vec![],
        }
    }

    /// Adds an item, and gives the item over the rows of the fold that shows it.
    fn keep(&mut self, expr: Expr, alias: Option<Ident>) -> SelectItem {
        let expr = bare(&expr).clone();
        let name = match (&alias, &expr) {
            (Some(alias), _) => alias.value.clone(),
            (None, Expr::Identifier(name)) => normal(name).value,
            (None, Expr::CompoundIdentifier(parts)) => parts
                .last()
                .map(normal)
                .map_or(String::new(), |last| last.value),
            (None, other) => other.to_string().to_lowercase(),
        };
        self.items.push(SelectItem::ExprWithAlias {
            expr: expr.clone(),
            alias: quoted(&name),
        });
        self.named.push((expr, name.clone()));
        SelectItem::UnnamedExpr(Expr::Identifier(quoted(&name)))
    }

    /// The column of the fold that holds `expr`, added where there is none.
    fn column(&mut self, expr: &Expr) -> Ident {
        if let Some((_, name)) = self.named.iter().find(|(known, _)| known == expr) {
            return quoted(name);
        }
        let mut name = expr.to_string().to_lowercase();
        while self.named.iter().any(|(_, known)| *known == name) {
            name.push('_');
        }
        self.keep(expr.clone(), Some(quoted(&name)));
        quoted(&name)
    }

    /// Puts columns of the fold in place of what it computes.
    fn rewrite(&mut self, part: &mut impl VisitMut) {
        let mut columns = Columns {
            inner: self,
            within: 0,
        };
        let _: ControlFlow<()> = part.visit(&mut columns);
    }
}

/// Rewrites expressions, those of subqueries excepted: they have rows of their own.
struct Columns<'a> {
    inner: &'a mut Inner,
    within: u32,
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

    // Before its parts, so that an aggregate or a key is found whole.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.within > 0 {
            return ControlFlow::Continue(());
        }
        let asked = matches!(expr, Expr::Function(function) if function.over.is_some());
        let whole = bare(expr);
        let computed = (!asked && is_aggregate(whole))
            || is_window_call(whole)
            || self.inner.group_by.contains(whole)
            || self.inner.named.iter().any(|(known, _)| known == whole);
        let column = match expr {
            _ if computed => {
                let whole = bare(expr).clone();
                self.inner.column(&whole)
            }
            Expr::Identifier(name) => {
                let name = normal(name);
                let shown = |known: &String| *known == name.value;
                if self.inner.outer.iter().any(shown)
                    || self.inner.named.iter().any(|(_, known)| shown(known))
                {
                    quoted(&name.value)
                } else {
                    self.inner.column(expr)
                }
            }
            Expr::CompoundIdentifier(_) => self.inner.column(expr),
            _ => return ControlFlow::Continue(()),
        };
        *expr = Expr::Identifier(column);
        ControlFlow::Continue(())
    }
}
