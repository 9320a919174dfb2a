//! Aggregates that Polars does not say, or not in these words: each a few plain lines over the
//! values of a group in the order of the events.

use std::collections::BTreeSet;

use super::aggregate::Measure;
use super::datum::Datum;
use super::kind::Kind;
use super::node::Aggregate;

/// What an aggregate is in one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    /// The value; none for a list.
    pub(super) one: Option<Datum>,
    /// The list; none for a single value.
    pub(super) list: Option<Vec<Datum>>,
    /// How far the layers' value may be off.
    pub(super) bound: f64,
}

/// How far `APPROX_PERCENTILE` may be off, relative to the value.
const PERCENTILE: f64 = 0.01;
/// How far `APPROX_COUNT_DISTINCT` may be off, relative to the count; a single one always may.
const DISTINCT: f64 = 0.05;
/// How far a variance of floats may be off, relative to the mean of squares; and a deviation,
/// relative to the root of that. A deviation of nearly equal values is the root of what rounding
/// has left of a difference.
const VARIANCE: f64 = 1e-9;
const DEVIATION: f64 = 1e-6;

/// The aggregate `measure` over `rows` of the columns of its arguments.
pub(super) fn value(measure: &Measure, columns: &[Vec<Option<Datum>>], rows: &[usize]) -> Value {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else {
        return Value::default();
    };
    // A row counts where no argument is NULL.
    let pairs: Vec<(&Datum, &Datum)> = (rows.iter())
        .filter_map(|row| Some((first.get(*row)?.as_ref()?, last.get(*row)?.as_ref()?)))
        .collect();
    let values: Vec<&Datum> = pairs.iter().map(|(value, _)| *value).collect();
    let one = |one: Option<Datum>| Value {
        one,
        ..Value::default()
    };
    let picked = |pair: Option<&(&Datum, &Datum)>| one(pair.map(|(value, _)| (*value).clone()));
    let is = |value: &&Datum| **value == Datum::Boolean(true);
    let list = |values: Vec<&Datum>| Value {
        list: (!values.is_empty()).then(|| values.into_iter().cloned().collect()),
        ..Value::default()
    };
    match &measure.function {
        Aggregate::First => picked(pairs.first()),
        Aggregate::Last => picked(pairs.last()),
        // Of several the first is the earliest; the greatest is looked for from behind, since of
        // several the last found is taken.
        Aggregate::ArgMin => picked(pairs.iter().min_by(|a, b| a.1.cmp(b.1))),
        Aggregate::ArgMax => picked(pairs.iter().rev().max_by(|a, b| a.1.cmp(b.1))),
        Aggregate::Distinct { .. } => {
            let count = values.iter().collect::<BTreeSet<_>>().len();
            Value {
                one: Some(Datum::Integer(count as i128)),
                bound: DISTINCT * count as f64 + 1.0,
                ..Value::default()
            }
        }
        Aggregate::List => list(values),
        Aggregate::Top(count) => {
            let greatest = sorted(values).into_iter().rev();
            list(greatest.take(*count).collect())
        }
        Aggregate::Joined(between) => {
            let texts = values.iter().map(|value| match value {
                Datum::Text(text) => text.as_str(),
                _ => "",
            });
            let joined = texts.collect::<Vec<_>>().join(between);
            one((!values.is_empty()).then_some(Datum::Text(joined)))
        }
        Aggregate::AllTrue if values.is_empty() => one(None),
        Aggregate::AnyTrue if values.is_empty() => one(None),
        Aggregate::AllTrue => one(Some(Datum::Boolean(values.iter().all(is)))),
        Aggregate::AnyTrue => one(Some(Datum::Boolean(values.iter().any(is)))),
        Aggregate::Median => one(median(&sorted(values), measure.output)),
        Aggregate::Percentile(share) => percentile(&sorted(values), *share, scale(measure)),
        Aggregate::Spread { root, sample } => spread(&values, *root, *sample, scale(measure)),
        Aggregate::Avg => one(mean(&values)),
        Aggregate::Count | Aggregate::Sum | Aggregate::Min | Aggregate::Max => Value::default(),
    }
}

fn sorted(mut values: Vec<&Datum>) -> Vec<&Datum> {
    values.sort();
    values
}

/// The digits behind the point of the argument.
fn scale(measure: &Measure) -> u8 {
    match measure.inputs.first() {
        Some(Kind::Decimal(_, scale)) => *scale,
        _ => 0,
    }
}

/// Half-way between the two values in the middle, which may be the same one.
fn median(sorted: &[&Datum], output: Kind) -> Option<Datum> {
    let count = sorted.len();
    let low = *sorted.get(count.checked_sub(1)? / 2)?;
    match (low, *sorted.get(count / 2)?, output) {
        // Five tenths of the sum: one digit more behind the point.
        (Datum::Integer(a), Datum::Integer(b), Kind::Decimal(..)) => {
            Some(Datum::Integer((a + b) * 5))
        }
        (Datum::Integer(a), Datum::Integer(b), _) => Some(Datum::Float((a + b) as f64 / 2.0)),
        (Datum::Float(a), Datum::Float(b), _) => Some(Datum::Float(a / 2.0 + b / 2.0)),
        _ => None,
    }
}

/// The value with index ⌊share · (n − 1)⌋.
fn percentile(sorted: &[&Datum], share: f64, scale: u8) -> Value {
    let rank = (share * sorted.len().saturating_sub(1) as f64).floor() as usize;
    let Some(value) = sorted.get(rank).map(|value| value.number(scale)) else {
        return Value::default();
    };
    // A sketch does not tell magnitudes apart that are next to nothing beside the greatest one.
    let sizes = sorted.iter().map(|value| value.number(scale).abs());
    let greatest = sizes.filter(|size| size.is_finite()).fold(0.0, f64::max);
    Value {
        one: Some(Datum::Float(value)),
        bound: PERCENTILE * value.abs() + 1e-15 * greatest,
        ..Value::default()
    }
}

/// The mean squared distance from the mean, in two passes, or its root.
fn spread(values: &[&Datum], root: bool, sample: bool, scale: u8) -> Value {
    let count = values.len();
    let divisor = if sample {
        count.saturating_sub(1)
    } else {
        count
    };
    if divisor == 0 {
        return Value::default();
    }
    let numbers: Vec<f64> = values.iter().map(|value| value.number(scale)).collect();
    let total = count as f64;
    let squares = numbers.iter().map(|number| number * number).sum::<f64>() / total;
    let whole: Option<Vec<i128>> = (values.iter())
        .map(|value| match value {
            Datum::Integer(value) if scale == 0 => Some(*value),
            _ => None,
        })
        .collect();
    let distances: Vec<f64> = match whole {
        // n times the distance is a whole number.
        Some(whole) => {
            let sum: i128 = whole.iter().sum();
            let distance = |value: &i128| (value * count as i128 - sum) as f64 / total;
            whole.iter().map(distance).collect()
        }
        None => {
            let mean = numbers.iter().map(|number| number / total).sum::<f64>();
            numbers.iter().map(|number| number - mean).collect()
        }
    };
    let exact = values
        .iter()
        .all(|value| matches!(value, Datum::Integer(_)))
        && scale == 0;
    let sum: f64 = distances.iter().map(|distance| distance * distance).sum();
    let variance = sum / divisor as f64;
    let bound = match (exact, root) {
        (true, _) => 0.0,
        (false, false) => VARIANCE * squares,
        (false, true) => DEVIATION * squares.sqrt(),
    };
    Value {
        one: Some(Datum::Float(if root { variance.sqrt() } else { variance })),
        bound,
        ..Value::default()
    }
}

/// The mean of decimals, four more digits behind the point and the rest cut off.
fn mean(digits: &[&Datum]) -> Option<Datum> {
    let sum: i128 = (digits.iter())
        .map(|value| match value {
            Datum::Integer(value) => *value,
            _ => 0,
        })
        .sum();
    let mean = (sum * 10_000).checked_div(digits.len() as i128)?;
    Some(Datum::Integer(mean))
}
