#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
//! However rows are divided, the parts merged one by one are the whole, and share no window.

use std::collections::BTreeSet;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, TimeUnit};
use proptest::prelude::*;

use super::*;
use crate::builder::{ViewBuilder, count, max, sum};
use crate::chunk::Chunk;
use crate::coverage::CoverageError;
use crate::identity::{Offset, TopicPartition};
use crate::table::Table;

fn builder() -> ViewBuilder {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, false),
        Field::new("key", DataType::Int64, true),
    ]);
    ViewBuilder::over(&Arc::new(Table::new("events", columns, "at").unwrap()))
        .key("key")
        .measure("n", count())
        .measure("total", sum("key"))
}

fn view() -> Arc<View> {
    builder().tumble(Duration::from_micros(10)).build().unwrap()
}

/// The fold of events in one partition of its own, so that any set of them tiles.
fn fold(view: &Arc<View>, partition: u32, start: u64, events: &[(i64, i64)]) -> Partial {
    let times = events.iter().map(|event| event.0);
    let columns: [(&str, ArrayRef); 2] = [
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(times)),
        ),
        (
            "key",
            Arc::new(Int64Array::from_iter_values(
                events.iter().map(|event| event.1),
            )),
        ),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    let place = TopicPartition::new("events", partition);
    let mut fold = Fold::new(view).unwrap();
    fold.push(&Chunk::typed(place, Offset(start), rows.unwrap()))
        .unwrap();
    fold.finish().unwrap()
}

fn starts(rows: &RecordBatch) -> BTreeSet<i64> {
    let starts = rows.column(0).as_primitive::<TimestampMicrosecondType>();
    starts.values().iter().copied().collect()
}

fn events() -> impl Strategy<Value = Vec<Vec<(i64, i64)>>> {
    let event = (-60..60_i64, 0..4_i64);
    proptest::collection::vec(proptest::collection::vec(event, 0..30), 0..4)
}

proptest! {
    #[test]
    fn parts_share_no_window_and_are_the_whole(
        folds in events(),
        alone in 1..6_usize,
        enough in 1..20_usize,
        sessions in any::<bool>(),
    ) {
        let view = match sessions {
            true => builder().session(Duration::from_micros(7)).build().unwrap(),
            false => view(),
        };
        let partials: Vec<Partial> = (0..).zip(&folds).map(|(n, events)| fold(&view, n, 0, events)).collect();
        let partials: Vec<&Partial> = partials.iter().collect();
        let divided = divided(&view, &partials, alone, enough).unwrap();
        let merged: Vec<RecordBatch> =
            divided.parts.iter().map(|part| part.merge(&view).unwrap()).collect();
        // In one partition of everything there is nothing to merge.
        let all: Vec<(i64, i64)> = folds.iter().flatten().copied().collect();
        let whole = fold(&view, 9, 0, &all);
        let columns = partial::columns(&view);
        prop_assert_eq!(concat_batches(&columns, &merged).unwrap(), whole.rows.clone());
        prop_assert_eq!(merge(&view, partials.iter().copied()).unwrap().rows, whole.rows);
        for (before, after) in merged.iter().zip(merged.iter().skip(1)) {
            prop_assert!(starts(before).last() < starts(after).first());
        }
        prop_assert!(!sessions || divided.parts.len() <= 1);
    }
}

/// How many partials each part has rows of, and how many rows come out of it.
fn shape(
    view: &Arc<View>,
    partials: &[&Partial],
    alone: usize,
    enough: usize,
) -> Vec<(usize, usize)> {
    let parts = divided(view, partials, alone, enough).unwrap().parts;
    let parts = parts.iter();
    parts
        .map(|part| (part.slices.len(), part.merge(view).unwrap().num_rows()))
        .collect()
}

fn windows(range: std::ops::Range<i64>) -> Vec<(i64, i64)> {
    range.map(|window| (window * 10, 1)).collect()
}

#[test]
fn a_long_run_that_nobody_else_has_windows_of_is_a_part_of_its_own() {
    let view = view();
    let first = fold(&view, 0, 0, &windows(0..8));
    let second = fold(&view, 1, 0, &windows(6..12));
    // 0 to 5 are the first one's alone, 6 and 7 of both, 8 to 11 the second one's alone.
    let both = [&first, &second];
    assert_eq!(shape(&view, &both, 6, 99), [(1, 6), (2, 6)]);
    assert_eq!(shape(&view, &both, 7, 99), [(2, 12)]);
    assert_eq!(shape(&view, &both, 4, 99), [(1, 6), (2, 2), (1, 4)]);
    assert_eq!(shape(&view, &both, 4, 1), [(1, 6), (2, 1), (2, 1), (1, 4)]);
}

#[test]
fn a_part_gets_no_more_windows_once_it_has_enough_rows() {
    let view = view();
    let first = fold(&view, 0, 0, &windows(0..4));
    let second = fold(&view, 1, 0, &windows(0..4));
    let both = [&first, &second];
    assert_eq!(shape(&view, &both, 99, 4), [(2, 2), (2, 2)]);
    assert_eq!(shape(&view, &both, 99, 5), [(2, 3), (2, 1)]);
    assert_eq!(shape(&view, &both, 99, 8), [(2, 4)]);
}

#[test]
fn a_few_rows_are_merged_at_once() {
    let view = view();
    let (first, second) = (
        fold(&view, 0, 0, &windows(0..40)),
        fold(&view, 1, 0, &windows(9..90)),
    );
    let parts = divide(&view, &[&first, &second]).unwrap().parts;
    assert_eq!(parts.len(), 1);
}

#[test]
fn rows_at_the_end_of_time_are_merged_too() {
    let view = builder().build().unwrap();
    let mut first = fold(&view, 0, 0, &[(0, 1)]);
    let mut second = fold(&view, 1, 0, &[(0, 1)]);
    for partial in [&mut first, &mut second] {
        let mut columns = partial.rows.columns().to_vec();
        columns[0] = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX]));
        partial.rows = RecordBatch::try_new(partial.rows.schema(), columns).unwrap();
    }
    let merged = merge(&view, [&first, &second]).unwrap();
    assert_eq!((merged.rows.num_rows(), starts(&merged.rows).len()), (1, 1));
}

#[test]
fn counters_and_coverage_are_those_of_all() {
    let view = view();
    let mut first = fold(&view, 0, 0, &windows(0..2));
    let mut second = fold(&view, 1, 5, &windows(0..3));
    first.counters = Counters {
        rejected: 1,
        filtered: 2,
        late: 3,
    };
    second.counters = Counters {
        rejected: 10,
        filtered: 20,
        late: 30,
    };
    let merged = merge(&view, [&first, &second]).unwrap();
    assert_eq!(
        merged.counters,
        Counters {
            rejected: 11,
            filtered: 22,
            late: 33
        }
    );
    assert_eq!(merged.coverage.records(), 5);
    assert_eq!(merge(&view, [&first]).unwrap(), first);
    assert_eq!(merge(&view, []).unwrap().rows.num_rows(), 0);
}

#[test]
fn nothing_is_merged_that_overlaps_or_is_of_other_logic() {
    let view = view();
    let (first, again) = (
        fold(&view, 0, 0, &windows(0..2)),
        fold(&view, 0, 1, &windows(0..2)),
    );
    let error = merge(&view, [&first, &again]).unwrap_err();
    assert!(
        matches!(error, FoldError::Coverage(CoverageError::Overlap { .. })),
        "{error}"
    );
    let other = builder()
        .measure("most", max("key"))
        .tumble(Duration::from_micros(10));
    let other = other.build().unwrap();
    let error = merge(&view, [&first, &fold(&other, 1, 0, &[])]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(
            "the view events has window_start Timestamp(µs), key_0 Int64, events UInt64, "
        ),
        "{message}"
    );
    assert!(
        message.contains("measure_1_max Int64, measure_2_sum"),
        "{message}"
    );
}

#[test]
fn a_merge_drops_what_the_whole_no_longer_keeps() {
    let view = builder()
        .tumble(Duration::from_micros(10))
        .retain(Duration::from_micros(15));
    let view = view.build().unwrap();
    let old = fold(&view, 0, 0, &[(3, 1), (12, 1)]);
    assert_eq!(starts(&old.rows), [0, 10].into());
    let new = fold(&view, 1, 0, &[(25, 1)]);
    let merged = merge(&view, [&old, &new]).unwrap();
    // The first window ended at 10, and 10 + 15 is not after 25.
    assert_eq!(starts(&merged.rows), [10, 20].into());
}
