//! Windows of every kind, and none.

use super::*;

/// A job over windows of seconds; `from` names them.
fn over(select: &str, from: &str, rest: &str) -> String {
    format!("{TABLE} CREATE VIEW v AS SELECT {select} FROM {from} {rest};")
}

/// Events of key `a`, or `b` behind a `b`, at these seconds.
fn at(seconds: &[&str]) -> Vec<String> {
    let line = |second: &&str| {
        let key = if second.ends_with('b') { "b" } else { "a" };
        let at: f64 = second.trim_end_matches('b').parse().unwrap();
        format!(r#"{{"at": {}, "k": "{key}"}}"#, at * 1000.0)
    };
    seconds.iter().map(line).collect()
}

/// Start and end of windows in seconds since 1970, and the rest of each row.
fn told(sql: &str, lines: &[String]) -> Vec<String> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let clock = |text: String| {
        text.replace("1970-01-01T00:00:", "")
            .replace("1969-12-31T23:59:", "-")
    };
    rows(sql, &lines).into_iter().map(clock).collect()
}

const EACH: &str = "window_start, window_end, COUNT(*) AS c";
const WINDOWS: &str = "GROUP BY window_start, window_end";

#[test]
fn an_event_is_in_every_window_that_hops_over_it() {
    let sql = over(
        EACH,
        "HOP(events, at, INTERVAL '2' SECOND, INTERVAL '5' SECOND)",
        WINDOWS,
    );
    assert_eq!(
        told(&sql, &at(&["4", "5.9"])),
        ["00 | 05 | 1", "02 | 07 | 2", "04 | 09 | 2"]
    );
    assert_eq!(told(&sql, &at(&["-0.1"])), ["-56 | 01 | 1", "-58 | 03 | 1"]);
}

#[test]
fn cumulating_windows_grow_from_their_common_start() {
    let from =
        "CUMULATE(events, at, INTERVAL '2' SECOND, INTERVAL '6' SECOND, INTERVAL '1' SECOND)";
    let sql = over(EACH, from, WINDOWS);
    assert_eq!(
        told(&sql, &at(&["1", "3", "6.9"])),
        ["01 | 03 | 1", "01 | 05 | 2", "01 | 07 | 3"]
    );
}

#[test]
fn a_session_ends_where_nothing_comes_for_longer_than_the_gap() {
    let session = |by: &str| {
        format!("TABLE(SESSION(TABLE events {by}, DESCRIPTOR(at), INTERVAL '5' SECOND))")
    };
    let events = at(&["10", "0", "5", "15.1", "7b"]);
    // Exactly the gap apart is one session.
    let sql = over(EACH, &session("PARTITION BY k"), &format!("{WINDOWS}, k"));
    assert_eq!(
        told(&sql, &events),
        ["00 | 15 | 3", "07 | 12 | 1", "15.100 | 20.100 | 1"]
    );
    let sql = over(EACH, &session(""), WINDOWS);
    assert_eq!(told(&sql, &events), ["00 | 15 | 4", "15.100 | 20.100 | 1"]);
    // Found over all events, told by key.
    let sql = over(
        &format!("k, {EACH}"),
        &session(""),
        &format!("{WINDOWS}, k"),
    );
    assert_eq!(
        told(&sql, &events),
        [
            "a | 00 | 15 | 3",
            "b | 00 | 15 | 1",
            "a | 15.100 | 20.100 | 1"
        ]
    );
    // Found by key, told together where the bounds are the same.
    let sql = over(EACH, &session("PARTITION BY k"), WINDOWS);
    let both = at(&["0", "0b", "1", "1b", "2b"]);
    assert_eq!(told(&sql, &both), ["00 | 06 | 2", "00 | 07 | 3"]);
}

#[test]
fn without_a_window_there_is_one_group_a_key() {
    let sql = over("k, COUNT(*) AS c", "events", "GROUP BY k");
    assert_eq!(told(&sql, &at(&["0", "99", "5b"])), ["a | 2", "b | 1"]);
    let sql = over("COUNT(*) AS c", "events", "");
    assert_eq!(told(&sql, &at(&["0", "99", "5b"])), ["3"]);
    assert_eq!(told(&sql, &[]), [""; 0]);
    // Still, an event without a time is none.
    assert_eq!(told(&sql, &["{\"k\": \"a\"}".to_owned()]), [""; 0]);
}

#[test]
fn without_an_aggregate_there_is_one_row_an_event_and_window() {
    let sql = over("k, k || '!' AS l", "events", "WHERE k = 'a'");
    assert_eq!(told(&sql, &at(&["0", "99", "5b"])), ["a | a!", "a | a!"]);
    let hop = "HOP(events, at, INTERVAL '2' SECOND, INTERVAL '4' SECOND)";
    let sql = over("window_start, k", hop, "");
    assert_eq!(
        told(&sql, &at(&["3b", "4", "4"])),
        ["00 | b", "02 | a", "02 | a", "02 | b", "04 | a", "04 | a"]
    );
}

#[test]
fn an_event_with_a_window_beyond_time_is_in_none() {
    let end = (i64::MAX / 1000).to_string();
    let line = format!(r#"{{"at": {end}}}"#);
    for from in [
        "HOP(events, at, INTERVAL '2' SECOND, INTERVAL '4' SECOND)",
        "CUMULATE(events, at, INTERVAL '2' SECOND, INTERVAL '4' SECOND)",
        "SESSION(events, at, INTERVAL '4' SECOND)",
    ] {
        let truth = truth(&over("COUNT(*) AS c", from, WINDOWS), &[&line]);
        assert_eq!(truth.fates(&truth.all()).rejected.len(), 1, "{from}");
    }
    let sql = over("COUNT(*) AS c", "events", "");
    assert_eq!(truth(&sql, &[&line]).passes().len(), 1);
}
