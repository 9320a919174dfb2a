//! The aggregates of a view as measures, each once and in an order that SELECT does not decide.

use arrow::datatypes::DataType;
use datafusion_common::{DFSchema, ScalarValue};
use datafusion_expr::{Expr, ExprSchemable};
use sqlparser::ast::{self, FunctionArguments, Spanned};

use super::expression::coerced;
use super::functions::Functions;
use super::plan::Call;
use super::render::canonical;
use crate::measure::{Function, Measure};
use crate::prepare::expression::reason;
use crate::sql_error::SqlError;
use crate::table::type_name;

/// One measure with what it is over.
pub(super) struct Aggregate {
    pub(super) measure: Measure,
    /// `None` for `COUNT(*)`.
    pub(super) argument: Option<Expr>,
    /// The argument in canonical text; empty for `COUNT(*)`.
    pub(super) canonical: String,
    /// The argument as it is written; empty for `COUNT(*)`.
    pub(super) text: String,
}

/// The measures of a view without repetition, and for each aggregate of the plan the index of its
/// measure. Their order is that of their canonical texts.
///
/// # Errors
/// An aggregate over values that it does not apply to.
pub(super) fn measures(
    calls: &[Call],
    schema: &DFSchema,
) -> Result<(Vec<Aggregate>, Vec<usize>), SqlError> {
    let mut all = vec![];
    for call in calls {
        all.push(one(call, schema)?);
    }
    let key = |aggregate: &Aggregate| {
        (aggregate.measure.function.to_string(), aggregate.canonical.clone())
    };
    let keys: Vec<_> = all.iter().map(key).collect();
    all.sort_by_key(key);
    all.dedup_by_key(|aggregate| key(aggregate));
    let places = (keys.iter())
        .filter_map(|wanted| all.iter().position(|aggregate| key(aggregate) == *wanted))
        .collect();
    Ok((all, places))
}

fn one(call: &Call, schema: &DFSchema) -> Result<Aggregate, SqlError> {
    let at = call.sql.span().start;
    let wrong = |message: String| SqlError::new(at, message, "");
    let name = call.function.func.name();
    let Some(function) = Functions::measure(name) else {
        return Err(wrong(format!("{name} is not supported in a view")));
    };
    let [argument] = call.function.params.args.as_slice() else {
        return Err(wrong(format!("{name} takes one argument")));
    };
    // The argument is coerced alone: the measure itself knows how to add up small integers.
    let argument =
        coerced(argument.clone(), schema).map_err(|error| wrong(reason(&error)))?.unalias();
    if function == Function::Count
        && matches!(&argument, Expr::Literal(value, _) if *value != ScalarValue::Null && !value.is_null())
    {
        return Ok(Aggregate {
            measure: Measure {
                function: Function::CountRows,
                input: DataType::Null,
            },
            argument: None,
            canonical: String::new(),
            text: String::new(),
        });
    }
    let input = argument.get_type(schema).map_err(|error| wrong(reason(&error)))?;
    let canonical = canonical(&argument).map_err(wrong)?;
    if !applies(function, &input) {
        let message = format!("{function} does not apply to {}", type_name(&input));
        let help = match function {
            Function::Sum | Function::Avg => "it needs a number",
            _ => "it needs a number, a text, a boolean, a date or a timestamp",
        };
        return Err(SqlError::new(at, message, help));
    }
    Ok(Aggregate {
        measure: Measure { function, input },
        argument: Some(argument),
        canonical,
        text: argument_text(&call.sql),
    })
}

/// Whether a measure is built over values of this type.
fn applies(function: Function, input: &DataType) -> bool {
    let number =
        input.is_integer() || matches!(input, DataType::Float32 | DataType::Float64 | DataType::Decimal128(..));
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

fn argument_text(call: &ast::Expr) -> String {
    let ast::Expr::Function(function) = call else {
        return call.to_string();
    };
    match &function.args {
        FunctionArguments::List(list) => list.to_string(),
        _ => String::new(),
    }
}
