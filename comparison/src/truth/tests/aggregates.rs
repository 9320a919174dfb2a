//! COUNT, SUM, MIN, MAX and AVG, and expressions over them.

use super::*;

const ALL: &str = "GROUP BY window_start, window_end";

#[test]
fn aggregates_skip_null_and_are_null_over_nothing() {
    let select = "COUNT(*) AS a, COUNT(n) AS b, SUM(n) AS c, MIN(n) AS d, MAX(n) AS e, AVG(n) AS f";
    let lines = [
        r#"{"at": 0, "n": 1}"#,
        r#"{"at": 0}"#,
        r#"{"at": 0, "n": 4}"#,
        r#"{"at": 10000}"#,
    ];
    let found = rows(&job(select, ALL), &lines);
    assert_eq!(
        found,
        [
            "3 | 2 | 5 | 1 | 4 | 2.5",
            "1 | 0 | NULL | NULL | NULL | NULL"
        ]
    );
}

#[test]
fn texts_booleans_instants_and_decimals_have_extremes() {
    let select = "MIN(k) AS a, MAX(k) AS b, MIN(b) AS c, MAX(b) AS d, MIN(at) AS e, MAX(day) AS f,
                  MIN(d) AS g, SUM(d) AS h, MAX(r) AS i";
    let lines = [
        r#"{"at": 1, "k": "b", "b": true, "d": 1.25, "day": "2001-01-01", "r": 0.5}"#,
        r#"{"at": 2, "k": "a", "b": false, "d": -3, "day": "1969-12-31", "r": -1}"#,
        r#"{"at": 3, "d": "9999.99"}"#,
    ];
    let found = rows(&job(select, ALL), &lines);
    let expected =
        "a | b | false | true | 1970-01-01T00:00:00.001 | 2001-01-01 | -3.00 | 9998.24 | 0.5";
    assert_eq!(found, [expected]);
    let answer = truth(&job(select, ALL), &lines).answer().unwrap();
    let types: Vec<String> = answer
        .rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().to_string())
        .collect();
    assert_eq!(
        types[4..],
        [
            "Timestamp(µs)",
            "Date32",
            "Decimal128(6, 2)",
            "Decimal128(16, 2)",
            "Float32"
        ]
    );
}

#[test]
fn a_sum_is_exact_and_its_end_alone_must_fit() {
    let line = |m: i64| format!(r#"{{"at": 0, "m": {m}}}"#);
    let lines = [line(i64::MAX), line(i64::MAX), line(-i64::MAX), line(-7)];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let sql = job("SUM(m) AS s, AVG(m) AS a", ALL);
    assert_eq!(
        rows(&sql, &lines),
        [format!("{} | 2.305843009213694e18", i64::MAX - 7)]
    );

    let error = truth(&sql, &lines[..2]).answer().unwrap_err().to_string();
    assert!(
        error.contains("SUM of the group 1970-01-01 00:00:00 is out of range"),
        "{error}"
    );
}

#[test]
fn nan_is_the_greatest_value() {
    let select = "MIN(x) AS a, MAX(x) AS b, MIN(r) AS c, MAX(r) AS d";
    let lines = [
        r#"{"at": 0, "x": "NaN", "r": 1}"#,
        r#"{"at": 0, "x": "Infinity", "r": 2}"#,
        r#"{"at": 10000, "x": "NaN", "r": "-Infinity"}"#,
    ];
    let found = rows(&job(select, ALL), &lines);
    assert_eq!(found, ["inf | NaN | 1.0 | 2.0", "NaN | NaN | -inf | -inf"]);
}

#[test]
fn items_may_compute_with_aggregates_and_keys() {
    let select = "k || '!' AS k, SUM(n) / COUNT(*) AS a, MAX(n) - MIN(n) AS b, 7 AS c,
                  CASE WHEN COUNT(*) > 1 THEN 'many' END AS d";
    let lines = [
        r#"{"at": 0, "k": "a", "n": 2}"#,
        r#"{"at": 0, "k": "a", "n": 5}"#,
        r#"{"at": 0, "n": 1}"#,
    ];
    let sql = job(select, "GROUP BY window_start, window_end, k");
    assert_eq!(
        rows(&sql, &lines),
        ["NULL | 1 | 0 | 7 | NULL", "a! | 3 | 3 | 7 | many"]
    );

    let sql = job("1 / (COUNT(*) - COUNT(n)) AS e", ALL);
    let error = truth(&sql, &lines).answer().unwrap_err().to_string();
    assert!(error.contains("e of the group"), "{error}");
}

#[test]
fn floats_tell_how_far_they_may_be_off() {
    let select =
        "COUNT(*) AS a, SUM(x) AS b, AVG(x) AS c, MAX(x) AS d, SUM(x) + 100 AS e, AVG(n) AS f";
    let lines = [
        r#"{"at": 0, "x": 1e9, "n": 4}"#,
        r#"{"at": 0, "x": -1e9, "n": -4}"#,
        r#"{"at": 0, "x": 1}"#,
    ];
    let answer = truth(&job(select, ALL), &lines).answer().unwrap();
    assert_eq!(shown(&answer.rows)[0].split(" | ").next(), Some("3"));
    let billionths: Vec<Option<i64>> = (answer.bounds.iter())
        .map(|bound| bound.as_ref().map(|rows| (rows[0] * 1e9).round() as i64))
        .collect();
    let sum = 2_000_000_001;
    assert_eq!(
        billionths,
        [
            None,
            Some(sum),
            Some(sum / 3),
            Some(1_000_000_000),
            Some(sum),
            Some(4)
        ]
    );
}
