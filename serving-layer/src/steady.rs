//! A plan whose rows do not depend on the order in which its tables come.
//!
//! SQL leaves open which of equal rows comes first. Here equal rows are told apart by all their
//! columns, wherever that decides something: in ORDER BY and LIMIT, and in window functions that
//! look at the place of a row. What is equal in all columns is the same row.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, Limit, LogicalPlan, Sort, SortExpr, Window, WindowFrameUnits,
};

/// Window functions whose value is decided by the order of rows alone, whatever the frame.
const PLACED: [&str; 5] = ["row_number", "ntile", "lag", "lead", "first_value"];

/// The columns by which rows come first where the question says nothing.
const FIRST: [&str; 2] = ["window_start", "window_end"];

/// The plan with every order made total; rows that no ORDER BY sorts come by window, then by column.
///
/// # Errors
/// A plan that cannot be rebuilt.
pub(crate) fn steady(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Sort(sort) => Ok(Transformed::yes(LogicalPlan::Sort(total(sort)))),
        LogicalPlan::Window(window) => placed(window),
        LogicalPlan::Limit(limit) if !sorted(&limit.input) => {
            let input = Arc::new(by_columns(limit.input));
            Ok(Transformed::yes(LogicalPlan::Limit(Limit {
                input,
                ..limit
            })))
        }
        node => Ok(Transformed::no(node)),
    })?;
    Ok(match plan.data {
        statement @ (LogicalPlan::Explain(_)
        | LogicalPlan::Analyze(_)
        | LogicalPlan::DescribeTable(_)
        | LogicalPlan::Statement(_)) => statement,
        plan if sorted(&plan) => plan,
        plan => by_columns(Arc::new(plan)),
    })
}

/// Whether the rows come from a Sort.
fn sorted(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) => true,
        LogicalPlan::Limit(limit) => sorted(&limit.input),
        LogicalPlan::Projection(projection) => sorted(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => sorted(&alias.input),
        _ => false,
    }
}

/// All columns of a plan as the end of an order.
fn columns(plan: &LogicalPlan) -> Vec<SortExpr> {
    let columns = plan.schema().columns().into_iter();
    columns
        .map(|column| Expr::Column(column).sort(true, true))
        .collect()
}

fn by_columns(input: Arc<LogicalPlan>) -> LogicalPlan {
    let mut expr = columns(&input);
    expr.sort_by_key(|sort| match &sort.expr {
        Expr::Column(column) => {
            let place = FIRST.iter().position(|name| *name == column.name);
            place.unwrap_or(FIRST.len())
        }
        _ => FIRST.len(),
    });
    match expr.is_empty() {
        true => Arc::unwrap_or_clone(input),
        false => LogicalPlan::Sort(Sort {
            expr,
            input,
            fetch: None,
        }),
    }
}

fn total(sort: Sort) -> Sort {
    let mut expr = sort.expr;
    extend(&mut expr, columns(&sort.input));
    Sort { expr, ..sort }
}

/// Adds what is not there yet.
fn extend(order: &mut Vec<SortExpr>, more: Vec<SortExpr>) {
    for sort in more {
        if !order.iter().any(|known| known.expr == sort.expr) {
            order.push(sort);
        }
    }
}

fn placed(window: Window) -> Result<Transformed<LogicalPlan>> {
    let ends = columns(&window.input);
    let mut changed = false;
    let exprs = window.window_expr.into_iter().map(|expr| {
        let name = expr.schema_name().to_string();
        match expr {
            Expr::WindowFunction(mut function) if by_place(&function) => {
                changed = true;
                extend(&mut function.params.order_by, ends.clone());
                Expr::WindowFunction(function).alias(name)
            }
            other => other,
        }
    });
    let exprs: Vec<Expr> = exprs.collect();
    let window = LogicalPlan::Window(Window::try_new(exprs, window.input)?);
    Ok(match changed {
        true => Transformed::yes(window),
        false => Transformed::no(window),
    })
}

fn by_place(function: &WindowFunction) -> bool {
    let name = function.fun.to_string().to_lowercase();
    PLACED.contains(&name.as_str()) || function.params.window_frame.units == WindowFrameUnits::Rows
}
