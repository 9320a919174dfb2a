//! Expressions, their types and where they fail.

use super::*;

/// The row is rejected.
const FAILS: [&str; 0] = [];

#[test]
fn integers_divide_towards_zero() {
    for (expression, expected) in [
        ("n / 2", "-3"),
        ("n % 2", "-1"),
        ("n / -2", "3"),
        ("n % -2", "-1"),
        ("-n / 2", "3"),
        ("-n % 2", "1"),
        ("n / 2.0", "-3.5"),
        ("n / 2 * 2 + n % 2", "-7"),
        ("x / 2", "0.75"),
        ("n / 0.0", "-inf"),
    ] {
        assert_eq!(
            value(expression, r#""n": -7, "x": 1.5"#),
            [expected],
            "{expression}"
        );
    }
}

#[test]
fn what_overflows_or_divides_by_zero_rejects_the_record() {
    let fields = r#""n": 2147483647, "m": 9223372036854775807, "s": -32768, "k": "x""#;
    for expression in [
        "n + n",
        "n * n",
        "-n - n",
        "m + 1",
        "m * 2",
        "-m - 2",
        "n / 0",
        "n % (n - n)",
        "abs(s)",
        "-s",
        "CAST(n AS SMALLINT)",
        "CAST(k AS INT)",
        "CAST(1e30 AS BIGINT)",
    ] {
        assert_eq!(value(expression, fields), FAILS, "{expression}");
    }
    for (expression, expected) in [
        ("n + 1", "2147483648"),
        ("m - m", "0"),
        ("s * s", "NULL"),
        ("TRY_CAST(k AS INT)", "NULL"),
        ("n + NULL", "NULL"),
        ("NULL / 0", "NULL"),
    ] {
        let fields = fields.replace("\"s\": -32768", "\"b\": true");
        let expression = if expression == "s * s" {
            "NULL * n"
        } else {
            expression
        };
        assert_eq!(value(expression, &fields), [expected], "{expression}");
    }
}

#[test]
fn an_operand_that_is_not_needed_does_not_fail() {
    for (expression, expected) in [
        ("n <> 0 AND 1 / n > 0", vec!["false"]),
        ("n = 0 OR 1 / n > 0", vec!["true"]),
        ("n = 0 AND 1 / n > 0", vec![]),
        ("CASE WHEN n = 0 THEN -1 ELSE 1 / n END", vec!["-1"]),
        ("CASE n WHEN 1 THEN 1 / n WHEN 0 THEN 5 END", vec!["5"]),
        ("CASE WHEN n = 1 THEN 0 ELSE 1 / n END", vec![]),
        ("COALESCE(n, 1 / n)", vec!["0"]),
        ("NULLIF(n, 0)", vec!["NULL"]),
    ] {
        assert_eq!(value(expression, r#""n": 0"#), expected, "{expression}");
    }
}

#[test]
fn conditions_have_three_values() {
    for (expression, expected) in [
        ("n = 1", "NULL"),
        ("n = 1 AND false", "false"),
        ("n = 1 OR true", "true"),
        ("NOT (n = 1)", "NULL"),
        ("n IS NULL", "true"),
        ("n IS NOT NULL", "false"),
        ("(n = 1) IS TRUE", "false"),
        ("(n = 1) IS NOT FALSE", "true"),
        ("n IS DISTINCT FROM 1", "true"),
        ("n IS NOT DISTINCT FROM NULL", "true"),
        ("1 IN (2, n)", "NULL"),
        ("1 IN (1, n)", "true"),
        ("1 NOT IN (2, n)", "NULL"),
        ("1 NOT IN (2, 3)", "true"),
        ("n BETWEEN 1 AND 2", "NULL"),
        ("2 BETWEEN 1 AND 2", "true"),
        ("0 BETWEEN 1 AND n", "false"),
        ("3 NOT BETWEEN 1 AND 2", "true"),
        ("CASE WHEN n = 1 THEN 'yes' WHEN true THEN 'no' END", "no"),
    ] {
        assert_eq!(value(expression, r#""k": "x""#), [expected], "{expression}");
    }
}

#[test]
fn functions_casts_and_texts() {
    let fields = r#""k": "Größe 7", "n": -3, "x": -2.5, "day": "1969-12-31", "r": 0.1, "b": true"#;
    for (expression, expected) in [
        ("upper(k)", "GRÖSSE 7"),
        ("lower(k)", "größe 7"),
        ("length(k)", "7"),
        ("k || '!'", "Größe 7!"),
        ("k LIKE 'Gr__e%'", "true"),
        ("k NOT LIKE 'gr%'", "true"),
        ("k ILIKE 'gr%'", "true"),
        ("abs(n)", "3"),
        ("abs(x)", "2.5"),
        ("floor(x)", "-3.0"),
        ("ceil(x)", "-2.0"),
        ("round(x)", "-3.0"),
        ("CAST(x AS INT)", "-2"),
        ("CAST(n AS VARCHAR)", "-3"),
        ("CAST('12' AS BIGINT) + n", "9"),
        ("CAST(b AS INT)", "1"),
        ("n::DOUBLE", "-3.0"),
        ("CAST(at AS DATE)", "1970-01-01"),
        ("day", "1969-12-31"),
        ("CAST(day AS TIMESTAMP)", "1969-12-31T00:00:00"),
        ("day < at", "true"),
        ("day = '1969-12-31'", "true"),
        ("at >= TIMESTAMP '1970-01-01 00:00:00'", "true"),
        ("r + 1", "1.1"),
        ("r = 0.1", "false"),
    ] {
        assert_eq!(value(expression, fields), [expected], "{expression}");
    }
}

#[test]
fn instants_have_parts_also_before_1970() {
    let sql = |expression: &str| {
        job(
            &format!("{expression} AS e, COUNT(*) AS c"),
            "GROUP BY window_start, window_end, e",
        )
    };
    // A Wednesday.
    let line = [r#"{"at": "1969-12-31T23:58:57.5Z"}"#];
    for (expression, expected) in [
        ("date_trunc('minute', at)", "1969-12-31T23:58:00"),
        ("date_trunc('hour', at)", "1969-12-31T23:00:00"),
        ("date_trunc('day', at)", "1969-12-31T00:00:00"),
        ("date_trunc('week', at)", "1969-12-29T00:00:00"),
        ("date_trunc('month', at)", "1969-12-01T00:00:00"),
        ("date_trunc('year', at)", "1969-01-01T00:00:00"),
        ("EXTRACT(YEAR FROM at)", "1969"),
        ("EXTRACT(HOUR FROM at)", "23"),
        ("date_part('second', at)", "57"),
        ("EXTRACT(DOW FROM at)", "3"),
        ("EXTRACT(DOW FROM at + INTERVAL '4 days')", "0"),
        ("EXTRACT(DOY FROM at)", "365"),
        ("at + INTERVAL '90 seconds'", "1970-01-01T00:00:27.500"),
        ("at - INTERVAL '1' DAY", "1969-12-30T23:58:57.500"),
    ] {
        assert_eq!(
            rows(&sql(expression), &line),
            [format!("{expected} | 1")],
            "{expression}"
        );
    }
}

#[test]
fn what_cannot_be_said_is_named() {
    let by = "GROUP BY window_start, window_end";
    for (select, rest, named) in [
        ("SUM(DISTINCT n) AS c", by, "DISTINCT n"),
        ("ARRAY_AGG(n ORDER BY k) AS c", by, "ORDER BY k"),
        ("FIRST_VALUE(n) RESPECT NULLS AS c", by, "RESPECT NULLS"),
        ("SUM(k) AS s", by, "Sum of [Text]"),
        ("MEDIAN(at) AS s", by, "Median of [Timestamp]"),
        ("MIN(regexp_like(k, 'a')) AS s", by, "regexp_like"),
        ("MIN(x % 2) AS s", by, "Remainder"),
        (
            "COUNT(*) AS c",
            "WHERE k = 1 GROUP BY window_start, window_end",
            "Text with Int64",
        ),
    ] {
        let error = open(&job(select, rest), "events.jsonl", "")
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{select}: {error}");
    }
}
