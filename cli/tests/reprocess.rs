//! Changed SQL: a second generation, one swap, and the way back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{fails, ok};

const VIEW: &str = "views/delay_by_airport.sql";
const WEEK: &str = "data/flights-week.parquet";
const QUESTION: &str = "SELECT * FROM delay_by_airport";

#[test]
fn cut_over_and_roll_back_swap_whole_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let store = path("store");
    let changed = path("changed.sql");
    let sql = fs::read_to_string(seam::root().join(VIEW)).unwrap();
    fs::write(&changed, sql.replace("delay IS NOT NULL", "delay > 15")).unwrap();
    let run = |view: &str| ok(&["run", view, "--input", WEEK, "--format", "json"]);
    let served = || ok(&["query", QUESTION, "--store", &store, "--format", "json"]);

    ok(&["archive", VIEW, "--input", WEEK, "--store", &store]);
    ok(&[
        "batch",
        VIEW,
        "--store",
        &store,
        "--cut",
        "flights/0:9000,flights/1:100,flights/2:15000,flights/3:1",
    ]);
    ok(&[
        "speed",
        VIEW,
        "--input",
        WEEK,
        "--store",
        &store,
        "--checkpoint-every",
        "5000",
    ]);
    let (before, after) = (run(VIEW), run(&changed));
    assert!(before != after);
    assert!(served() == before, "batch below, speed above");
    // The whole archive: a second landing replaces every segment below it.
    ok(&["batch", VIEW, "--store", &store]);
    assert!(served() == before, "landed again");

    let reprocess = |options: &[&str]| {
        let mut args = vec!["reprocess", &changed, "--store", &store];
        args.extend(options);
        ok(&args)
    };
    reprocess(&["--from", "archive"]);
    assert!(served() == before, "built beside the live generation");
    reprocess(&["--cutover"]);
    assert!(served() == after, "swapped");
    let views = ok(&["views", "--store", &store, "--format", "json"]);
    let states: Vec<(u64, String)> = (views.lines())
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|row| {
            (
                row["generation"].as_u64().unwrap(),
                row["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(states, [(1, "previous".to_owned()), (2, "live".to_owned())]);
    reprocess(&["--rollback"]);
    assert!(served() == before, "swapped back");
    ok(&["gc", "--store", &store]);
    assert!(served() == before, "after gc");
    let (code, line) = fails(&["reprocess", VIEW, "--store", &store, "--from", "log"]);
    assert_eq!((code, line.contains("--input")), (2, true), "{line}");
    ok(&[
        "reprocess",
        &changed,
        "--store",
        &store,
        "--from",
        "hybrid",
        "--input",
        WEEK,
        "--cutover",
    ]);
    assert!(served() == after, "from archive and log");
}
