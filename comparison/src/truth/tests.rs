//! The truth against rows computed by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod aggregates;
mod expressions;
mod files;
mod flights;
mod kinds;
mod lateness;
mod measures;
mod windows;

use std::fs;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use tempfile::TempDir;

use super::{Truth, TruthError};

const TABLE: &str = "CREATE TABLE events (
    at TIMESTAMP, k VARCHAR, n INT, m BIGINT, x DOUBLE, b BOOLEAN, d DECIMAL(6, 2), day DATE,
    r REAL, s SMALLINT NOT NULL
) WITH (topic = 'events', format = 'json', event_time = 'at');";

/// A job with one view, in windows of ten seconds; `select` ends behind FROM's place.
fn job(select: &str, rest: &str) -> String {
    let from = "FROM TUMBLE(events, at, INTERVAL '10' SECOND)";
    format!("{TABLE} CREATE VIEW v AS SELECT {select} {from} {rest};")
}

/// The view of `sql` over the text of a file called `name`.
fn open(sql: &str, name: &str, text: &str) -> Result<Truth, TruthError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    Truth::open(&path, sql, None, None, None)
}

/// The view of `sql` over JSON lines; each gets an `s`, which the table demands.
fn truth(sql: &str, lines: &[&str]) -> Truth {
    let text: Vec<String> = lines
        .iter()
        .map(|line| line.replacen('{', "{\"s\": 1, ", 1))
        .collect();
    open(sql, "events.jsonl", &text.join("\n")).unwrap()
}

/// Rows as texts, values apart by a bar.
fn shown(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<ArrayFormatter> = (rows.columns().iter())
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let row = |row| {
        columns
            .iter()
            .map(|column| column.value(row).to_string())
            .collect::<Vec<_>>()
    };
    (0..rows.num_rows())
        .map(|number| row(number).join(" | "))
        .collect()
}

/// The rows of the view of `sql` over JSON lines.
fn rows(sql: &str, lines: &[&str]) -> Vec<String> {
    shown(&truth(sql, lines).answer().unwrap().rows)
}

/// What one expression is in a row of these values, as the only key of the only group.
fn value(expression: &str, fields: &str) -> Vec<String> {
    let sql = job(
        &format!("{expression} AS e, COUNT(*) AS c"),
        "GROUP BY window_start, window_end, e",
    );
    let line = format!("{{\"at\": 0, {fields}}}");
    let found = rows(&sql, &[&line]);
    found
        .into_iter()
        .map(|row| row.replace(" | 1", ""))
        .collect()
}
