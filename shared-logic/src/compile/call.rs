//! A call of an aggregate, taken apart: the function, its constants, and what it is over.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    CaseWhen, DuplicateTreatment, Expr, Function as Sql, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, NullTreatment, Spanned, Value,
};

use super::check::function_name;
use crate::measure::Function;
use crate::measure::function::Share;
use crate::measure::spread::Spread;
use crate::sql_error::SqlError;

/// The most values that `TOP_K` keeps for a group.
const MOST: u32 = 10_000;

/// A call of an aggregate.
pub(super) struct Call {
    pub(super) function: Function,
    /// What it is over, FILTER included; empty for `COUNT(*)`.
    pub(super) arguments: Vec<Expr>,
    /// The condition of FILTER.
    pub(super) filter: Option<Expr>,
}

/// What an aggregate's name says of its arguments.
enum Named {
    /// As many values as this, and nothing else.
    Plain(Function, usize),
    /// A value and a share.
    Percentile,
    /// A text, and what is put between two of them.
    Texts,
    /// A value, and how many are kept.
    Top,
}

/// Whether this is the name, in small letters, of an aggregate that a view can maintain.
pub(super) fn is_name(name: &str) -> bool {
    named(name).is_some()
}

/// The names of all aggregates, aliases left out.
pub(super) const NAMES: [&str; 23] = [
    "approx_count_distinct",
    "approx_median",
    "approx_percentile",
    "arg_max",
    "arg_min",
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "first_value",
    "last_value",
    "max",
    "median",
    "min",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "top_k",
    "var_pop",
    "var_samp",
    "variance",
];

fn named(name: &str) -> Option<Named> {
    let one = |function| Named::Plain(function, 1);
    Some(match name {
        "count" => one(Function::Count),
        "sum" => one(Function::Sum),
        "min" => one(Function::Min),
        "max" => one(Function::Max),
        "avg" | "mean" => one(Function::Avg),
        "var_pop" | "var_population" => one(Function::Spread(Spread::VarPop)),
        "var_samp" | "var_sample" | "variance" | "var" => one(Function::Spread(Spread::VarSamp)),
        "stddev_pop" => one(Function::Spread(Spread::StddevPop)),
        "stddev_samp" | "stddev" => one(Function::Spread(Spread::StddevSamp)),
        "first_value" | "first" | "any_value" => one(Function::First),
        "last_value" | "last" => one(Function::Last),
        "arg_min" | "argmin" | "min_by" => Named::Plain(Function::ArgMin, 2),
        "arg_max" | "argmax" | "max_by" => Named::Plain(Function::ArgMax, 2),
        "approx_count_distinct" | "approx_distinct" => one(Function::ApproxCountDistinct),
        "approx_percentile" | "approx_percentile_cont" | "approx_quantile" => Named::Percentile,
        "approx_median" => one(Function::ApproxPercentile(Share::HALF)),
        "median" => one(Function::Median),
        "array_agg" | "list" => one(Function::ArrayAgg),
        "string_agg" | "listagg" | "group_concat" => Named::Texts,
        "top_k" => Named::Top,
        "bool_and" | "every" => one(Function::BoolAnd),
        "bool_or" => one(Function::BoolOr),
        _ => return None,
    })
}

/// Takes a call apart.
///
/// # Errors
/// Arguments or clauses that the aggregate does not take.
pub(super) fn read(sql: &Sql) -> Result<Call, SqlError> {
    let name = function_name(sql);
    let at = sql.span().start;
    let Some(named) = named(&name) else {
        return Err(SqlError::new(
            at,
            format!("{name} is not supported in a view"),
            "",
        ));
    };
    clauses(sql, &name, &named)?;
    let distinct = duplicates(sql) == Some(DuplicateTreatment::Distinct);
    let given = given(sql, &name)?;
    let wrong = |help: &str| Err(SqlError::new(at, format!("cannot read {sql}"), help));
    let (function, mut arguments) = match named {
        Named::Plain(function, count) => match (function, given.as_slice()) {
            (Function::Count, [None]) if !distinct => (Function::CountRows, vec![]),
            (function, _) if given.len() == count => {
                (with_distinct(function, distinct, sql)?, given)
            }
            (function, _) => {
                let plural = if count == 1 { "" } else { "s" };
                let message = format!("{name} takes {count} argument{plural}");
                let help = match function {
                    Function::ArgMin | Function::ArgMax => {
                        format!("write {function}(value, measure)")
                    }
                    _ => format!("write {}", function.call(&["value"])),
                };
                return Err(SqlError::new(at, message, help));
            }
        },
        Named::Percentile => {
            let help = "write APPROX_PERCENTILE(value, 0.9), the share from 0 to 1";
            let (value, share) = match (given.as_slice(), sql.within_group.as_slice()) {
                ([value, Some(share)], []) => (value.clone(), share),
                ([Some(share)], [order]) => (Some(order.expr.clone()), share),
                _ => return wrong(help),
            };
            match number(share).and_then(|share| Share::new(share.parse().ok()?)) {
                Some(share) => (Function::ApproxPercentile(share), vec![value]),
                None => return wrong(help),
            }
        }
        Named::Texts => match given.as_slice() {
            [value] => (Function::StringAgg(",".into()), vec![value.clone()]),
            [value, Some(Expr::Value(separator))] => match &separator.value {
                Value::SingleQuotedString(text) => (
                    Function::StringAgg(text.as_str().into()),
                    vec![value.clone()],
                ),
                _ => return wrong("write STRING_AGG(text, ', ')"),
            },
            _ => return wrong("write STRING_AGG(text, ', ')"),
        },
        Named::Top => {
            let k = match given.as_slice() {
                [_, Some(k)] => number(k).and_then(|k| k.parse().ok()),
                _ => None,
            };
            match k {
                Some(k) if (1..=MOST).contains(&k) => {
                    (Function::TopK(k), given.into_iter().take(1).collect())
                }
                _ => return wrong(&format!("write TOP_K(value, 3), with 1 to {MOST} values")),
            }
        }
    };
    let filter = sql.filter.as_deref().cloned();
    let function = match (&filter, function) {
        (Some(_), Function::CountRows) => {
            arguments = vec![Some(one())];
            Function::Count
        }
        (_, function) => function,
    };
    let Some(mut arguments) = arguments.into_iter().collect::<Option<Vec<Expr>>>() else {
        return wrong(&format!("{name}(*) counts nothing, name a column"));
    };
    // Measures skip NULLs, so a row that FILTER does not want can be a NULL. In every argument:
    // none of them is to fail on such a row.
    for argument in &mut arguments {
        if let Some(condition) = &filter {
            *argument = wanted(condition.clone(), argument.clone());
        }
    }
    Ok(Call {
        function,
        arguments,
        filter,
    })
}

/// `CASE WHEN condition THEN result END`.
fn wanted(condition: Expr, result: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: None,
    }
}

fn one() -> Expr {
    Expr::Value(Value::Number("1".into(), false).with_empty_span())
}

/// The digits of a number.
fn number(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => Some(digits),
            _ => None,
        },
        _ => None,
    }
}

fn duplicates(sql: &Sql) -> Option<DuplicateTreatment> {
    match &sql.args {
        FunctionArguments::List(list) => list.duplicate_treatment,
        _ => None,
    }
}

/// The arguments in brackets; `None` for `*`.
fn given(sql: &Sql, name: &str) -> Result<Vec<Option<Expr>>, SqlError> {
    let refuse = || {
        let message = format!("cannot read the arguments of {name}");
        SqlError::new(sql.span().start, message, "write the arguments alone")
    };
    let FunctionArguments::List(list) = &sql.args else {
        return Err(refuse());
    };
    let one = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(Some(expr.clone())),
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(None),
        _ => Err(refuse()),
    };
    list.args.iter().map(one).collect()
}

/// The function that DISTINCT makes of another.
fn with_distinct(function: Function, distinct: bool, sql: &Sql) -> Result<Function, SqlError> {
    match function {
        Function::Count if distinct => Ok(Function::CountDistinct),
        // The extreme of a set is that of the values in it.
        Function::Min | Function::Max => Ok(function),
        function if distinct => Err(unsupported(
            sql,
            "DISTINCT",
            &format!(
                "COUNT, MIN and MAX take DISTINCT; for {function} maintain a view that is grouped by the value too"
            ),
        )),
        function => Ok(function),
    }
}

/// Refuses the clauses of a call that would change what it computes.
fn clauses(sql: &Sql, name: &str, named: &Named) -> Result<(), SqlError> {
    let refuse = |what: &str, help: &str| Err(unsupported(sql, what, help));
    let alone = "write the arguments alone";
    let nulls = format!("{name} skips NULLs; leave the clause out, or write COALESCE");
    if duplicates(sql) == Some(DuplicateTreatment::Distinct) && !matches!(named, Named::Plain(..)) {
        return refuse("DISTINCT", "COUNT, MIN and MAX take DISTINCT");
    }
    match sql.within_group.as_slice() {
        [] => {}
        [order] if matches!(named, Named::Percentile) => {
            if order.options.asc == Some(false) {
                return refuse("DESC", "write 1 minus the share, and leave DESC out");
            }
        }
        _ => return refuse("WITHIN GROUP", alone),
    }
    if sql.null_treatment == Some(NullTreatment::RespectNulls) {
        return refuse("RESPECT NULLS", &nulls);
    }
    if !matches!(sql.parameters, FunctionArguments::None) {
        return refuse("two lists of arguments", alone);
    }
    let FunctionArguments::List(list) = &sql.args else {
        return Ok(());
    };
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls) => {}
            FunctionArgumentClause::IgnoreOrRespectNulls(_) => {
                return refuse("RESPECT NULLS", &nulls);
            }
            FunctionArgumentClause::OrderBy(_) => {
                return refuse(
                    "ORDER BY",
                    "events are in the order of event time, then of partition and offset; leave ORDER BY out",
                );
            }
            _ => return refuse("a clause in its call", alone),
        }
    }
    Ok(())
}

fn unsupported(sql: &Sql, what: &str, help: &str) -> SqlError {
    let message = format!(
        "{} with {what} is not supported in a view",
        function_name(sql)
    );
    SqlError::new(sql.span().start, message, help)
}
