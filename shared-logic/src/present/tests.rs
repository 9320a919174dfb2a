#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::util::pretty::pretty_format_batches;

use super::*;
use crate::job::Job;
use crate::view::View;

fn view(select: &str) -> Arc<View> {
    let sql = format!(
        "CREATE TABLE e (t TIMESTAMP NOT NULL, k VARCHAR, a INT) WITH (event_time = 't');
         CREATE VIEW v AS SELECT {select} FROM TUMBLE(e, t, INTERVAL '10' SECOND)
         GROUP BY window_start, window_end, k"
    );
    Arc::clone(Job::compile("test", &sql).unwrap().view(None).unwrap())
}

/// Two groups: window 0 with key x, window 10 s with key NULL; then these measures.
fn finished(measures: Vec<ArrayRef>) -> RecordBatch {
    let times = |a, b| Arc::new(TimestampMicrosecondArray::from(vec![a, b])) as ArrayRef;
    let mut columns = vec![
        times(0, 10_000_000),
        times(10_000_000, 20_000_000),
        Arc::new(StringArray::from(vec![Some("x"), None])),
    ];
    columns.extend(measures);
    let named = columns
        .into_iter()
        .enumerate()
        .map(|(n, column)| (n.to_string(), column, true));
    RecordBatch::try_from_iter_with_nullable(named).unwrap()
}

fn int64(a: i64, b: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![a, b]))
}

#[test]
fn items_are_computed_over_keys_window_and_measures_in_any_order() {
    let view = view(
        "SUM(a) / COUNT(*) AS mean, k || '!' AS loud, window_end, MAX(a), COUNT(*) * 10 AS ten, SUM(a) - MAX(a)",
    );
    // COUNT(*), MAX(a), SUM(a): the order of the measures, not of SELECT.
    let max: ArrayRef = Arc::new(Int32Array::from(vec![Some(5), None]));
    let rows = view
        .projection
        .apply(&finished(vec![int64(2, 4), max, int64(7, -7)]))
        .unwrap();
    assert_eq!(rows.schema(), view.schema);
    assert_eq!(
        pretty_format_batches(&[rows]).unwrap().to_string(),
        "\
+------+------+---------------------+--------+-----+-----------------+
| mean | loud | window_end          | max(a) | ten | sum(a) - max(a) |
+------+------+---------------------+--------+-----+-----------------+
| 3    | x!   | 1970-01-01T00:00:10 | 5      | 20  | 2               |
| -1   |      | 1970-01-01T00:00:20 |        | 40  |                 |
+------+------+---------------------+--------+-----+-----------------+"
    );
}

#[test]
fn columns_without_measures_name_a_row() {
    let view = view("COUNT(*), k, window_start, k || 'x' AS kx, 1 AS one, COUNT(*) + 1 AS more");
    assert_eq!(view.projection.keys_shown(), [1, 2, 3, 4]);
}

#[test]
fn an_item_that_fails_names_its_group() {
    let view = view("SUM(a) / COUNT(a) AS mean");
    let error = view
        .projection
        .apply(&finished(vec![int64(1, 0), int64(4, 0)]))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot show the group window_start 1970-01-01T00:00:10, window_end 1970-01-01T00:00:20, \
         k NULL: sum(a) / count(a): division by zero"
    );
}

#[test]
fn measures_of_another_view_are_an_error() {
    let view = view("SUM(a) AS s");
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    assert!(matches!(
        view.projection.apply(&finished(vec![texts])),
        Err(ProjectionError::Columns(_))
    ));
}
