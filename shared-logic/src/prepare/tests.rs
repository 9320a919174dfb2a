#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Int32Type, Int64Type};

use super::*;
use crate::decode::Fault;
use crate::job::Job;
use crate::view::View;

const SECOND: i64 = 1_000_000;

/// A view with ten-second windows over the columns t, k, a, b.
fn view(select: &str, filter: &str, keys: &str) -> Arc<View> {
    let sql = format!(
        "CREATE TABLE events (t TIMESTAMP, k VARCHAR NOT NULL, a INT, b INT, unused INT)
         WITH (event_time = 't');
         CREATE VIEW v AS SELECT {select} FROM TUMBLE(events, t, INTERVAL '10' SECOND)
         {filter} GROUP BY window_start, window_end{keys}"
    );
    Arc::clone(Job::compile("test", &sql).unwrap().view(None).unwrap())
}

/// A record: seconds, k, a, b.
type Event = (Option<i64>, Option<&'static str>, Option<i32>, Option<i32>);

fn event(t: i64, a: i32, b: i32) -> Event {
    (Some(t), Some("k"), Some(a), Some(b))
}

fn decoded(view: &View, events: &[Event]) -> Decoded {
    let times = events
        .iter()
        .map(|event| event.0.map(|t| t.saturating_mul(SECOND)));
    let all: [(&str, ArrayRef); 5] = [
        ("t", Arc::new(times.collect::<TimestampMicrosecondArray>())),
        (
            "k",
            Arc::new(events.iter().map(|event| event.1).collect::<StringArray>()),
        ),
        (
            "a",
            Arc::new(events.iter().map(|event| event.2).collect::<Int32Array>()),
        ),
        (
            "b",
            Arc::new(events.iter().map(|event| event.3).collect::<Int32Array>()),
        ),
        ("unused", Arc::new(Int32Array::from(vec![1; events.len()]))),
    ];
    let columns = view.prepare.columns().iter().map(|at| all[*at].clone());
    Decoded {
        columns: RecordBatch::try_from_iter_with_nullable(columns.map(|(n, a)| (n, a, true)))
            .unwrap(),
        faults: vec![],
    }
}

fn apply(view: &View, events: &[Event]) -> Prepared {
    view.prepare
        .apply(&decoded(view, events), Admission::All, None)
        .unwrap()
}

fn rejects(prepared: &Prepared) -> Vec<(usize, &str)> {
    prepared
        .rejects
        .iter()
        .map(|reject| (reject.row, reject.reason.as_str()))
        .collect()
}

fn seconds(prepared: &Prepared) -> Vec<i64> {
    prepared.starts.iter().map(|start| start / SECOND).collect()
}

fn argument(prepared: &Prepared, n: usize) -> Vec<Option<i32>> {
    prepared.arguments[n][0]
        .as_primitive::<Int32Type>()
        .iter()
        .collect()
}

#[test]
fn only_used_columns_are_read_event_time_first() {
    assert_eq!(view("COUNT(*)", "", "").prepare.columns(), [0]);
    assert_eq!(view("k, SUM(b)", "", ", k").prepare.columns(), [0, 1, 3]);
    assert_eq!(
        view("COUNT(*)", "WHERE a > 1", "").prepare.columns(),
        [0, 2]
    );
    assert_eq!(view("MAX(t)", "", "").prepare.columns(), [0]);
}

#[test]
fn windows_floor_before_1970_and_in_any_order() {
    let view = view("COUNT(*)", "", "");
    let events = [-11, -10, -1, 0, 9, 10, 9, -1, 25].map(|t| event(t, 0, 0));
    let prepared = apply(&view, &events);
    assert_eq!(seconds(&prepared), [-20, -10, -10, 0, 0, 10, 0, -10, 20]);
    assert_eq!(prepared.latest, Some(EventTime(25 * SECOND)));
    assert_eq!((prepared.keys.len(), prepared.arguments), (0, vec![vec![]]));
}

#[test]
fn no_column_is_copied_where_no_row_is_left_out() {
    for filter in ["", "WHERE a > 0"] {
        let view = view("k, SUM(a), COUNT(*)", filter, ", k");
        let decoded = decoded(&view, &[event(1, 2, 3), event(2, 4, 6)]);
        let prepared = view.prepare.apply(&decoded, Admission::All, None).unwrap();
        let sum = prepared.arguments.iter().flatten().next().unwrap();
        assert!(Arc::ptr_eq(&prepared.keys[0], decoded.columns.column(1)));
        assert!(Arc::ptr_eq(sum, decoded.columns.column(2)));
    }
}

#[test]
fn a_missing_event_time_or_forbidden_null_rejects_the_record() {
    let view = view("k, COUNT(*)", "", ", k");
    let prepared = apply(
        &view,
        &[
            (None, Some("k"), None, None),
            event(3, 0, 0),
            (Some(99), None, None, None),
            (None, None, None, None),
        ],
    );
    assert_eq!(
        rejects(&prepared),
        [(0, "t is NULL"), (2, "k is NULL"), (3, "t is NULL")]
    );
    assert_eq!(seconds(&prepared), [0]);
    assert_eq!(prepared.filtered, 0);
    // The rejected record's time counts for the watermark.
    assert_eq!(prepared.latest, Some(EventTime(99 * SECOND)));
}

#[test]
fn a_forbidden_null_in_a_column_that_is_not_used_does_no_harm() {
    let view = view("COUNT(*)", "", "");
    assert_eq!(rejects(&apply(&view, &[(Some(1), None, None, None)])), []);
}

#[test]
fn faults_reject_whole_records_and_those_with_a_used_column_once() {
    let view = view("SUM(a)", "", "");
    let mut decoded = decoded(
        &view,
        &[
            event(1, 1, 1),
            event(2, 2, 2),
            event(3, 3, 3),
            event(4, 4, 4),
        ],
    );
    let fault = |row, column, reason: &str| Fault {
        row,
        column,
        reason: reason.into(),
    };
    decoded.faults = vec![
        fault(0, None, "not JSON"),
        fault(1, Some(2), "a: no number"),
        fault(1, Some(2), "a: again"),
        fault(2, Some(4), "unused: no number"),
    ];
    let prepared = view.prepare.apply(&decoded, Admission::All, None).unwrap();
    assert_eq!(rejects(&prepared), [(0, "not JSON"), (1, "a: no number")]);
    assert_eq!(argument(&prepared, 0), [Some(3), Some(4)]);
}

#[test]
fn a_window_outside_the_number_range_rejects() {
    let view = view("COUNT(*)", "", "");
    let prepared = apply(
        &view,
        &[event(1, 0, 0), event(i64::MAX, 0, 0), event(2, 0, 0)],
    );
    assert_eq!(seconds(&prepared), [0, 0]);
    assert_eq!(prepared.rejects.len(), 1);
    assert_eq!(prepared.rejects[0].row, 1);
    assert!(prepared.rejects[0].reason.contains("outside the range"));
}

#[test]
fn where_keeps_true_alone() {
    let view = view("SUM(b)", "WHERE a > 1", "");
    let events = [
        event(1, 1, 10),
        event(2, 2, 20),
        (Some(3), Some("k"), None, Some(30)),
        event(40, 3, 40),
    ];
    let prepared = apply(&view, &events);
    assert_eq!(argument(&prepared, 0), [Some(20), Some(40)]);
    assert_eq!(seconds(&prepared), [0, 40]);
    assert_eq!((prepared.filtered, rejects(&prepared)), (2, vec![]));
}

#[test]
fn events_that_are_not_admitted_are_not_looked_at() {
    let view = view("SUM(a / b)", "", "");
    let events = [
        event(1, 1, 0),
        event(2, 4, 2),
        event(3, 1, 0),
        (None, Some("k"), None, None),
    ];
    let decoded = decoded(&view, &events);
    let from = Admission::From(EventTime(2 * SECOND));
    let prepared = view.prepare.apply(&decoded, from, None).unwrap();
    // A record without a time is in both halves.
    assert_eq!(
        rejects(&prepared),
        [(2, "a / b: division by zero"), (3, "t is NULL")]
    );
    assert_eq!(argument(&prepared, 0), [Some(2)]);
    assert_eq!(prepared.filtered, 1);
    assert_eq!(prepared.latest, Some(EventTime(3 * SECOND)));
}

#[test]
fn integer_division_truncates_and_by_zero_rejects() {
    let view = view("SUM(a / b)", "", "");
    let events = [
        event(1, 7, 2),
        event(2, -7, 2),
        event(3, 1, 0),
        event(4, 9, -3),
    ];
    let prepared = apply(&view, &events);
    assert_eq!(argument(&prepared, 0), [Some(3), Some(-3), Some(-3)]);
    assert_eq!(rejects(&prepared), [(2, "a / b: division by zero")]);
    assert_eq!(seconds(&prepared), [0, 0, 0]);
}

#[test]
fn overflow_rejects_and_never_wraps() {
    for (expr, a, b) in [
        ("a + b", i32::MAX, 1),
        ("a - b", i32::MIN, 1),
        ("a * b", i32::MAX, 2),
        ("-a", i32::MIN, 0),
        ("a % b", 1, 0),
        ("CAST(a AS SMALLINT)", 40_000, 0),
        // Beyond 38 digits, and not yet beyond 128 bits.
        (
            "CAST(a AS DECIMAL(38, 0)) * CAST(1000000000000000000 AS DECIMAL(38, 0)) * CAST(50000000000 AS DECIMAL(38, 0))",
            i32::MAX,
            0,
        ),
    ] {
        let view = view(&format!("MAX({expr})"), "", "");
        let prepared = apply(&view, &[event(1, 1, 1), event(2, a, b), event(13, 2, 2)]);
        assert_eq!(rejects(&prepared).len(), 1, "{expr}");
        assert_eq!(prepared.rejects[0].row, 1, "{expr}");
        let expr = expr.replace(", 0)", ",0)");
        assert!(
            prepared.rejects[0].reason.starts_with(&expr),
            "{:?}",
            prepared.rejects
        );
        assert_eq!(seconds(&prepared), [0, 10], "{expr}");
        assert_eq!(prepared.arguments[0][0].len(), 2);
    }
}

#[test]
fn a_failed_cast_of_a_key_rejects_and_drops_the_row_everywhere() {
    let view = view(
        "CAST(k AS INT) AS n, SUM(a), MIN(b / a)",
        "",
        ", CAST(k AS INT)",
    );
    let prepared = apply(
        &view,
        &[
            (Some(1), Some("5"), Some(1), Some(10)),
            (Some(12), Some("x"), Some(0), Some(20)),
            (Some(23), Some("6"), Some(0), Some(30)),
            (Some(34), Some("7"), Some(2), Some(40)),
        ],
    );
    let reasons = rejects(&prepared);
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons[0]
            .1
            .starts_with("CAST(k AS INT): cannot cast string 'x'"),
        "{reasons:?}"
    );
    assert_eq!(reasons[1], (2, "b / a: division by zero"));
    assert_eq!(seconds(&prepared), [0, 30]);
    let keys: Vec<_> = prepared.keys[0]
        .as_primitive::<Int32Type>()
        .iter()
        .collect();
    assert_eq!(keys, [Some(5), Some(7)]);
    let of = |n: usize| argument(&prepared, n);
    assert_eq!(
        (of(0), of(1)),
        (vec![Some(10), Some(20)], vec![Some(1), Some(2)])
    );
}

#[test]
fn where_fails_on_single_rows() {
    let view = view("COUNT(*)", "WHERE a / b > 1", "");
    let events: Vec<Event> = (0..100)
        .map(|n| event(n, i32::try_from(n).unwrap(), i32::from(n % 10 != 3)))
        .collect();
    let prepared = apply(&view, &events);
    let rows: Vec<usize> = prepared.rejects.iter().map(|reject| reject.row).collect();
    assert_eq!(rows, [3, 13, 23, 33, 43, 53, 63, 73, 83, 93]);
    assert_eq!((prepared.starts.len(), prepared.filtered), (88, 2));
}

#[test]
fn and_is_decided_from_left_to_right() {
    let events: Vec<Event> = (0..40)
        .map(|n| event(n, 40, i32::try_from(n % 4).unwrap()))
        .collect();
    let guarded = view("COUNT(*)", "WHERE b <> 0 AND a / b > 15", "");
    let prepared = apply(&guarded, &events);
    assert_eq!(
        (rejects(&prepared), prepared.starts.len(), prepared.filtered),
        (vec![], 20, 20)
    );
    let unguarded = view("COUNT(*)", "WHERE a / b > 15 AND b <> 0", "");
    let prepared = apply(&unguarded, &events);
    assert_eq!(
        (
            prepared.rejects.len(),
            prepared.starts.len(),
            prepared.filtered
        ),
        (10, 20, 10)
    );
}

#[test]
fn a_row_is_out_at_the_first_part_that_is_not_true() {
    let view = view("COUNT(*)", "WHERE a > 1 AND 7 / b > 1", "");
    let unknown = (Some(2), Some("k"), None, Some(0));
    let prepared = apply(
        &view,
        &[event(1, 0, 0), unknown, event(3, 2, 0), event(4, 2, 1)],
    );
    let reason = "a > 1 AND 7 / b > 1: division by zero";
    assert_eq!(rejects(&prepared), [(2, reason)]);
    assert_eq!((prepared.starts.len(), prepared.filtered), (1, 2));
}

#[test]
fn keys_and_arguments_see_only_wanted_rows() {
    let view = view("SUM(a / b)", "WHERE b <> 0", ", a / b");
    let prepared = apply(&view, &[event(1, 1, 0), event(2, 4, 2), event(3, 1, 0)]);
    assert_eq!((rejects(&prepared), prepared.filtered), (vec![], 2));
    assert_eq!(argument(&prepared, 0), [Some(2)]);
}

#[test]
fn the_chunk_size_changes_nothing() {
    let view = view(
        "a % 3 AS r, SUM(CASE WHEN b = 2 THEN a / (b - 2) ELSE a / b END), COUNT(*)",
        "WHERE a > 10 OR b = 1 AND a / (b - 1) = 0 OR k IS NULL",
        ", a % 3",
    );
    let events: Vec<Event> = (0..64)
        .map(|n| {
            event(
                n,
                i32::try_from(n * 7 % 20).unwrap(),
                i32::try_from(n % 5).unwrap(),
            )
        })
        .collect();
    let whole = apply(&view, &events);
    assert!(whole.rejects.len() > 5 && whole.filtered > 5 && whole.starts.len() > 5);
    for size in [1, 3, 17] {
        let (mut starts, mut sums, mut rows, mut filtered) = (vec![], vec![], vec![], 0);
        for (n, chunk) in events.chunks(size).enumerate() {
            let part = apply(&view, chunk);
            rows.extend(
                part.rejects
                    .iter()
                    .map(|reject| (reject.row + n * size, reject.reason.clone())),
            );
            filtered += part.filtered;
            sums.extend(
                part.arguments
                    .iter()
                    .flatten()
                    .flat_map(|sums| sums.as_primitive::<Int64Type>().iter().collect::<Vec<_>>()),
            );
            starts.extend(part.starts);
        }
        let expected: Vec<_> = whole
            .rejects
            .iter()
            .map(|r| (r.row, r.reason.clone()))
            .collect();
        assert_eq!(
            (&rows, filtered),
            (&expected, whole.filtered),
            "chunks of {size}"
        );
        assert_eq!(starts, whole.starts);
        let whole_sums = whole.arguments.iter().flatten().next().unwrap();
        assert_eq!(
            sums,
            whole_sums
                .as_primitive::<Int64Type>()
                .iter()
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn window_bounds_are_columns_of_expressions() {
    let view = view(
        "COUNT(*), MAX(date_part('second', window_end))",
        "WHERE window_start >= TIMESTAMP '1970-01-01 00:00:10'",
        "",
    );
    let prepared = apply(&view, &[event(1, 0, 0), event(11, 0, 0), event(25, 0, 0)]);
    assert_eq!((seconds(&prepared), prepared.filtered), (vec![10, 20], 1));
    let seconds = prepared.arguments.iter().flatten().next().unwrap();
    assert_eq!(seconds.as_primitive::<Int32Type>().values(), &[20, 30]);
}

#[test]
fn functions_that_only_exist_as_case_run() {
    let view = view(
        "SUM(COALESCE(a, b, 7)), MIN(NULLIF(a, b)), MAX(NVL(a, 3))",
        "",
        "",
    );
    let prepared = apply(&view, &[(Some(1), Some("k"), None, None), event(2, 5, 5)]);
    let of = |n: usize| {
        let values = &prepared.arguments[n][0];
        let values = arrow::compute::cast(values, &arrow::datatypes::DataType::Int64).unwrap();
        values
            .as_primitive::<Int64Type>()
            .iter()
            .collect::<Vec<_>>()
    };
    let nvl = of(0);
    let nullif = of(1);
    let coalesce = of(2);
    assert_eq!(nvl, [Some(3), Some(5)]);
    assert_eq!(nullif, [None, None]);
    assert_eq!(coalesce, [Some(7), Some(5)]);
}

#[test]
fn an_empty_chunk_is_prepared() {
    let prepared = apply(&view("k, SUM(a + 1)", "WHERE b > 0", ", k"), &[]);
    assert_eq!((prepared.starts.len(), prepared.latest), (0, None));
}

#[test]
fn a_chunk_decoded_for_another_view_is_an_error() {
    let view = view("SUM(a)", "", "");
    let columns =
        RecordBatch::try_from_iter([("t", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let decoded = Decoded {
        columns: columns.unwrap(),
        faults: vec![],
    };
    let error = view
        .prepare
        .apply(&decoded, Admission::All, None)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the view reads (t Timestamp(µs), a Int32), the chunk was decoded into (Int64): decode Prepare::columns"
    );
}
