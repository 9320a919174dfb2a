//! The aggregates beyond COUNT, SUM, MIN, MAX and AVG.

use super::*;

const ALL: &str = "GROUP BY window_start, window_end";

/// The row of one group.
fn row(select: &str, lines: &[&str]) -> String {
    rows(&job(select, ALL), lines).join("\n")
}

const EVENTS: [&str; 5] = [
    r#"{"at": 5, "k": "b", "n": 4, "x": 2.5, "b": true, "d": 1.25}"#,
    r#"{"at": 3, "k": "a", "n": 1, "x": 0.5, "b": false, "d": 2.00}"#,
    r#"{"at": 4}"#,
    r#"{"at": 3, "k": "c", "n": 4, "x": "NaN", "d": 0.01}"#,
    r#"{"at": 9, "k": "a", "n": 8}"#,
];

#[test]
fn first_and_last_go_by_event_time_then_partition_then_offset() {
    let select =
        "FIRST_VALUE(k) AS a, LAST_VALUE(x) AS b, ARRAY_AGG(k) AS c, STRING_AGG(k, '-') AS d,
                  ARG_MIN(k, n) AS e, ARG_MAX(k, x) AS f, MIN_BY(k, b) AS g, ARG_MAX(n, d) AS h";
    assert_eq!(
        row(select, &EVENTS),
        "a | 2.5 | [a, c, b, a] | a-c-b-a | a | c | a | 1"
    );
    let dealt = truth(&job(select, ALL), &EVENTS).dealt(vec![0, 1, 0, 0, 0]);
    assert_eq!(
        shown(&dealt.answer().unwrap().rows),
        ["c | 2.5 | [c, a, b, a] | c-a-b-a | a | c | a | 1"]
    );
    // Of several greatest ones the earliest.
    assert_eq!(row("ARG_MAX(k, n) AS a", &EVENTS[..4]), "c");
}

#[test]
fn values_are_counted_ranked_and_asked_whether_they_are_true() {
    let select = "COUNT(DISTINCT k) AS a, APPROX_COUNT_DISTINCT(n) AS b, TOP_K(n, 2) AS c,
                  MEDIAN(n) AS d, MEDIAN(x) AS e, MEDIAN(d) AS f, BOOL_AND(b) AS g, BOOL_OR(b) AS h,
                  APPROX_PERCENTILE(n, 0.5) AS i, APPROX_PERCENTILE_CONT(1) WITHIN GROUP (ORDER BY d) AS j";
    assert_eq!(
        row(select, &EVENTS),
        "3 | 3 | [8, 4] | 4.0 | 2.5 | 1.250 | false | true | 4.0 | 2.0"
    );
    let even = "MEDIAN(n) AS a, MEDIAN(d) AS b, TOP_K(x, 3) AS c";
    assert_eq!(row(even, &EVENTS[..2]), "2.5 | 1.625 | [2.5, 0.5]");
}

#[test]
fn variances_are_of_a_sample_or_of_all() {
    let select =
        "VAR_POP(n) AS a, VARIANCE(n) AS b, STDDEV_POP(n) AS c, STDDEV(x) AS d, VAR_POP(d) AS e";
    let lines = [
        r#"{"at": 0, "n": 2, "x": 3, "d": 0.5}"#,
        r#"{"at": 0, "n": 6, "d": 1.5}"#,
    ];
    assert_eq!(row(select, &lines), "4.0 | 8.0 | 2.0 | NULL | 0.25");
    let large = [i64::MAX, i64::MAX - 1, i64::MAX - 2];
    let large = large.map(|m| format!(r#"{{"at": 0, "m": {m}}}"#));
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    assert_eq!(row("VAR_SAMP(m) AS a", &large), "1.0");
}

#[test]
fn filter_leaves_rows_out_before_anything_is_evaluated() {
    let select = "COUNT(*) FILTER (WHERE n > 1) AS a, SUM(10 / n) FILTER (WHERE n > 1) AS b,
                  ARRAY_AGG(k) FILTER (WHERE n = 4) AS c, MAX(n) FILTER (WHERE k = 'z') AS d";
    let lines = [EVENTS[0], EVENTS[1], r#"{"at": 1, "n": 0, "k": "n"}"#];
    assert_eq!(row(select, &lines), "1 | 2 | [b] | NULL");
}

#[test]
fn over_nothing_all_but_counts_are_null() {
    let select = "COUNT(DISTINCT n) AS a, APPROX_DISTINCT(k) AS b, VAR_POP(n) AS c, MEDIAN(d) AS d,
                  FIRST(k) AS e, ARRAY_AGG(n) AS f, TOP_K(n, 1) AS g, EVERY(b) AS h,
                  STRING_AGG(k, '') AS i, ARG_MIN(k, n) AS j, AVG(d) AS k, APPROX_MEDIAN(x) AS l";
    let nulls = [" | NULL"; 10].concat();
    assert_eq!(row(select, &[r#"{"at": 0}"#]), format!("0 | 0{nulls}"));
}

#[test]
fn a_mean_of_decimals_has_four_more_digits() {
    let lines = [
        r#"{"at": 0, "d": 0.01}"#,
        r#"{"at": 0, "d": -0.03}"#,
        r#"{"at": 0, "d": 0}"#,
    ];
    assert_eq!(row("AVG(d) AS a", &lines), "-0.006666");
}

#[test]
fn what_is_approximate_says_how_far_it_may_be_off() {
    let select = "APPROX_COUNT_DISTINCT(n) AS a, APPROX_PERCENTILE(n, 1) AS b, MEDIAN(n) AS c";
    let answer = truth(&job(select, ALL), &EVENTS).answer().unwrap();
    let bound = |column: usize| answer.bounds[column].as_ref().map(|rows| rows[0]);
    assert!((bound(0).unwrap() - 1.15).abs() < 1e-9);
    assert!((bound(1).unwrap() - 0.08).abs() < 1e-9);
    assert!(bound(2).unwrap() < 1e-8);
}
