//! The aggregates of a view as measures, each once and in an order that SELECT does not decide.

use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion_common::DFSchema;
use datafusion_expr::Expr;
use sqlparser::ast::{self, FunctionArguments, Select};

use super::check::{function_name, is_aggregate, shown};
use super::functions::Functions;
use super::plan::{Planned, Planner};
use crate::measure::{Function, Measure};
use crate::sql_error::SqlError;
use crate::table::type_name;

/// One measure with what it is over.
pub(super) struct Aggregate {
    pub(super) measure: Measure,
    /// `None` for `COUNT(*)`.
    pub(super) argument: Option<Planned>,
    /// The argument in canonical text; empty for `COUNT(*)`.
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
    let key = |one: &Aggregate| (one.measure.function.to_string(), one.canonical.clone());
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

fn one(call: &ast::Expr, planner: &Planner, schema: &DFSchema) -> Result<Aggregate, SqlError> {
    let at = planner.place(call);
    let wrong = |message: String| SqlError::new(at, message, "");
    let (Expr::AggregateFunction(planned), ast::Expr::Function(sql)) =
        (planner.raw(call, schema)?, call)
    else {
        return Err(wrong(format!("{call} is not an aggregate")));
    };
    let name = function_name(sql);
    let Some(function) = Functions::measure(&name) else {
        return Err(wrong(format!("{name} is not supported in a view")));
    };
    let Ok([argument]) = <[Expr; 1]>::try_from(planned.params.args) else {
        return Err(wrong(format!("{name} takes one argument")));
    };
    let counts_rows = matches!(&argument, Expr::Literal(value, _) if !value.is_null());
    if function == Function::Count && counts_rows {
        return Ok(Aggregate {
            measure: Measure {
                function: Function::CountRows,
                input: DataType::Null,
            },
            argument: None,
            canonical: String::new(),
        });
    }
    let text = match &sql.args {
        FunctionArguments::List(list) => list.to_string(),
        _ => String::new(),
    };
    // The argument is coerced alone: the measure itself knows how to add up small integers.
    let argument = Planned::new(argument, text, at, schema)?;
    if !applies(function, &argument.data_type) {
        let message = format!(
            "{function} does not apply to {}",
            type_name(&argument.data_type)
        );
        let help = match function {
            Function::Sum | Function::Avg => "it needs a number",
            _ => "it needs a number, a text, a boolean, a date or a timestamp",
        };
        return Err(SqlError::new(at, message, help));
    }
    Ok(Aggregate {
        measure: Measure {
            function,
            input: argument.data_type.clone(),
        },
        canonical: argument.canonical()?,
        argument: Some(argument),
    })
}

/// Whether a measure is built over values of this type.
fn applies(function: Function, input: &DataType) -> bool {
    let float = matches!(input, DataType::Float32 | DataType::Float64);
    let number = input.is_integer() || float || matches!(input, DataType::Decimal128(..));
    match function {
        Function::CountRows | Function::Count => true,
        Function::Sum | Function::Avg => number,
        Function::Min | Function::Max => {
            number
                || matches!(
                    input,
                    DataType::Date32 | DataType::Timestamp(..) | DataType::Utf8 | DataType::Boolean
                )
        }
    }
}
