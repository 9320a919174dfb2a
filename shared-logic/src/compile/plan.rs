//! DataFusion's plan of a view, taken apart into filter, keys, aggregates and outputs.

use datafusion_common::{DataFusionError, Result};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::{Expr, LogicalPlan};
use datafusion_sql::planner::PlannerContext;
use sqlparser::ast::{self, Query, Select, SetExpr, Spanned, Statement};
use std::ops::ControlFlow;

use super::check::{is_aggregate, keys, shown};
use super::context::Context;
use super::expression::coerced;
use crate::prepare::expression::reason;
use crate::sql_error::SqlError;

/// The parts of a view before type coercion.
pub(super) struct Plan {
    pub(super) filter: Option<Expr>,
    /// What is grouped by besides the window's two columns.
    pub(super) keys: Vec<Expr>,
    /// The aggregates, in the order of the plan.
    pub(super) aggregates: Vec<Call>,
    /// SELECT, each expression over `Output`s.
    pub(super) outputs: Vec<Expr>,
    /// The columns that the outputs are over: window, keys, aggregates.
    pub(super) grouped: datafusion_common::DFSchemaRef,
}

/// One aggregate of SELECT.
pub(super) struct Call {
    pub(super) sql: ast::Expr,
    pub(super) function: AggregateFunction,
}

/// Plans a canonical SELECT.
///
/// # Errors
/// What DataFusion refuses, placed at the expression that it refuses.
pub(super) fn plan(select: &Select, context: &Context) -> std::result::Result<Plan, SqlError> {
    taken_apart(select, context).map_err(|error| blame(select, context, &error))
}

fn taken_apart(select: &Select, context: &Context) -> Result<Plan> {
    let plan = context.planner().sql_statement_to_plan(statement(select))?;
    let LogicalPlan::Projection(projection) = plan else {
        return Err(unexpected("no projection"));
    };
    let LogicalPlan::Aggregate(aggregate) = projection.input.as_ref() else {
        return Err(unexpected("no aggregation"));
    };
    let filter = match aggregate.input.as_ref() {
        LogicalPlan::Filter(filter) => Some(filter.predicate.clone()),
        LogicalPlan::TableScan(_) => None,
        _ => return Err(unexpected("another input")),
    };
    let keys = aggregate.group_expr.get(2..).ok_or_else(|| unexpected("no window"))?;
    let mut calls = calls(select, context)?;
    let mut aggregates = vec![];
    for expr in &aggregate.aggr_expr {
        let at = (calls.iter()).position(|call| same(expr, &call.function));
        let at = at.ok_or_else(|| unexpected("another aggregate"))?;
        aggregates.push(calls.remove(at));
    }
    Ok(Plan {
        filter,
        keys: keys.to_vec(),
        aggregates,
        outputs: projection.expr.clone(),
        grouped: aggregate.schema.clone(),
    })
}

fn unexpected(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("the planner made {what}, please report this view"))
}

fn same(planned: &Expr, function: &AggregateFunction) -> bool {
    matches!(planned.clone().unalias(), Expr::AggregateFunction(found) if found == *function)
}

/// The aggregates of SELECT, each with its text; a repeated one is there once for each time.
fn calls(select: &Select, context: &Context) -> Result<Vec<Call>> {
    let mut found = vec![];
    for item in shown(select) {
        let _: ControlFlow<()> = ast::visit_expressions(item, |expr| {
            if is_aggregate(expr) {
                found.push(expr.clone());
            }
            ControlFlow::Continue(())
        });
    }
    let schema = context.schema()?;
    let planner = context.planner();
    let call = |sql: ast::Expr| {
        match planner.sql_to_expr(sql.clone(), &schema, &mut PlannerContext::new())?.unalias() {
            Expr::AggregateFunction(function) => Ok(Call { sql, function }),
            _ => Err(unexpected("no aggregate of a call")),
        }
    };
    found.into_iter().map(call).collect()
}

fn statement(select: &Select) -> Statement {
    Statement::Query(Box::new(Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(select.clone()))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: vec![],
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: vec![],
    }))
}

/// Finds the expression that an error is about, by planning each alone.
pub(super) fn blame(select: &Select, context: &Context, error: &DataFusionError) -> SqlError {
    let alone = |expr: &ast::Expr| -> Result<()> {
        let schema = context.schema()?;
        let planner = context.planner();
        let expr = planner.sql_to_expr(expr.clone(), &schema, &mut PlannerContext::new())?;
        coerced(expr, &schema).map(|_| ())
    };
    let exprs = select.selection.iter().chain(keys(select)).chain(shown(select));
    for expr in exprs {
        if let Err(error) = alone(expr) {
            return SqlError::new(expr.span().start, reason(&error), "")
                .or_at(select.select_token.0.span.start);
        }
    }
    SqlError::new(select.select_token.0.span.start, reason(error), "")
}
