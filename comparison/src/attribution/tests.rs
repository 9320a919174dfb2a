#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use super::*;

fn answer(rows: &[(i64, Option<i64>, &str)]) -> Answer {
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let most: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>());
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.2)));
    let rows = RecordBatch::try_from_iter_with_nullable([
        ("key", keys, true),
        ("most", most, true),
        ("name", name, true),
    ])
    .unwrap();
    Answer {
        groups: rows.project(&[0]).unwrap(),
        events: vec![],
        bounds: vec![None, None, None],
        rows,
    }
}

#[test]
fn each_step_is_charged_to_its_cause_and_nothing_remains() {
    let truth = answer(&[(1, Some(9), "a"), (2, Some(5), "b")]);
    let late = answer(&[(1, Some(9), "a")]);
    let missing = answer(&[(1, Some(7), "a")]);
    let double = answer(&[(1, Some(7), "a")]);
    let served = answer(&[(1, Some(8), "c"), (3, None, "d")]).rows;
    let found = attribute([&truth, &late, &missing, &double], &served, &[0]).unwrap();
    assert!(found.adds_up());
    let most = &found.columns[0];
    let amounts = most.by_cause.map(|amount| amount.value());
    assert_eq!(amounts, [-5.0, -2.0, 0.0, 1.0, 0.0]);
    assert_eq!((most.net, most.absolute), (Amount::Whole(-6, 0), 6.0));
    assert_eq!(found.changed, [1, 1, 0, 2, 0]);
    let keys: Vec<&str> = found
        .groups
        .iter()
        .map(|group| group.key.as_str())
        .collect();
    assert_eq!(keys, ["1", "2", "3"]);
    assert_eq!(found.columns[1].net, Amount::Changes(3));
}

#[test]
fn what_a_measure_may_be_off_by_is_approximation_and_more_is_drift() {
    let mut truth = answer(&[(1, Some(100), "a"), (2, Some(100), "a")]);
    truth.bounds[1] = Some(vec![2.0, 2.0]);
    let served = answer(&[(1, Some(101), "a"), (2, Some(103), "a")]).rows;
    let found = attribute([&truth; 4], &served, &[0]).unwrap();
    let amounts = found.columns[0].by_cause.map(|amount| amount.value());
    assert_eq!(amounts, [0.0, 0.0, 0.0, 3.0, 1.0]);
    assert_eq!(found.changed, [0, 0, 0, 1, 1]);
    let Consistency {
        mismatch, missing, ..
    } = found.consistency;
    assert_eq!((mismatch, missing), (0.5, 0.0));
}
