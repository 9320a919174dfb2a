#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
//! Laws of the measures: a split anywhere, merged, equals the whole; and both equal a plain loop.

use std::sync::Arc;

use crate::measure::accumulator::EmitTo;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, StringArray,
};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use proptest::prelude::*;

use super::{Accumulator, Function, Measure};

mod laws;
mod reference;
mod semantics;

const GROUPS: usize = 4;

fn measure(function: Function, values: &ArrayRef) -> Measure {
    Measure {
        function,
        inputs: vec![values.data_type().clone()],
    }
}

/// Folds as a fold does: groups are numbered as their first rows come.
fn fold(measure: &Measure, values: &ArrayRef, groups: &[usize]) -> (Accumulator, Vec<usize>) {
    let mut met: Vec<usize> = vec![];
    let mut numbers = vec![];
    for group in groups {
        let number = met
            .iter()
            .position(|known| known == group)
            .unwrap_or_else(|| {
                met.push(*group);
                met.len() - 1
            });
        numbers.push(number);
    }
    let mut accumulator = measure.accumulator().unwrap().unwrap();
    accumulator
        .update_batch(std::slice::from_ref(values), &numbers, None, met.len())
        .unwrap();
    (accumulator, met)
}

/// The finished values in the order of the group numbers; NULL for a group without rows.
fn in_order(mut accumulator: Accumulator, met: &[usize]) -> ArrayRef {
    let finished = accumulator.evaluate(EmitTo::All).unwrap();
    let places =
        (0..GROUPS).map(|group| met.iter().position(|met| *met == group).map(|at| at as u32));
    arrow::compute::take(
        &finished,
        &arrow::array::UInt32Array::from_iter(places),
        None,
    )
    .unwrap()
}

fn whole(measure: &Measure, values: &ArrayRef, groups: &[usize]) -> ArrayRef {
    let (accumulator, met) = fold(measure, values, groups);
    in_order(accumulator, &met)
}

fn split(measure: &Measure, values: &ArrayRef, groups: &[usize], at: usize) -> ArrayRef {
    let mut merged = measure.accumulator().unwrap().unwrap();
    let mut met: Vec<usize> = vec![];
    for (from, to) in [(at, groups.len()), (0, at)] {
        let (mut part, mine) = fold(measure, &values.slice(from, to - from), &groups[from..to]);
        let state = part.state(EmitTo::All).unwrap();
        let types: Vec<DataType> = state
            .iter()
            .map(|column| column.data_type().clone())
            .collect();
        let declared: Vec<DataType> = measure.state().into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(types, declared);
        met.extend(
            mine.iter()
                .filter(|group| !met.contains(group))
                .copied()
                .collect::<Vec<_>>(),
        );
        let numbers: Vec<usize> = mine
            .iter()
            .map(|group| met.iter().position(|met| met == group).unwrap())
            .collect();
        merged.merge_batch(&state, &numbers, met.len()).unwrap();
    }
    let merged = in_order(merged, &met);
    assert_eq!(*merged.data_type(), measure.output());
    merged
}

fn rows<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = (Vec<(usize, Option<T>)>, usize)> {
    let row = (0..GROUPS, proptest::option::weighted(0.8, value));
    (proptest::collection::vec(row, 0..60), 0..61_usize)
        .prop_map(|(rows, at)| (rows.clone(), at.min(rows.len())))
}

proptest! {
    #[test]
    fn integers((rows, at) in rows(any::<i64>())) {
        let groups: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
        let values: ArrayRef = Arc::new(Int64Array::from_iter(rows.iter().map(|(_, value)| *value)));
        for function in [Function::Count, Function::Min, Function::Max, Function::Avg] {
            let measure = measure(function, &values);
            prop_assert_eq!(&whole(&measure, &values, &groups), &split(&measure, &values, &groups, at));
        }
        let max = whole(&measure(Function::Max, &values), &values, &groups);
        let avg = whole(&measure(Function::Avg, &values), &values, &groups);
        for group in 0..GROUPS {
            let mine: Vec<i64> = rows.iter().filter(|row| row.0 == group).filter_map(|row| row.1).collect();
            let max = max.as_primitive::<Int64Type>();
            prop_assert_eq!(max.is_valid(group).then(|| max.value(group)), mine.iter().max().copied());
            let sum: i128 = mine.iter().map(|value| i128::from(*value)).sum();
            let avg = avg.as_primitive::<Float64Type>();
            let expected = (!mine.is_empty()).then(|| sum as f64 / mine.len() as f64);
            prop_assert_eq!(avg.is_valid(group).then(|| avg.value(group)), expected);
        }
    }

    #[test]
    fn sums_of_integers_are_exact((rows, at) in rows(-1_000_000..1_000_000_i64)) {
        let groups: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
        let values: ArrayRef = Arc::new(Int64Array::from_iter(rows.iter().map(|(_, value)| *value)));
        let sum = split(&measure(Function::Sum, &values), &values, &groups, at);
        let sum = sum.as_primitive::<Int64Type>();
        for group in 0..GROUPS {
            let mine: Vec<i64> = rows.iter().filter(|row| row.0 == group).filter_map(|row| row.1).collect();
            let expected = (!mine.is_empty()).then(|| mine.iter().sum::<i64>());
            prop_assert_eq!(sum.is_valid(group).then(|| sum.value(group)), expected);
        }
    }

    #[test]
    fn floats_within_their_bound((rows, at) in rows(-1e12..1e12_f64)) {
        let groups: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
        let values: ArrayRef = Arc::new(Float64Array::from_iter(rows.iter().map(|(_, value)| *value)));
        for function in [Function::Min, Function::Max] {
            let measure = measure(function, &values);
            prop_assert_eq!(&whole(&measure, &values, &groups), &split(&measure, &values, &groups, at));
        }
        for function in [Function::Sum, Function::Avg] {
            let measure = measure(function, &values);
            let (a, b) = (whole(&measure, &values, &groups), split(&measure, &values, &groups, at));
            let (a, b) = (a.as_primitive::<Float64Type>(), b.as_primitive::<Float64Type>());
            let bound: f64 = rows.iter().filter_map(|row| row.1).map(f64::abs).sum::<f64>() * 1e-9;
            for group in 0..GROUPS {
                prop_assert_eq!(a.is_valid(group), b.is_valid(group));
                prop_assert!(a.is_null(group) || (a.value(group) - b.value(group)).abs() <= bound);
            }
        }
    }

    #[test]
    fn decimals_are_exact((rows, at) in rows(-10_i128.pow(30)..10_i128.pow(30))) {
        let groups: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
        let values = Decimal128Array::from_iter(rows.iter().map(|(_, value)| *value));
        let values: ArrayRef = Arc::new(values.with_precision_and_scale(38, 2).unwrap());
        for function in [Function::Sum, Function::Min, Function::Max, Function::Avg] {
            let measure = measure(function, &values);
            prop_assert_eq!(&whole(&measure, &values, &groups), &split(&measure, &values, &groups, at));
        }
        let sum = whole(&measure(Function::Sum, &values), &values, &groups);
        let sum = sum.as_primitive::<Decimal128Type>();
        for group in 0..GROUPS {
            let mine: Vec<i128> = rows.iter().filter(|row| row.0 == group).filter_map(|row| row.1).collect();
            prop_assert!(mine.is_empty() || sum.value(group) == mine.iter().sum::<i128>());
        }
    }

    #[test]
    fn text_and_booleans((rows, at) in rows("[a-c]{0,2}")) {
        let groups: Vec<usize> = rows.iter().map(|(group, _)| *group).collect();
        let text: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|(_, value)| value.clone())));
        let flags: ArrayRef = Arc::new(BooleanArray::from_iter(rows.iter().map(|(_, value)| value.as_ref().map(String::is_empty))));
        for values in [text, flags] {
            for function in [Function::Count, Function::Min, Function::Max] {
                let measure = measure(function, &values);
                prop_assert_eq!(&whole(&measure, &values, &groups), &split(&measure, &values, &groups, at));
            }
        }
    }
}

#[test]
fn a_sum_that_does_not_fit_is_an_error_and_not_a_wrap() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1]));
    let error = fold(&measure(Function::Sum, &values), &values, &[2, 2])
        .0
        .evaluate(EmitTo::All);
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("9223372036854775808 does not fit Int64"),
        "{message}"
    );
}

#[test]
fn a_sum_that_comes_back_into_range_is_right() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1, -1]));
    let sum = whole(&measure(Function::Sum, &values), &values, &[0, 0, 0]);
    assert_eq!(sum.as_primitive::<Int64Type>().value(0), i64::MAX);
}

#[test]
fn compensation_keeps_what_plain_addition_loses() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1e16, 1.0, -1e16]));
    let sum = whole(&measure(Function::Sum, &values), &values, &[0, 0, 0]);
    assert_eq!(sum.as_primitive::<Float64Type>().value(0), 1.0);
}

#[test]
fn nan_is_the_greatest_whatever_the_order() {
    for values in [
        vec![f64::NAN, 1.0, -f64::NAN],
        vec![1.0, -f64::NAN, f64::NAN],
    ] {
        let values: ArrayRef = Arc::new(Float64Array::from(values));
        let max = whole(&measure(Function::Max, &values), &values, &[0, 0, 0]);
        let min = whole(&measure(Function::Min, &values), &values, &[0, 0, 0]);
        assert!(max.as_primitive::<Float64Type>().value(0).is_nan());
        assert_eq!(min.as_primitive::<Float64Type>().value(0), 1.0);
    }
}
