//! What random views have found, each the smallest case that showed it.

use crate::case::Case;
use crate::events::Event;
use crate::shrink::failure;
use crate::view::COLUMNS;

/// Holds a view against the truth; `select` follows SELECT, and each event is JSON.
fn holds(with: &str, select: &str, events: &[&str]) {
    let event = |text: &&str| Event {
        partition: 0,
        gap: 0,
        text: (*text).to_owned(),
    };
    let case = Case {
        seed: 0,
        sql: format!(
            "CREATE TABLE events (at TIMESTAMP, {COLUMNS}) WITH (event_time = 'at');
             CREATE VIEW v{with} AS SELECT {select};"
        ),
        partitions: 2,
        events: events.iter().map(event).collect(),
    };
    assert_eq!(failure(&case), None, "{}", case.told());
}

/// The fold asked for a window of full length before the slice, which was outside of time.
#[test]
fn an_event_near_the_end_of_time_counts_where_its_windows_fit() {
    holds(
        "",
        "COUNT(*) AS c FROM HOP(events, at, INTERVAL '7' SECOND, INTERVAL '7' SECOND) GROUP BY window_start",
        &[r#"{"at": -9223372036850775}"#],
    );
    holds(
        "",
        "COUNT(*) AS c FROM CUMULATE(events, at, INTERVAL '5' SECOND, INTERVAL '25' SECOND) GROUP BY window_start",
        &[
            r#"{"at": 9223372036834775}"#,
            r#"{"at": -9223372036834775}"#,
        ],
    );
}

/// FILTER kept only the first argument from failing on rows that it does not want.
#[test]
fn filter_keeps_every_argument_from_failing() {
    holds(
        "",
        "ARG_MIN(k, 10 / i) FILTER (WHERE f) AS a FROM events",
        &[
            r#"{"at": 0, "k": "a", "i": 0, "f": false}"#,
            r#"{"at": 0, "k": "b", "i": 2, "f": true}"#,
        ],
    );
}

/// The truth let the part of WHERE behind a NULL fail, which the fold never evaluates.
#[test]
fn a_part_of_where_behind_null_is_not_evaluated() {
    holds(
        "",
        "COUNT(*) AS c FROM events WHERE f AND 10 / i > 1",
        &[r#"{"at": 0, "i": 0}"#, r#"{"at": 0, "i": 0, "f": true}"#],
    );
}

/// The truth kept the sign of zero in keys and the bits of NaN in lists.
#[test]
fn zero_and_nan_have_one_spelling() {
    holds(
        "",
        "x, TOP_K(x / r, 2) AS t, ARRAY_AGG(x) AS l FROM events GROUP BY x",
        &[
            r#"{"at": 0, "x": -0.0, "r": 0.0}"#,
            r#"{"at": 0, "x": 0.0, "r": -0.0}"#,
        ],
    );
}

/// Polars does not group by a single decimal with the features that are on.
#[test]
fn sessions_may_be_found_by_a_decimal() {
    holds(
        "",
        "d, COUNT(*) AS c FROM events GROUP BY d, SESSION(at, INTERVAL '1' SECOND)",
        &[r#"{"at": 0, "d": 1.5}"#, r#"{"at": 1000, "d": 1.50}"#],
    );
}
