//! A batch within a limit of memory: more segments, the same answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fmt::Write as _;
use std::fs;

use seam::ok;

const VIEW: &str = "
CREATE TABLE visits (at TIMESTAMP NOT NULL, visitor BIGINT, page INT, ms INT)
WITH (event_time = 'at', partition_by = 'page', time_unit = 'ms');
CREATE VIEW visitors WITH (allowed_lateness = '20 seconds') AS
SELECT visitor, window_start, window_end, COUNT(*) AS n, SUM(ms) AS total, MIN(ms) AS least
FROM TUMBLE(visits, at, INTERVAL '1' MINUTE) GROUP BY visitor, window_start, window_end;
";

/// Visits of 150,000 visitors within an hour, out of order by up to two minutes.
fn visits() -> String {
    let mut lines = String::new();
    let mut random = 1_u64;
    let mut below = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005) + 1_442_695_040_888_963_407;
        (random >> 33) % limit
    };
    for n in 0..250_000_u64 {
        let at = 1_700_000_000_000 + n * 14 - below(120_000);
        let (visitor, ms) = (below(150_000), below(1000));
        let page = n % 7;
        writeln!(
            lines,
            r#"{{"at":{at},"visitor":{visitor},"page":{page},"ms":{ms}}}"#
        )
        .unwrap();
    }
    lines
}

#[test]
fn what_exceeds_the_memory_lands_as_more_segments() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (view, input, store) = (path("view.sql"), path("visits.jsonl"), path("store"));
    fs::write(&view, VIEW).unwrap();
    fs::write(&input, visits()).unwrap();
    ok(&["archive", &view, "--input", &input, "--store", &store]);
    let landed = |options: &[&str]| {
        let jobs = folder.path().join("store/jobs");
        if jobs.exists() {
            fs::remove_dir_all(&jobs).unwrap();
        }
        let mut args = vec!["batch", &view, "--store", &store];
        args.extend(options);
        let told = ok(&args);
        let late = told.split("rejected, ").nth(1).unwrap().to_owned();
        let question = "SELECT * FROM visitors";
        let rows = ok(&["query", question, "--store", &store, "--format", "json"]);
        let segments = fs::read_dir(jobs.join("visitors/segments")).unwrap();
        (late, rows, segments.count())
    };
    let (late, rows, segments) = landed(&[]);
    assert!(!late.starts_with("0 "), "{late}");
    assert_eq!(segments, 1);
    // The least that there is: four megabytes of groups at a time.
    let (late_too, same, segments) = landed(&["--memory", "1MB"]);
    assert!(segments > 2, "{segments}");
    assert_eq!(late_too, late);
    assert!(same == rows);
}
