//! Calls of measures: a function and what it is over.

use std::sync::Arc;

use super::value::Value;
use crate::measure::Function;
use crate::measure::function::Share;
use crate::measure::spread::Spread;
use crate::measure::user::{User, UserMeasure};

/// A measure of a view that is being built.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Value>,
}

fn call(function: Function, arguments: Vec<Value>) -> Call {
    Call {
        function,
        arguments,
    }
}

/// How many events.
pub fn count() -> Call {
    call(Function::CountRows, vec![])
}

/// How many values that are not NULL.
pub fn count_of(value: impl Into<Value>) -> Call {
    call(Function::Count, vec![value.into()])
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident => $function:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(value: impl Into<Value>) -> Call {
            call($function, vec![value.into()])
        }
    )*};
}

calls! {
    /// The sum.
    sum => Function::Sum;
    /// The least value.
    min => Function::Min;
    /// The greatest value.
    max => Function::Max;
    /// The mean.
    avg => Function::Avg;
    /// The variance of all values.
    var_pop => Function::Spread(Spread::VarPop);
    /// The variance that a sample lets expect.
    var_samp => Function::Spread(Spread::VarSamp);
    /// The standard deviation of all values.
    stddev_pop => Function::Spread(Spread::StddevPop);
    /// The standard deviation that a sample lets expect.
    stddev_samp => Function::Spread(Spread::StddevSamp);
    /// The value of the earliest event.
    first => Function::First;
    /// The value of the latest event.
    last => Function::Last;
    /// How many different values.
    count_distinct => Function::CountDistinct;
    /// How many different values, roughly.
    approx_count_distinct => Function::ApproxCountDistinct;
    /// The median.
    median => Function::Median;
    /// All values in the order of events.
    array_agg => Function::ArrayAgg;
    /// Whether a condition is always true.
    bool_and => Function::BoolAnd;
    /// Whether a condition is ever true.
    bool_or => Function::BoolOr;
}

/// The value where `by` is least, of several the earliest.
pub fn arg_min(value: impl Into<Value>, by: impl Into<Value>) -> Call {
    call(Function::ArgMin, vec![value.into(), by.into()])
}

/// The value where `by` is greatest, of several the earliest.
pub fn arg_max(value: impl Into<Value>, by: impl Into<Value>) -> Call {
    call(Function::ArgMax, vec![value.into(), by.into()])
}

/// The value that this share of all values is below, roughly.
pub fn approx_percentile(value: impl Into<Value>, share: Share) -> Call {
    call(Function::ApproxPercentile(share), vec![value.into()])
}

/// All texts in the order of events, with `separator` between two of them.
pub fn string_agg(value: impl Into<Value>, separator: &str) -> Call {
    call(Function::StringAgg(separator.into()), vec![value.into()])
}

/// The `k` greatest values, the greatest first.
pub fn top_k(value: impl Into<Value>, k: u32) -> Call {
    call(Function::TopK(k), vec![value.into()])
}

/// A measure of your own; [`UserMeasure`] shows one.
pub fn user<V: Into<Value>>(
    measure: impl UserMeasure + 'static,
    arguments: impl IntoIterator<Item = V>,
) -> Call {
    let arguments = arguments.into_iter().map(Into::into).collect();
    call(Function::User(User(Arc::new(measure))), arguments)
}
