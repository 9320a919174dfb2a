//! Sums of integers that do not wrap: they are computed in 38 digits, and an answer that does not fit
//! BIGINT is an error.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchemaRef, ExprSchema, Result};
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, LogicalPlan, Projection, Window, WindowFunctionDefinition, cast,
};

/// Integers of 64 bits, and sums of as many as there can be, without a rest.
const WIDE: DataType = DataType::Decimal128(38, 0);

/// The plan with wide sums in GROUP BY and OVER.
///
/// # Errors
/// A plan that cannot be rebuilt.
pub(crate) fn exact(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) => grouped(aggregate),
        LogicalPlan::Window(window) => over(window),
        node => Ok(Transformed::no(node)),
    })?;
    Ok(plan.data)
}

fn grouped(aggregate: Aggregate) -> Result<Transformed<LogicalPlan>> {
    let schema = Arc::clone(aggregate.input.schema());
    let mut wide = vec![];
    for expr in &aggregate.aggr_expr {
        wide.push(match expr {
            Expr::AggregateFunction(call) if call.func.name() == "sum" => {
                let mut params = call.params.clone();
                widen(&mut params.args, &schema)?.then(|| {
                    let func = Arc::clone(&call.func);
                    Expr::AggregateFunction(AggregateFunction { func, params })
                })
            }
            _ => None,
        });
    }
    if wide.iter().all(Option::is_none) {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let exprs = renamed(&aggregate.aggr_expr, wide);
    let new = Aggregate::try_new(aggregate.input, aggregate.group_expr, exprs)?;
    narrow(LogicalPlan::Aggregate(new), &aggregate.schema)
}

fn over(window: Window) -> Result<Transformed<LogicalPlan>> {
    let schema = Arc::clone(window.input.schema());
    let mut wide = vec![];
    for expr in &window.window_expr {
        wide.push(match expr {
            Expr::WindowFunction(call) if is_sum(call) => {
                let mut call = call.clone();
                widen(&mut call.params.args, &schema)?.then_some(Expr::WindowFunction(call))
            }
            _ => None,
        });
    }
    if wide.iter().all(Option::is_none) {
        return Ok(Transformed::no(LogicalPlan::Window(window)));
    }
    let exprs = renamed(&window.window_expr, wide);
    let new = Window::try_new(exprs, window.input)?;
    narrow(LogicalPlan::Window(new), &window.schema)
}

fn is_sum(call: &WindowFunction) -> bool {
    matches!(&call.fun, WindowFunctionDefinition::AggregateUDF(function) if function.name() == "sum")
}

/// Widens an argument that is an integer; false where it is none.
fn widen(args: &mut [Expr], schema: &DFSchemaRef) -> Result<bool> {
    match args {
        [argument] if argument.get_type(schema)?.is_integer() => {
            *argument = cast(argument.clone(), WIDE);
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The wide expressions in place of the others, under the others' names.
fn renamed(exprs: &[Expr], wide: Vec<Option<Expr>>) -> Vec<Expr> {
    let pairs = exprs.iter().zip(wide);
    let new = pairs.map(|(expr, wide)| match wide {
        Some(wide) => wide.alias(expr.schema_name().to_string()),
        None => expr.clone(),
    });
    new.collect()
}

/// The plan with its columns in the types that they had.
fn narrow(plan: LogicalPlan, schema: &DFSchemaRef) -> Result<Transformed<LogicalPlan>> {
    let columns = plan.schema().columns().into_iter();
    let exprs = columns
        .zip(schema.iter())
        .map(|(column, (qualifier, field))| {
            let name = field.name();
            match plan.schema().field_from_column(&column) {
                Ok(now) if now.data_type() != field.data_type() => {
                    let narrow = cast(Expr::Column(column), field.data_type().clone());
                    narrow.alias_qualified(qualifier.cloned(), name)
                }
                _ => Expr::Column(column),
            }
        });
    let exprs: Vec<Expr> = exprs.collect();
    let projection = Projection::try_new(exprs, Arc::new(plan))?;
    Ok(Transformed::yes(LogicalPlan::Projection(projection)))
}
