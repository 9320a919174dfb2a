//! A question gives the same rows whenever it is asked of the same folds.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Spanned, Visit, Visitor};

use crate::compile::is_unsteady;
use crate::sql_error::SqlError;

/// Refuses clocks and dice.
///
/// # Errors
/// The first call of such a function.
pub(super) fn check(query: &Query) -> Result<(), SqlError> {
    match Visit::visit(query, &mut Calls) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Calls;

impl Visitor for Calls {
    type Break = SqlError;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<SqlError> {
        let Expr::Function(function) = expr else {
            return ControlFlow::Continue(());
        };
        let name = function.name.to_string().to_lowercase();
        if !is_unsteady(&name) {
            return ControlFlow::Continue(());
        }
        let message = format!("{name} gives another value at every call");
        let help = "a view depends on its events alone, so that a replay gives the same rows";
        ControlFlow::Break(SqlError::new(expr.span().start, message, help))
    }
}
