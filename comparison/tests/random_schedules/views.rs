//! Views of every kind: counts, sums, MAX and DISTINCT, with and without bounds on lateness.

use std::sync::Arc;

use comparison::dice::Dice;
use shared_logic::job::Job;
use shared_logic::view::View;

/// Measures that each say something else of a double, a loss and a late event.
const MEASURES: &[&str] = &[
    "COUNT(*) AS n, SUM(value) AS total",
    "COUNT(*) AS n, MAX(value) AS most",
    "COUNT(*) AS n, COUNT(DISTINCT value) AS different",
    "COUNT(*) AS n, MIN(name) AS first, AVG(value) AS mean",
    "COUNT(*) AS n, SUM(price) AS total, MAX(price) AS most",
    "COUNT(value) AS values_read, SUM(value) AS total, MAX(at) AS newest",
    "COUNT(*) AS n, APPROX_DISTINCT(value) AS different",
];

const WINDOWS: &[(&str, bool)] = &[
    ("TUMBLE(events, at, INTERVAL '10' SECOND)", true),
    ("TUMBLE(events, at, INTERVAL '1' MINUTE)", true),
    (
        "HOP(events, at, INTERVAL '10' SECOND, INTERVAL '30' SECOND)",
        false,
    ),
    (
        "TABLE(SESSION(TABLE events PARTITION BY name, DESCRIPTOR(at), INTERVAL '3' SECOND))",
        true,
    ),
];

const OPTIONS: &[&str] = &[
    "",
    "",
    "WITH (allowed_lateness = '5 seconds', late = 'view')",
    "WITH (allowed_lateness = '20 seconds', late = 'speed-only')",
];

pub fn view(seed: u64) -> (String, Arc<View>) {
    let mut dice = Dice::new(seed ^ 0x5EED);
    let mut pick = |count: usize| dice.below(count as u64) as usize;
    let measures = MEASURES[pick(MEASURES.len())];
    let (window, once) = WINDOWS[pick(WINDOWS.len())];
    let options = OPTIONS[pick(OPTIONS.len())];
    // Where windows overlap an event is shown several times: the column is named otherwise.
    let measures = match once {
        true => measures.to_owned(),
        false => measures.replace(" AS n,", " AS counted,"),
    };
    let filter = ["", "WHERE value <> 13 OR value IS NULL"][pick(2)];
    let sql = format!(
        "CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT, price DOUBLE) \
         WITH (event_time = 'at', partition_by = 'name');\n\
         CREATE VIEW totals {options} AS SELECT name, window_start, window_end, {measures} \
         FROM {window} {filter} GROUP BY name, window_start, window_end"
    );
    let job = Job::compile("random", &sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let view = Arc::clone(job.views.last().unwrap());
    (sql, view)
}
