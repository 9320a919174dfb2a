#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use shared_logic::job::Job;

use super::*;
use crate::scene::Scene;

/// Views of which events are late, shown in windows that overlap and in sessions.
const VIEWS: [&str; 3] = [
    "TUMBLE(clicks, clicked, INTERVAL '10' SECOND)",
    "HOP(clicks, clicked, INTERVAL '10' SECOND, INTERVAL '30' SECOND)",
    "TABLE(SESSION(TABLE clicks PARTITION BY page, DESCRIPTOR(clicked), INTERVAL '2' SECOND))",
];

fn cells(window: &str, seed: u64) -> Vec<Cell> {
    let sql = format!(
        "CREATE TABLE clicks (clicked TIMESTAMP NOT NULL, page VARCHAR, visitor BIGINT) \
         WITH (event_time = 'clicked', partition_by = 'page');\n\
         CREATE VIEW late_ones WITH (allowed_lateness = '5 seconds', late = 'view') AS \
         SELECT page, window_start, window_end, COUNT(*) AS clicks, COUNT(DISTINCT visitor) AS visitors \
         FROM {window} GROUP BY page, window_start, window_end"
    );
    let view = Arc::clone(Job::compile("matrix", &sql).unwrap().views.first().unwrap());
    let text = format!("rate 5/s for 2m, late 20% by 1s..60s, keys 6, partitions 3, seed {seed}");
    let scene = Scene::new(&view, &sql, &text.parse().unwrap()).unwrap();
    matrix(&view, scene.events()).unwrap()
}

#[test]
fn seamline_does_not_mind_how_the_log_is_read_and_each_naive_rule_does() {
    let mut minds: BTreeSet<(String, String)> = BTreeSet::new();
    for (seed, window) in (0..).zip(VIEWS) {
        for cell in cells(window, seed) {
            if !cell.differ.is_empty() {
                let way = cell.way.to_string();
                let kind = way.split([' ', ',']).next().unwrap_or_default();
                minds.insert((cell.judging.to_string(), kind.to_owned()));
            }
        }
    }
    let expected = [
        ("global watermark", "interleaved"),
        ("global watermark", "replay"),
        ("lateness judged per micro-batch", "interleaved"),
        ("lateness judged per micro-batch", "replay"),
        ("watermark lost on restart", "restarted"),
    ];
    let expected = expected.map(|(judging, way)| (judging.to_owned(), way.to_owned()));
    assert_eq!(minds, expected.into());
}
