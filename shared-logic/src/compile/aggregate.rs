//! The aggregates of a view as measures, each once and in an order that SELECT does not decide.

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion_common::DFSchema;
use datafusion_expr::Expr;
use sqlparser::ast::{self, Select};

use super::call;
use super::check::{is_aggregate, shown};
use super::plan::{Planned, Planner};
use crate::fingerprint::measure_order;
use crate::measure::{Function, Measure, unfit};
use crate::sql_error::SqlError;
use crate::table::type_name;

/// One measure with what it is over.
pub(super) struct Aggregate {
    pub(super) measure: Measure,
    /// None for `COUNT(*)`.
    pub(super) arguments: Vec<Planned>,
    /// The arguments in canonical text; empty for `COUNT(*)`.
    pub(super) canonical: String,
}

/// An aggregate as SQL has it, and the index of its measure.
pub(super) type Call = (ast::Expr, usize);

/// The measures of a view without repetition, in the order of their canonical texts, and the calls
/// in SELECT that they answer.
///
/// # Errors
/// An aggregate over values that it does not apply to.
pub(super) fn measures(
    select: &Select,
    planner: &Planner,
    schema: &DFSchema,
) -> Result<(Vec<Aggregate>, Vec<Call>), SqlError> {
    let calls = calls(select);
    let mut all = vec![];
    for call in &calls {
        all.push(one(call, planner, schema)?);
    }
    let key = |one: &Aggregate| measure_order(&one.measure.function, &one.canonical);
    let keys: Vec<_> = all.iter().map(key).collect();
    all.sort_by_key(key);
    all.dedup_by_key(|one| key(one));
    let place = |wanted| all.iter().position(|one| key(one) == wanted);
    let calls = (calls.into_iter().zip(keys))
        .filter_map(|(call, wanted)| Some((call, place(wanted)?)))
        .collect();
    Ok((all, calls))
}

/// The aggregates in SELECT, each text once.
fn calls(select: &Select) -> Vec<ast::Expr> {
    let mut found: Vec<ast::Expr> = vec![];
    for item in shown(select) {
        let _: ControlFlow<()> = ast::visit_expressions(item, |expr| {
            if is_aggregate(expr) && !found.contains(expr) {
                found.push(expr.clone());
            }
            ControlFlow::Continue(())
        });
    }
    found
}

fn one(sql: &ast::Expr, planner: &Planner, schema: &DFSchema) -> Result<Aggregate, SqlError> {
    let at = planner.place(sql);
    let ast::Expr::Function(function) = sql else {
        return Err(SqlError::new(at, format!("{sql} is not an aggregate"), ""));
    };
    let call = call::read(function)?;
    if let Some(filter) = &call.filter {
        condition(filter, planner, schema)?;
    }
    let mut arguments = vec![];
    for argument in &call.arguments {
        let raw = planner.raw(argument, schema, at)?;
        let counts_rows = matches!(&raw, Expr::Literal(value, _) if !value.is_null());
        if call.function == Function::Count && counts_rows {
            break;
        }
        // An argument is coerced alone: the measure itself knows how to add up small integers.
        arguments.push(planner.typed(raw, argument, argument.to_string(), at, schema)?);
    }
    let function = match arguments.is_empty() {
        true => Function::CountRows,
        false => call.function,
    };
    let inputs: Vec<DataType> = (arguments.iter())
        .map(|argument| argument.data_type.clone())
        .collect();
    if let Some((input, help)) = unfit(&function, &inputs) {
        let message = format!("{function} does not apply to {}", type_name(input));
        return Err(SqlError::new(at, message, help));
    }
    let canonical = (arguments.iter())
        .map(Planned::canonical)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Aggregate {
        measure: Measure { function, inputs },
        canonical: canonical.join(", "),
        arguments,
    })
}

/// Fails unless FILTER is a condition.
fn condition(filter: &ast::Expr, planner: &Planner, schema: &DFSchema) -> Result<(), SqlError> {
    let filter = planner.plan(filter, filter, schema)?;
    match filter.data_type {
        DataType::Boolean => Ok(()),
        other => {
            let message = format!("FILTER needs a condition, found {}", type_name(&other));
            Err(SqlError::new(
                filter.at,
                message,
                "compare it with something",
            ))
        }
    }
}
