//! Windows, keys, and which events are folded.

use super::*;

const COUNTS: &str = "window_start, window_end, k, COUNT(*) AS c";
const BY_KEY: &str = "GROUP BY window_start, window_end, k";

#[test]
fn rows_are_sorted_by_window_then_key_and_null_is_a_group() {
    let found = rows(
        &job(COUNTS, BY_KEY),
        &[
            r#"{"at": 12000, "k": "b"}"#,
            r#"{"at": 0, "k": "b"}"#,
            r#"{"at": 9999.999}"#,
            r#"{"at": "1970-01-01T00:00:09.999999Z", "k": null}"#,
            r#"{"at": 3, "k": "B"}"#,
            r#"{"at": 10000, "k": ""}"#,
        ],
    );
    let expected = [
        "1970-01-01T00:00:00 | 1970-01-01T00:00:10 | NULL | 2",
        "1970-01-01T00:00:00 | 1970-01-01T00:00:10 | B | 1",
        "1970-01-01T00:00:00 | 1970-01-01T00:00:10 | b | 1",
        "1970-01-01T00:00:10 | 1970-01-01T00:00:20 |  | 1",
        "1970-01-01T00:00:10 | 1970-01-01T00:00:20 | b | 1",
    ];
    assert_eq!(found, expected);
}

#[test]
fn windows_floor_before_1970_too() {
    let found = rows(
        &job(COUNTS, BY_KEY),
        &[
            r#"{"at": -0.001}"#,
            r#"{"at": -10000}"#,
            r#"{"at": -10000.001}"#,
        ],
    );
    let expected = [
        "1969-12-31T23:59:40 | 1969-12-31T23:59:50 | NULL | 1",
        "1969-12-31T23:59:50 | 1970-01-01T00:00:00 | NULL | 2",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_offset_moves_the_windows() {
    let sql = format!(
        "{TABLE} CREATE VIEW v AS SELECT window_start, COUNT(*) AS c
         FROM TUMBLE(events, at, INTERVAL '10' SECOND, INTERVAL '3' SECOND)
         GROUP BY window_start, window_end"
    );
    let found = rows(
        &sql,
        &[r#"{"at": 2999}"#, r#"{"at": 3000}"#, r#"{"at": -7000}"#],
    );
    assert_eq!(
        found,
        ["1969-12-31T23:59:53 | 2", "1970-01-01T00:00:03 | 1"]
    );
}

#[test]
fn an_event_without_a_time_or_a_window_is_not_folded() {
    let beyond = (i64::MAX / 1000).to_string();
    let lines = [
        r#"{"k": "a"}"#.to_owned(),
        r#"{"k": "a", "at": null}"#.to_owned(),
        r#"{"k": "a", "at": "soon"}"#.to_owned(),
        format!(r#"{{"k": "a", "at": {beyond}}}"#),
        format!(r#"{{"k": "a", "at": -{beyond}}}"#),
        r#"{"k": "a", "at": 5}"#.to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let truth = truth(&job(COUNTS, BY_KEY), &lines);
    assert_eq!(truth.rows(), 6);
    assert_eq!(truth.passes().len(), 1);
    assert_eq!(truth.passes().iter().collect::<Vec<_>>(), [5]);
    let times = truth.event_times();
    assert_eq!(times[..3], [None; 3]);
    assert_eq!(times[3], Some(i64::MAX / 1000 * 1000));
    assert_eq!(times[5], Some(5000));
}

#[test]
fn where_passes_only_what_is_true() {
    let sql = job(
        "COUNT(*) AS c",
        "WHERE n > 1 OR b GROUP BY window_start, window_end",
    );
    let truth = truth(
        &sql,
        &[
            r#"{"at": 0, "n": 2}"#,
            r#"{"at": 0, "n": 1}"#,
            r#"{"at": 0}"#,
            r#"{"at": 0, "b": true}"#,
            r#"{"at": 0, "n": 1, "b": true}"#,
            r#"{"at": 0, "n": 1, "b": false}"#,
        ],
    );
    assert_eq!(truth.passes().iter().collect::<Vec<_>>(), [0, 3, 4]);
    assert_eq!(shown(&truth.answer().unwrap().rows), ["3"]);
}

#[test]
fn where_is_decided_from_left_to_right() {
    let fates = |condition: &str| {
        let rest = format!("WHERE {condition} GROUP BY window_start, window_end");
        let lines = [
            r#"{"at": 0, "n": 0, "b": true}"#,
            r#"{"at": 0, "n": 0, "b": false}"#,
            r#"{"at": 0, "n": 0}"#,
        ];
        let truth = truth(&job("COUNT(*) AS c", &rest), &lines);
        let fates = truth.fates(&truth.all());
        (fates.rejected.len(), fates.filtered.len())
    };
    assert_eq!(fates("b AND 10 / n > 1"), (1, 2));
    assert_eq!(fates("b AND k IS NULL AND 10 / n > 1"), (1, 2));
    assert_eq!(fates("10 / n > 1 AND b"), (3, 0));
    // Not so within other conditions, where NULL decides nothing.
    assert_eq!(fates("(b AND 10 / n > 1) OR k = 'a'"), (2, 1));
}

#[test]
fn where_can_name_the_window() {
    let select = "COUNT(*) AS c";
    let rest = "WHERE window_end > '1970-01-01T00:00:10' GROUP BY window_start, window_end";
    let found = rows(
        &job(select, rest),
        &[r#"{"at": 0}"#, r#"{"at": 10000}"#, r#"{"at": 20000}"#],
    );
    assert_eq!(found, ["1", "1"]);
}

#[test]
fn keys_are_expressions_aliases_or_ordinals() {
    let lines = [
        r#"{"at": 0, "k": "a", "n": 7}"#,
        r#"{"at": 0, "k": "A", "n": 8}"#,
        r#"{"at": 0, "n": 4}"#,
    ];
    let expected = ["NULL | 4 | 1", "a | 0 | 1", "a | 8 | 1"];
    for keys in ["lower(k), n - n % 4", "small, 2", "1, quarter"] {
        let found = rows(
            &job(
                "lower(k) AS small, CASE WHEN n = 7 THEN 0 ELSE n END AS quarter, COUNT(*) AS c",
                &format!(
                    "GROUP BY window_start, window_end, {}",
                    keys.replace("n - n % 4", "CASE WHEN n = 7 THEN 0 ELSE n END")
                ),
            ),
            &lines,
        );
        assert_eq!(found, expected, "{keys}");
    }
}

#[test]
fn some_events_may_be_folded_again_or_not_at_all() {
    let sql = job(
        "k, COUNT(*) AS c, SUM(n) AS s",
        "WHERE n <> 3 GROUP BY window_start, window_end, k",
    );
    let truth = truth(
        &sql,
        &[
            r#"{"at": 0, "k": "a", "n": 1}"#,
            r#"{"at": 0, "k": "a", "n": 2}"#,
            r#"{"at": 0, "k": "b", "n": 3}"#,
            r#"{"at": 0, "k": "b", "n": 4}"#,
        ],
    );
    let answer = |only: &[u32]| truth.fold_of(only, &truth.all().read).unwrap();
    assert_eq!(
        shown(&truth.answer().unwrap().rows),
        ["a | 2 | 3", "b | 1 | 4"]
    );
    let twice = answer(&[3, 0, 3, 2, 2, 77]);
    assert_eq!(shown(&twice.rows), ["a | 1 | 1", "b | 2 | 8"]);
    assert_eq!(twice.events, [1, 2]);
    assert_eq!(
        shown(&twice.groups),
        ["1970-01-01T00:00:00 | a", "1970-01-01T00:00:00 | b"]
    );
    assert_eq!(answer(&[]).rows.num_rows(), 0);
}
