//! Windows as the documentation of Flink SQL and of RisingWave has them, a test for each spelling:
//! the query runs as it stands, and gives the rows of one that is written in our own words.
//!
//! - Flink, windowing table-valued functions (TUMBLE, HOP, CUMULATE, SESSION; positional and named
//!   arguments, DESCRIPTOR, PARTITION BY, offset, `window_time`):
//!   <https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-tvf/>
//! - Flink, aggregation over them, and the older group windows with their auxiliary functions:
//!   <https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-agg/>
//! - RisingWave, `tumble()` and `hop()` with an optional offset, and intervals with the unit in the
//!   text: <https://docs.risingwave.com/processing/sql/time-windows>
//!
//! The queries are ours. RisingWave finds the starts of sessions with a frame, `OVER (… SESSION WITH GAP
//! …)`, and groups by them; elsewhere that frame is refused, with the SESSION to write instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{fails, ok};

const TABLE: &str = "CREATE TABLE rides (
  ended TIMESTAMP(3), driver VARCHAR, km INT,
  WATERMARK FOR ended AS ended - INTERVAL '5' SECOND
) WITH (topic = 'rides');
";

/// Rides of three drivers, some minutes apart, in and out of order.
fn rides() -> String {
    let ride = |n: u64| {
        let minute = n * 7 + (n * n) % 11 * 3;
        format!(
            "{{\"ended\":\"2024-05-01T{:02}:{:02}:{:02}Z\",\"driver\":\"{}\",\"km\":{}}}\n",
            minute / 60,
            minute % 60,
            n % 60,
            ["ada", "bob", "cem"][(n % 3) as usize],
            n % 13
        )
    };
    (0..90).map(ride).collect()
}

/// Runs a view both ways that share no code and compares with the rows of `expected`.
#[track_caller]
fn same(expected: &str, written: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("rides.jsonl"), rides()).unwrap();
    let rows = |name: &str, query: &str, how: &str| {
        let file = path(name);
        fs::write(&file, format!("{TABLE}CREATE VIEW v AS {query};\n")).unwrap();
        let input = path("rides.jsonl");
        ok(&[
            "run", &file, "--input", &input, "--format", "json", "--as", how,
        ])
    };
    let plain = rows("plain.sql", expected, "kappa");
    assert!(plain.lines().count() > 3, "{plain}");
    for how in ["kappa", "truth"] {
        assert_eq!(rows("written.sql", written, how), plain, "{how}: {written}");
    }
}

/// The same, for a window in FROM whose answer has both ends.
#[track_caller]
fn from(plain: &str, written: &str) {
    let view = |from: &str| {
        format!(
            "SELECT driver, window_start, window_end, SUM(km) AS km FROM {from} GROUP BY driver, window_start, window_end"
        )
    };
    same(&view(plain), &view(written));
}

const TUMBLE: &str = "TUMBLE(rides, ended, INTERVAL '30' MINUTE)";
const MOVED: &str = "TUMBLE(rides, ended, INTERVAL '30' MINUTE, INTERVAL '10' MINUTE)";
const HOP: &str = "HOP(rides, ended, INTERVAL '10' MINUTE, INTERVAL '30' MINUTE)";
const HOP_MOVED: &str =
    "HOP(rides, ended, INTERVAL '10' MINUTE, INTERVAL '30' MINUTE, INTERVAL '3' MINUTE)";
const CUMULATE: &str = "CUMULATE(rides, ended, INTERVAL '1' HOUR, INTERVAL '6' HOUR)";
const CUMULATE_MOVED: &str =
    "CUMULATE(rides, ended, INTERVAL '1' HOUR, INTERVAL '6' HOUR, INTERVAL '30' MINUTE)";
const SESSION: &str =
    "SESSION(TABLE rides PARTITION BY driver, DESCRIPTOR(ended), INTERVAL '15' MINUTE)";

macro_rules! windows_in_from {
    ($($name:ident: $plain:expr, $written:expr;)*) => {
        $(#[test]
        fn $name() {
            from($plain, $written);
        })*
    };
}

windows_in_from! {
    // RisingWave: table, time column and sizes as they are, the unit in the text or behind it.
    risingwave_tumble: TUMBLE, "tumble(rides, ended, INTERVAL '30 MINUTES')";
    risingwave_tumble_with_a_blank: TUMBLE, "TUMBLE (rides, ended, INTERVAL '30' MINUTE)";
    risingwave_tumble_with_offset: MOVED, "TUMBLE(rides, ended, INTERVAL '30 MINUTES', INTERVAL '10 MINUTES')";
    risingwave_tumble_with_alias: TUMBLE, "TUMBLE(rides, ended, INTERVAL '30 MINUTES') AS ride";
    risingwave_hop: HOP, "HOP(rides, ended, INTERVAL '10 MINUTES', INTERVAL '30 MINUTES')";
    risingwave_hop_with_offset: HOP_MOVED, "HOP(rides, ended, INTERVAL '10 MINUTES', INTERVAL '30 MINUTES', INTERVAL '3 MINUTES')";

    // Flink: TABLE(…) around the function, TABLE before the table, DESCRIPTOR around the column.
    flink_tumble: TUMBLE, "TABLE(TUMBLE(TABLE rides, DESCRIPTOR(ended), INTERVAL '30' MINUTES))";
    flink_tumble_without_table: TUMBLE, "TUMBLE(TABLE rides, DESCRIPTOR(ended), INTERVAL '30' MINUTES)";
    flink_tumble_with_offset: MOVED, "TABLE(TUMBLE(TABLE rides, DESCRIPTOR(ended), INTERVAL '30' MINUTES, INTERVAL '10' MINUTES))";
    flink_tumble_by_names: TUMBLE, "TABLE(TUMBLE(DATA => TABLE rides, TIMECOL => DESCRIPTOR(ended), SIZE => INTERVAL '30' MINUTES))";
    flink_tumble_by_names_with_offset: MOVED, "TABLE(TUMBLE(DATA => TABLE rides, TIMECOL => DESCRIPTOR(ended), SIZE => INTERVAL '30' MINUTES, OFFSET => INTERVAL '10' MINUTES))";
    flink_tumble_by_names_in_another_order: MOVED, "TUMBLE(DATA => TABLE rides, OFFSET => INTERVAL '10' MINUTES, SIZE => INTERVAL '30' MINUTES, TIMECOL => DESCRIPTOR(ended))";
    flink_tumble_with_partition_by: TUMBLE, "TABLE(TUMBLE(TABLE rides PARTITION BY driver, DESCRIPTOR(ended), INTERVAL '30' MINUTES))";
    flink_hop: HOP, "TABLE(HOP(TABLE rides, DESCRIPTOR(ended), INTERVAL '10' MINUTES, INTERVAL '30' MINUTES))";
    flink_hop_with_offset: HOP_MOVED, "TABLE(HOP(TABLE rides, DESCRIPTOR(ended), INTERVAL '10' MINUTES, INTERVAL '30' MINUTES, INTERVAL '3' MINUTES))";
    flink_hop_by_names: HOP, "TABLE(HOP(DATA => TABLE rides, TIMECOL => DESCRIPTOR(ended), SLIDE => INTERVAL '10' MINUTES, SIZE => INTERVAL '30' MINUTES))";
    flink_hop_by_names_with_offset: HOP_MOVED, "TABLE(HOP(DATA => TABLE rides, TIMECOL => DESCRIPTOR(ended), SLIDE => INTERVAL '10' MINUTES, SIZE => INTERVAL '30' MINUTES, OFFSET => INTERVAL '3' MINUTES))";
    flink_cumulate: CUMULATE, "TABLE(CUMULATE(TABLE rides, DESCRIPTOR(ended), INTERVAL '1' HOURS, INTERVAL '6' HOURS))";
    flink_cumulate_with_offset: CUMULATE_MOVED, "TABLE(CUMULATE(TABLE rides, DESCRIPTOR(ended), INTERVAL '1' HOUR, INTERVAL '6' HOUR, INTERVAL '30' MINUTE))";
    flink_cumulate_by_names: CUMULATE, "TABLE(CUMULATE(DATA => TABLE rides, TIMECOL => DESCRIPTOR(ended), STEP => INTERVAL '1' HOUR, SIZE => INTERVAL '6' HOUR))";
    flink_cumulate_by_names_with_offset: CUMULATE_MOVED, "TABLE(CUMULATE(DATA => TABLE rides, TIMECOL => DESCRIPTOR(ended), STEP => INTERVAL '1' HOUR, SIZE => INTERVAL '6' HOUR, OFFSET => INTERVAL '30' MINUTE))";
    flink_session: SESSION, "TABLE(SESSION(TABLE rides PARTITION BY driver, DESCRIPTOR(ended), INTERVAL '15' MINUTES))";
    flink_session_with_keys_in_parentheses: SESSION, "TABLE(SESSION(TABLE rides PARTITION BY (driver), DESCRIPTOR(ended), INTERVAL '15' MINUTES))";
    flink_session_by_names: SESSION, "TABLE(SESSION(DATA => TABLE rides PARTITION BY driver, TIMECOL => DESCRIPTOR(ended), GAP => INTERVAL '15' MINUTES))";
    flink_session_without_partitions: "SESSION(rides, ended, INTERVAL '2' MINUTE)", "TABLE(SESSION(TABLE rides, DESCRIPTOR(ended), INTERVAL '2' MINUTES))";
}

/// A group window of Flink, with its auxiliary functions, as the same window in FROM.
#[track_caller]
fn grouped(plain: &str, function: &str, arguments: &str) {
    let plain = format!(
        "SELECT driver, window_start AS s, window_end AS e, window_time AS t, SUM(km) AS km FROM {plain} GROUP BY driver, window_start, window_end"
    );
    let written = format!(
        "SELECT driver, {function}_START({arguments}) AS s, {function}_END({arguments}) AS e, {function}_ROWTIME({arguments}) AS t, SUM(km) AS km FROM rides GROUP BY driver, {function}({arguments})"
    );
    same(&plain, &written);
}

#[test]
fn flink_group_window_tumble() {
    grouped(TUMBLE, "TUMBLE", "ended, INTERVAL '30' MINUTE");
}

#[test]
fn flink_group_window_hop() {
    grouped(
        HOP,
        "HOP",
        "ended, INTERVAL '10' MINUTE, INTERVAL '30' MINUTE",
    );
}

#[test]
fn flink_group_window_session() {
    grouped(SESSION, "SESSION", "ended, INTERVAL '15' MINUTE");
}

#[test]
fn flink_group_window_without_its_bounds() {
    same(
        &format!(
            "SELECT driver, COUNT(*) AS n FROM {TUMBLE} GROUP BY driver, window_start, window_end"
        ),
        "SELECT driver, COUNT(*) AS n FROM rides GROUP BY TUMBLE(ended, INTERVAL '30' MINUTE), driver",
    );
}

#[test]
fn flink_window_time() {
    let written = "SELECT driver, window_start, window_end, window_time, SUM(km) AS km
        FROM TABLE(TUMBLE(TABLE rides, DESCRIPTOR(ended), INTERVAL '30' MINUTES))
        GROUP BY driver, window_start, window_end, window_time";
    let plain = format!(
        "SELECT driver, window_start, window_end, window_end - INTERVAL '1' MILLISECOND AS window_time, SUM(km) AS km FROM {TUMBLE} GROUP BY driver, window_start, window_end"
    );
    same(&plain, written);
    // With another name, as Flink passes it on.
    let renamed = written.replacen("window_time,", "window_time AS rowtime,", 1);
    same(&plain.replace("AS window_time", "AS rowtime"), &renamed);
}

#[test]
fn risingwave_session() {
    let plain = format!(
        "SELECT driver, window_start, COUNT(DISTINCT km) AS lengths FROM {SESSION} GROUP BY driver, window_start, window_end"
    );
    let written = "SELECT driver, window_start, count(DISTINCT km) AS lengths
        FROM (
            SELECT *, first_value(ended) OVER (
                PARTITION BY driver ORDER BY ended
                SESSION WITH GAP INTERVAL '15 MINUTES'
            ) AS window_start
            FROM rides
        )
        GROUP BY driver, window_start";
    same(&plain, written);
    same(
        &plain,
        &written.replacen(")\n        GROUP", ") AS spells\n        GROUP", 1),
    );
}

#[test]
fn risingwave_sessions_over_rows_are_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v.sql");
    let query = "CREATE VIEW v AS
SELECT driver, first_value(ended) OVER (PARTITION BY driver ORDER BY ended SESSION WITH GAP INTERVAL '5 MINUTES') AS s
FROM rides";
    fs::write(&file, format!("{TABLE}{query}")).unwrap();
    let (code, text) = fails(&["explain", file.to_str().unwrap()]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("v.sql:6:76: "), "{text}");
    assert!(
        text.contains("SESSION(TABLE t PARTITION BY key, DESCRIPTOR(time), INTERVAL '5' MINUTE)"),
        "{text}"
    );
}
