//! Every measure against a plain loop over the values of each group.

use std::collections::BTreeSet;

use arrow::array::ListArray;
use arrow::datatypes::{DataType, Int32Type};
use proptest::prelude::*;

use super::laws::moments;
use super::*;
use crate::measure::function::Share;
use crate::measure::spread::Spread;

/// Value, what it is compared by, and the seed of its moment.
type Row = (Option<i64>, Option<i64>, usize);

fn rows(most: i64) -> impl Strategy<Value = Vec<Row>> {
    let value = || proptest::option::weighted(0.8, -most..=most);
    proptest::collection::vec((value(), value(), 0..12_usize), 1..60)
}

fn ints(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

/// The finished value over all rows as one group.
fn finished(function: Function, rows: &[Row]) -> ArrayRef {
    let values = ints(rows.iter().map(|row| row.0));
    let by = ints(rows.iter().map(|row| row.1));
    over(function, vec![values, by], rows)
}

fn over(function: Function, columns: Vec<ArrayRef>, rows: &[Row]) -> ArrayRef {
    let count = match function {
        Function::ArgMin | Function::ArgMax => 2,
        _ => 1,
    };
    let mut arguments = columns[..count].to_vec();
    let inputs = arguments.iter().map(|column| column.data_type().clone());
    let measure = Measure {
        inputs: inputs.collect(),
        function,
    };
    if measure.function.ordered() {
        let seeds: Vec<usize> = rows.iter().map(|row| row.2).collect();
        arguments.extend(moments(&seeds));
    }
    let mut accumulator = measure.accumulator().unwrap().unwrap();
    let groups = vec![0; rows.len()];
    accumulator
        .update_batch(&arguments, &groups, None, 1)
        .unwrap();
    let value = accumulator.evaluate(EmitTo::All).unwrap();
    assert_eq!(*value.data_type(), measure.output());
    value
}

fn int(value: &ArrayRef) -> Option<i64> {
    value.as_primitive::<Int64Type>().iter().next().unwrap()
}

fn float(value: &ArrayRef) -> Option<f64> {
    value.as_primitive::<Float64Type>().iter().next().unwrap()
}

fn list(value: &ArrayRef) -> Option<Vec<i64>> {
    let list: &ListArray = value.as_list();
    list.is_valid(0)
        .then(|| list.value(0).as_primitive::<Int64Type>().values().to_vec())
}

/// The rows with a value, in the order of time, partition and offset.
fn in_order(rows: &[Row]) -> Vec<Row> {
    let count = rows.len();
    let mut ordered: Vec<(usize, Row)> = rows.iter().copied().enumerate().collect();
    ordered.retain(|(_, row)| row.0.is_some());
    ordered.sort_by_key(|(at, row)| (row.2 % 4, row.2 / 4 % 3, count - at));
    ordered.into_iter().map(|(_, row)| row).collect()
}

fn close(value: Option<f64>, expected: Option<f64>) -> bool {
    match (value, expected) {
        (Some(value), Some(expected)) => {
            value == expected || (value - expected).abs() <= 1e-12 * expected.abs()
        }
        (value, expected) => value == expected,
    }
}

proptest! {
    #[test]
    fn ordered_measures(rows in rows(3)) {
        let ordered = in_order(&rows);
        let values: Vec<i64> = ordered.iter().filter_map(|row| row.0).collect();
        prop_assert_eq!(int(&finished(Function::First, &rows)), values.first().copied());
        prop_assert_eq!(int(&finished(Function::Last, &rows)), values.last().copied());
        let all = list(&finished(Function::ArrayAgg, &rows));
        prop_assert_eq!(all, (!values.is_empty()).then(|| values.clone()));
        let mut compared: Vec<(i64, i64)> =
            ordered.iter().filter_map(|row| Some((row.1?, row.0?))).collect();
        // A stable sort leaves the earliest of equal ones in front.
        compared.sort_by_key(|(by, _)| *by);
        let least = compared.first().map(|(_, value)| *value);
        prop_assert_eq!(int(&finished(Function::ArgMin, &rows)), least);
        compared.sort_by_key(|(by, _)| std::cmp::Reverse(*by));
        // Equal ones were turned by neither sort.
        let most = compared.first().map(|(_, value)| *value);
        prop_assert_eq!(int(&finished(Function::ArgMax, &rows)), most);
        let texts: ArrayRef = Arc::new(StringArray::from_iter(
            rows.iter().map(|row| row.0.map(|value| value.to_string())),
        ));
        let joined = over(Function::StringAgg("; ".into()), vec![texts], &rows);
        let joined = joined.as_string::<i32>();
        let expected: Vec<String> = values.iter().map(i64::to_string).collect();
        let shown = joined.is_valid(0).then(|| joined.value(0).to_owned());
        prop_assert_eq!(shown, (!values.is_empty()).then(|| expected.join("; ")));
    }

    #[test]
    fn collected_measures(rows in rows(20), k in 1..5_u32) {
        let mut values: Vec<i64> = rows.iter().filter_map(|row| row.0).collect();
        values.sort_unstable();
        let count = values.len();
        let median = (count > 0)
            .then(|| (values[(count - 1) / 2] + values[count / 2]) as f64 / 2.0);
        prop_assert_eq!(float(&finished(Function::Median, &rows)), median);
        let greatest: Vec<i64> = values.iter().rev().take(k as usize).copied().collect();
        let top = list(&finished(Function::TopK(k), &rows));
        prop_assert_eq!(top, (count > 0).then_some(greatest));
        let distinct: BTreeSet<i64> = values.into_iter().collect();
        let distinct = distinct.len() as i64;
        prop_assert_eq!(int(&finished(Function::CountDistinct, &rows)), Some(distinct));
        let estimate = int(&finished(Function::ApproxCountDistinct, &rows)).unwrap();
        prop_assert!((estimate - distinct).abs() <= 1);
    }

    #[test]
    fn variances(rows in rows(1_000_000)) {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.0).map(|value| value as f64).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let differences: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let doubles: ArrayRef = Arc::new(Float64Array::from_iter(
            rows.iter().map(|row| row.0.map(|value| value as f64)),
        ));
        for (spread, least, expected) in [
            (Spread::VarPop, 1, differences / count),
            (Spread::VarSamp, 2, differences / (count - 1.0)),
            (Spread::StddevPop, 1, (differences / count).sqrt()),
            (Spread::StddevSamp, 2, (differences / (count - 1.0)).sqrt()),
        ] {
            let expected = (values.len() >= least).then_some(expected);
            for value in [
                finished(Function::Spread(spread), &rows),
                over(Function::Spread(spread), vec![Arc::clone(&doubles)], &rows),
            ] {
                prop_assert!(close(float(&value), expected), "{spread:?} {value:?} {expected:?}");
            }
        }
    }

    #[test]
    fn percentiles(rows in rows(1_000_000), share in 0.0..=1.0_f64) {
        let mut values: Vec<i64> = rows.iter().filter_map(|row| row.0).collect();
        values.sort_unstable();
        let function = Function::ApproxPercentile(Share::new(share).unwrap());
        let estimate = float(&finished(function, &rows));
        prop_assert_eq!(estimate.is_some(), !values.is_empty());
        if let Some(estimate) = estimate {
            let value = values[(share * (values.len() - 1) as f64) as usize] as f64;
            prop_assert!((estimate - value).abs() <= 0.01 * value.abs(), "{estimate} for {value}");
        }
    }

    #[test]
    fn conditions(rows in proptest::collection::vec(proptest::option::of(any::<bool>()), 1..6)) {
        let values: ArrayRef = Arc::new(BooleanArray::from(rows.clone()));
        let known: Vec<bool> = rows.iter().flatten().copied().collect();
        let rows = vec![(None, None, 0); rows.len()];
        for (function, expected) in [
            (Function::BoolAnd, known.iter().all(|value| *value)),
            (Function::BoolOr, known.iter().any(|value| *value)),
        ] {
            let value = over(function, vec![Arc::clone(&values)], &rows);
            let expected = (!known.is_empty()).then_some(expected);
            prop_assert_eq!(value.as_boolean().iter().next().unwrap(), expected);
        }
    }
}

#[test]
fn arguments_keep_their_type() {
    let small: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![3, 1, 2]));
    let rows = [(None, None, 3), (None, None, 1), (None, None, 2)];
    let first = over(Function::First, vec![Arc::clone(&small)], &rows);
    assert_eq!(first.as_primitive::<Int32Type>().values(), &[1]);
    let all = over(Function::ArrayAgg, vec![small], &rows);
    assert_eq!(
        *all.data_type(),
        crate::measure::value::list_type(&DataType::Int32)
    );
    assert_eq!(
        all.as_list::<i32>()
            .value(0)
            .as_primitive::<Int32Type>()
            .values(),
        &[1, 2, 3]
    );
}
