//! SELECT over the rows of a fold: keys and aggregates become its columns.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, VisitMut, VisitorMut};

use super::check::is_aggregate;
use crate::spelling::{WINDOW_END, WINDOW_START};
use crate::sql_error::SqlError;

/// The name of the column that holds key `n`.
pub(super) fn key_name(n: usize) -> String {
    format!("key_{n}")
}

/// The name of the column that holds measure `n`.
pub(super) fn measure_name(n: usize) -> String {
    format!("{MEASURE}{n}")
}

/// Whether the column of this name holds a measure.
pub(super) fn is_measure(name: &str) -> bool {
    name.starts_with(MEASURE)
}

const MEASURE: &str = "measure_";

/// What SELECT can be over.
pub(super) struct Rebase<'a> {
    /// GROUP BY: the window's columns where there is a window, then the keys.
    pub(super) group_by: &'a [Expr],
    pub(super) windowed: bool,
    /// The aggregates, each with the index of its measure.
    pub(super) calls: &'a [(Expr, usize)],
}

impl Rebase<'_> {
    /// The expression with keys and aggregates replaced by their columns.
    ///
    /// # Errors
    /// A column that is neither in a key nor inside an aggregate.
    pub(super) fn apply(&self, expr: &Expr) -> Result<Expr, SqlError> {
        let mut rebased = expr.clone();
        match VisitMut::visit(&mut rebased, &mut Columns(self)) {
            ControlFlow::Continue(()) => Ok(rebased),
            ControlFlow::Break(error) => Err(error),
        }
    }

    fn column(&self, expr: &Expr) -> Option<String> {
        if is_aggregate(expr) {
            let (_, measure) = self.calls.iter().find(|(call, _)| call == expr)?;
            return Some(measure_name(*measure));
        }
        let place = self.group_by.iter().position(|key| key == expr)?;
        match (place, self.windowed) {
            (0, true) => Some(WINDOW_START.to_owned()),
            (1, true) => Some(WINDOW_END.to_owned()),
            (n, true) => Some(key_name(n - 2)),
            (n, false) => Some(key_name(n)),
        }
    }
}

struct Columns<'a>(&'a Rebase<'a>);

impl VisitorMut for Columns<'_> {
    type Break = SqlError;

    // Before its parts, so that a key is found whole and the inside of an aggregate is not seen.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        if let Some(column) = self.0.column(expr) {
            *expr = Expr::Identifier(Ident::with_quote('"', column));
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::Identifier(name) => {
                let message = format!("{} is neither grouped by nor aggregated", name.value);
                let help = format!("add it to GROUP BY, or write MIN({name})");
                ControlFlow::Break(SqlError::new(name.span.start, message, help))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
