//! Calls of aggregates.

use sqlparser::ast::{
    DuplicateTreatment, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use super::resolve;
use crate::truth::TruthError;
use crate::truth::node::{Aggregate, Literal, Node};

/// The aggregate that a call names; `None` where it names another function.
///
/// # Errors
/// Arguments or clauses that are not evaluated here.
pub(super) fn aggregate(call: &Call) -> Result<Option<Node>, TruthError> {
    let name = call.name.to_string().to_lowercase();
    let unsupported = || TruthError::unsupported(call);
    let FunctionArguments::List(list) = &call.args else {
        return Ok(None);
    };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let all = matches!(
        list.args.as_slice(),
        [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]
    );
    let mut arguments = vec![];
    for argument in &list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
            arguments.push(resolve(expr)?);
        }
    }
    for order in &call.within_group {
        arguments.insert(0, resolve(&order.expr)?);
    }
    let Some(function) = function(&name, distinct, &mut arguments) else {
        return Ok(None);
    };
    let extremes = matches!(function, Aggregate::Min | Aggregate::Max);
    let takes_distinct = extremes || matches!(function, Aggregate::Distinct { about: false });
    let percentile = matches!(function, Aggregate::Percentile(_));
    let takes = match function {
        Aggregate::Count if all => 0,
        Aggregate::ArgMin | Aggregate::ArgMax => 2,
        _ => 1,
    };
    let plain = call.over.is_none()
        && call.null_treatment.is_none()
        && list.clauses.is_empty()
        && (percentile || call.within_group.is_empty())
        && (takes_distinct || !distinct)
        && arguments.len() == takes;
    if !plain {
        return Err(unsupported());
    }
    if let Some(filter) = &call.filter {
        // What FILTER leaves out is NULL, which no aggregate looks at.
        let wanted = resolve(filter)?;
        if arguments.is_empty() {
            arguments.push(Node::Literal(Literal::Integer(1)));
        }
        let leave_out =
            |argument| Node::Case(vec![(wanted.clone(), argument)], Box::new(Node::null()));
        arguments = arguments.into_iter().map(leave_out).collect();
    }
    Ok(Some(Node::Aggregate(function, arguments)))
}

/// The function of this name, its constants taken from the arguments.
fn function(name: &str, distinct: bool, arguments: &mut Vec<Node>) -> Option<Aggregate> {
    let spread = |root, sample| Aggregate::Spread { root, sample };
    Some(match name {
        "count" if distinct => Aggregate::Distinct { about: false },
        // A constant is counted in every row, as a row is.
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "avg" | "mean" => Aggregate::Avg,
        "var_pop" | "var_population" => spread(false, false),
        "var_samp" | "var_sample" | "variance" | "var" => spread(false, true),
        "stddev_pop" => spread(true, false),
        "stddev_samp" | "stddev" => spread(true, true),
        "first_value" | "first" | "any_value" => Aggregate::First,
        "last_value" | "last" => Aggregate::Last,
        "arg_min" | "argmin" | "min_by" => Aggregate::ArgMin,
        "arg_max" | "argmax" | "max_by" => Aggregate::ArgMax,
        "approx_count_distinct" | "approx_distinct" => Aggregate::Distinct { about: true },
        "median" => Aggregate::Median,
        "approx_median" => Aggregate::Percentile(0.5),
        "approx_percentile" | "approx_percentile_cont" | "approx_quantile" => {
            match arguments.pop()? {
                Node::Literal(Literal::Integer(share)) => Aggregate::Percentile(share as f64),
                Node::Literal(Literal::Float(share)) => Aggregate::Percentile(share),
                _ => return None,
            }
        }
        "array_agg" | "list" => Aggregate::List,
        "string_agg" | "listagg" | "group_concat" => match arguments.len() {
            1 => Aggregate::Joined(",".to_owned()),
            _ => match arguments.pop()? {
                Node::Literal(Literal::Text(between)) => Aggregate::Joined(between),
                _ => return None,
            },
        },
        "top_k" => match arguments.pop()? {
            Node::Literal(Literal::Integer(count)) => Aggregate::Top(usize::try_from(count).ok()?),
            _ => return None,
        },
        "bool_and" | "every" => Aggregate::AllTrue,
        "bool_or" => Aggregate::AnyTrue,
        _ => return None,
    })
}
