#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
//! The fold against ten obvious lines, and against itself cut and chunked in any way.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use proptest::prelude::*;

use super::{Fold, FoldError};
use crate::answer::answer;
use crate::chunk::{Chunk, Payload};
use crate::coverage::CoverageError;
use crate::identity::{Offset, TopicPartition};
use crate::job::Job;
use crate::merge::merge;
use crate::partial::Partial;
use crate::view::View;

const SQL: &str = "
    CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT) WITH (event_time = 'at');
    CREATE VIEW totals AS
    SELECT window_start, name, COUNT(*) AS n, SUM(value) AS total, MIN(value) AS least,
           MAX(value) AS most, AVG(value) AS mean, COUNT(value) AS known
    FROM TUMBLE(events, at, INTERVAL '10' SECOND)
    GROUP BY name, window_start, window_end";

/// Time in seconds, name, value.
type Event = (i64, Option<String>, Option<i64>);

fn view(sql: &str) -> Arc<View> {
    Arc::clone(&Job::compile("test", sql).unwrap().views[0])
}

fn chunk(events: &[Event], start: usize) -> Chunk {
    let at = events.iter().map(|event| event.0 * 1_000_000);
    let columns: [(&str, ArrayRef); 3] = [
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(at)),
        ),
        (
            "name",
            Arc::new(StringArray::from_iter(
                events.iter().map(|event| event.1.as_deref()),
            )),
        ),
        (
            "value",
            Arc::new(Int64Array::from_iter(events.iter().map(|event| event.2))),
        ),
    ];
    Chunk {
        place: TopicPartition::new("events", 0),
        start: Offset(start as u64),
        next: Offset((start + events.len()) as u64),
        offsets: None,
        arrivals: None,
        payload: Payload::Typed(RecordBatch::try_from_iter(columns).unwrap()),
    }
}

/// Folds `events[from..to]` in chunks of `size`, beginning with the watermark that is reached there.
fn fold(view: &Arc<View>, events: &[Event], from: usize, to: usize, size: usize) -> Partial {
    let mut fold = Fold::new(view).unwrap();
    let before = events[..from].iter().map(|event| event.0).max();
    let before = before.map(|at| crate::time::Watermark(crate::time::EventTime(at * 1_000_000)));
    fold.begin(
        TopicPartition::new("events", 0),
        Offset(from as u64),
        before,
    );
    let mut at = from;
    for part in events[from..to].chunks(size) {
        fold.push(&chunk(part, at)).unwrap();
        at += part.len();
    }
    fold.finish().unwrap()
}

type Row = (
    i64,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<f64>,
    i64,
);

fn plain(events: &[Event]) -> Vec<Row> {
    let mut groups: BTreeMap<(i64, Option<String>), Vec<Option<i64>>> = BTreeMap::new();
    for (at, name, value) in events {
        groups
            .entry((at.div_euclid(10) * 10, name.clone()))
            .or_default()
            .push(*value);
    }
    let row = |((start, name), values): ((i64, Option<String>), Vec<Option<i64>>)| {
        let known: Vec<i64> = values.iter().flatten().copied().collect();
        let sum: i64 = known.iter().sum();
        let some = !known.is_empty();
        let mean = some.then(|| sum as f64 / known.len() as f64);
        let (least, most) = (known.iter().min().copied(), known.iter().max().copied());
        (
            start,
            name,
            values.len() as i64,
            some.then_some(sum),
            least,
            most,
            mean,
            known.len() as i64,
        )
    };
    groups.into_iter().map(row).collect()
}

fn shown(view: &View, partial: &Partial) -> Vec<Row> {
    let rows = answer(view, partial).unwrap();
    let int = |column: usize, row: usize| {
        let column = rows.column(column).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let starts = rows.column(0).as_primitive::<TimestampMicrosecondType>();
    let names = rows.column(1).as_string::<i32>();
    let means = rows.column(6).as_primitive::<Float64Type>();
    let row = |row: usize| {
        let name = names.is_valid(row).then(|| names.value(row).to_owned());
        let mean = means.is_valid(row).then(|| means.value(row));
        let start = starts.value(row) / 1_000_000;
        (
            start,
            name,
            int(2, row).unwrap(),
            int(3, row),
            int(4, row),
            int(5, row),
            mean,
            int(7, row).unwrap(),
        )
    };
    (0..rows.num_rows()).map(row).collect()
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let name = proptest::option::weighted(0.9, "[ab]{0,2}");
    let value = proptest::option::weighted(0.8, -1000..1000_i64);
    proptest::collection::vec((-50..50_i64, name, value), 0..80)
}

proptest! {
    #[test]
    fn equals_the_plain_loop_in_any_chunks(events in events(), size in 1..100_usize) {
        let view = view(SQL);
        let partial = fold(&view, &events, 0, events.len(), size);
        prop_assert_eq!(shown(&view, &partial), plain(&events));
        prop_assert_eq!(partial.coverage.records(), events.len() as u64);
    }

    #[test]
    fn cut_anywhere_and_merged_in_any_order_is_the_whole(
        events in events(),
        cuts in proptest::collection::vec(0..81_usize, 0..4),
        turned in any::<bool>(),
    ) {
        let view = view(SQL);
        let mut edges: Vec<usize> = cuts.into_iter().map(|cut| cut.min(events.len())).collect();
        edges.extend([0, events.len()]);
        edges.sort_unstable();
        let mut parts: Vec<Partial> =
            edges.windows(2).map(|edge| fold(&view, &events, edge[0], edge[1], 7)).collect();
        if turned {
            parts.reverse();
        }
        let merged = merge(&view, &parts).unwrap();
        prop_assert_eq!(merged, fold(&view, &events, 0, events.len(), 1000));
    }

    #[test]
    fn overlaps_and_holes_are_errors_whatever_the_values(from in 0..9_usize, to in 1..10_usize) {
        let view = view(SQL);
        let events: Vec<Event> = (0..10).map(|at| (at, None, None)).collect();
        let (low, high) = (fold(&view, &events, 0, to, 3), fold(&view, &events, from, 10, 3));
        match merge(&view, [&high, &low]) {
            Ok(whole) => prop_assert_eq!((from, whole.coverage.records()), (to, 10)),
            Err(FoldError::Coverage(CoverageError::Overlap { place, start, .. })) => {
                prop_assert!(from < to);
                prop_assert_eq!((place, start), (TopicPartition::new("events", 0), Offset(from as u64)));
            }
            Err(FoldError::Coverage(CoverageError::Hole { start, next, .. })) => {
                prop_assert!(from > to);
                prop_assert_eq!((start, next), (Offset(to as u64), Offset(from as u64)));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn a_chunk_that_comes_twice_is_an_overlap() {
    let view = view(SQL);
    let mut fold = Fold::new(&view).unwrap();
    let events = [(1, None, Some(1)), (2, None, Some(2))];
    fold.push(&chunk(&events, 0)).unwrap();
    let error = fold.push(&chunk(&events, 0)).unwrap_err();
    assert!(
        error.to_string().contains("events/0 from offset 0 to 2"),
        "{error}"
    );
}

#[test]
fn a_changed_prefix_is_an_error() {
    let view = view(SQL);
    let first = fold(&view, &[(1, None, None), (2, None, None)], 0, 2, 9);
    let other = [(1, None, None), (9, None, None), (3, None, None)];
    let second = fold(&view, &other, 2, 3, 9);
    let error = merge(&view, [&first, &second]).unwrap_err();
    assert!(error.to_string().contains("prefix has changed"), "{error}");
}

#[test]
fn partials_of_other_logic_do_not_merge() {
    let other = view(&SQL.replace("SUM(value)", "MAX(value)"));
    let events = [(1, None, Some(1))];
    let (mine, its) = (
        fold(&view(SQL), &events, 0, 1, 9),
        fold(&other, &[events[0].clone(), events[0].clone()], 1, 2, 9),
    );
    let error = merge(&view(SQL), [&mine, &its]).unwrap_err();
    assert!(matches!(error, FoldError::OtherLogic { .. }), "{error}");
}

#[test]
fn keys_of_every_kind_group_like_their_values() {
    let sql = "
        CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT) WITH (event_time = 'at');
        CREATE VIEW totals AS
        SELECT window_start, name, value, value > 0 AS positive, CAST(value AS DOUBLE) / 2 AS half, COUNT(*) AS n
        FROM TUMBLE(events, at, INTERVAL '10' SECOND)
        GROUP BY window_start, window_end, name, value, value > 0, CAST(value AS DOUBLE) / 2";
    let view = view(sql);
    let events: Vec<Event> = vec![
        (1, Some("a".into()), Some(1)),
        (2, Some("a".into()), None),
        (3, None, Some(1)),
        (4, Some("a".into()), Some(1)),
        (5, Some("a".into()), None),
        (5, Some("a".into()), Some(-1)),
    ];
    let rows = answer(&view, &fold(&view, &events, 0, 6, 2)).unwrap();
    let counts = rows.column(5).as_primitive::<Int64Type>().values().to_vec();
    // NULLs first: (NULL, 1), (a, NULL), (a, -1), (a, 1).
    assert_eq!(counts, [1, 2, 1, 2]);
}

#[test]
fn a_view_without_keys_and_without_events_has_no_rows() {
    let sql = SQL.replace("name, ", "").replace(" name,", "");
    let view = view(&sql.replace("GROUP BY name, window", "GROUP BY window"));
    assert_eq!(fold(&view, &[], 0, 0, 1).rows.num_rows(), 0);
    let one = fold(&view, &[(-1, None, None)], 0, 1, 1);
    assert_eq!(one.rows.num_rows(), 1);
    assert_eq!(answer(&view, &one).unwrap().num_rows(), 1);
}

const ORDERED: &str = "
    CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT) WITH (event_time = 'at');
    CREATE VIEW ordered AS
    SELECT window_start, FIRST_VALUE(value) AS first, LAST_VALUE(name) AS last,
           ARRAY_AGG(value) FILTER (WHERE value <> 2) AS list, STRING_AGG(name, '-') AS names,
           ARG_MAX(name, value) AS best, MEDIAN(value) AS middle, COUNT(DISTINCT name) AS different,
           APPROX_COUNT_DISTINCT(value) AS about, APPROX_PERCENTILE(value, 0.5) AS half,
           VAR_SAMP(value) AS spread, TOP_K(value, 2) AS top, BOOL_OR(value > 2) AS any
    FROM TUMBLE(events, at, INTERVAL '10' SECOND)
    WHERE value > 0
    GROUP BY window_start, window_end, 10 / (value - 3) IS NULL";

/// The values that `list` has, by window: of those that are kept, and do not fail in a key as 3 does.
fn lists(events: &[Event]) -> Vec<(i64, Vec<i64>)> {
    let mut all: Vec<(i64, usize, i64)> = (events.iter().enumerate())
        .filter_map(|(offset, (at, _, value))| Some((*at, offset, (*value)?)))
        .filter(|(_, _, value)| *value > 0 && *value != 3)
        .collect();
    all.sort_unstable();
    let mut windows: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (at, _, value) in all {
        let list = windows.entry(at.div_euclid(10) * 10).or_default();
        list.extend((value != 2).then_some(value));
    }
    windows.into_iter().collect()
}

fn shown_lists(rows: &RecordBatch) -> Vec<(i64, Vec<i64>)> {
    let starts = rows.column(0).as_primitive::<TimestampMicrosecondType>();
    let lists = rows.column(3).as_list::<i32>();
    let list = |row: usize| match lists.is_valid(row) {
        true => lists
            .value(row)
            .as_primitive::<Int64Type>()
            .values()
            .to_vec(),
        false => vec![],
    };
    (0..rows.num_rows())
        .map(|row| (starts.value(row) / 1_000_000, list(row)))
        .collect()
}

proptest! {
    #[test]
    fn what_depends_on_order_depends_on_neither_chunks_nor_cuts(
        events in proptest::collection::vec(
            (
                -20..20_i64,
                proptest::option::weighted(0.9, "[ab]{0,2}"),
                proptest::option::weighted(0.9, 0..6_i64),
            ),
            0..60,
        ),
        cut in 0..61_usize,
        size in 1..20_usize,
    ) {
        let view = view(ORDERED);
        let cut = cut.min(events.len());
        let whole = fold(&view, &events, 0, events.len(), 1000);
        let late = fold(&view, &events, cut, events.len(), size);
        let merged = merge(&view, [&late, &fold(&view, &events, 0, cut, size)]).unwrap();
        // Doubles are the same too: the variance is of integers.
        prop_assert_eq!(&merged, &whole);
        let rows = answer(&view, &merged).unwrap();
        prop_assert_eq!(shown_lists(&rows), lists(&events));
    }

    #[test]
    fn what_depends_on_order_does_not_depend_on_how_partitions_come(
        turns in proptest::collection::vec(any::<bool>(), 0..40),
    ) {
        let view = view(ORDERED);
        // Two partitions with events at equal times; the turns say which is read next.
        let read = |turns: &[bool]| {
            let mut fold = Fold::new(&view).unwrap();
            let mut next = [0, 0];
            for turn in turns {
                let partition = usize::from(*turn);
                let offset = next[partition];
                let event = ((offset / 3) as i64, Some(format!("{partition}{offset}")), Some(4));
                let mut chunk = chunk(&[event], offset);
                chunk.place = TopicPartition::new("events", partition as u32);
                fold.push(&chunk).unwrap();
                next[partition] += 1;
            }
            fold.finish().unwrap()
        };
        let mut sorted = turns.clone();
        sorted.sort_unstable();
        prop_assert_eq!(read(&turns), read(&sorted));
    }
}
