//! Comparisons over a real topic and a real archive say what they say over the file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{Folder, command, fails, ok};
use serde_json::Value;

const SEAM: [&str; 4] = ["--seam-at", "2001-01-05T09:00:00Z", "--batch-takes", "90m"];

fn brokers() -> String {
    std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker")
}

/// The week of flights in a topic of its own, and the view that reads it.
fn flights(folder: &Folder, name: &str) -> String {
    let topic = format!("{name}-{}", std::process::id());
    let sql = fs::read_to_string(seam::root().join("views/delay_by_airport.sql")).unwrap();
    let named = format!("topic = '{topic}'");
    let view = folder.write("view.sql", &sql.replace("topic = 'flights'", &named));
    let to = format!("kafka:{topic}");
    ok(&["generate", "flights", "--to", &to, "--brokers", &brokers()]);
    view
}

/// The lines of a comparison without what they cost, which differs from run to run.
fn lines(args: &[&str]) -> Vec<Value> {
    let printed = ok(&[args, &["--format", "json"]].concat());
    let lines = printed.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        for cost in ["cpu_seconds", "bytes_read", "bytes_stored"] {
            fields.remove(cost).unwrap();
        }
        line
    });
    lines.collect()
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn a_topic_and_its_archive_are_compared_as_the_file_is() {
    let (folder, brokers) = (Folder::new(), brokers());
    let view = flights(&folder, "compared");
    let file = ["--input", "data/flights-week.parquet"];
    let kafka = ["--kafka", "--brokers", &brokers];
    let rules = [
        "--rule",
        "offset",
        "--rule",
        "event-time <=/>=",
        "--rule",
        "restart-at-latest",
    ];
    let compared = |with: &[&str]| lines(&[&["compare", &view], with, &rules, &SEAM].concat());
    let expected = compared(&file);
    assert_eq!(compared(&kafka), expected);

    let store = folder.path("store");
    ok(&["archive", &view, "--store", &store, "--brokers", &brokers]);
    let archived = [&kafka[..], &["--archive", &store]].concat();
    assert_eq!(compared(&archived), expected);

    // What happened after the archiver's last run is in the topic alone.
    let topic = format!("kafka:compared-{}", std::process::id());
    ok(&["generate", "flights", "--to", &topic, "--brokers", &brokers]);
    let all = [&["compare", &view, "--seam-at", "1"], &archived[..]].concat();
    let (code, line) = fails(&all);
    assert_eq!(code, 2, "{line}");
    assert!(line.contains("below the cut at"), "{line}");
    assert!(line.contains("run seam archive"), "{line}");

    let schedule = "batch every 40h takes 90m, checkpoint 12h, ask every 24h";
    let played = |with: &[&str]| {
        let args = ["compare", &view, "--schedule", schedule, "--rule", "offset"];
        lines(&[&args, with].concat())
    };
    // The same flights again claim to have arrived before those that are there.
    for line in played(&kafka) {
        assert_eq!(line["wrong_groups"], 0, "{line}");
    }
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn the_demo_over_a_topic_tells_the_same_story_and_leaves_nothing() {
    let table = |args: &[&str]| {
        let told = ok(args);
        let rows = told.lines().filter(|line| line.contains("holds"));
        (rows.map(str::to_owned).collect::<Vec<_>>(), told)
    };
    let brokers = brokers();
    let (expected, _) = table(&["demo"]);
    let (found, told) = table(&["demo", "--kafka", "--brokers", &brokers]);
    assert_eq!(found, expected);
    let topic = told.split("reads the topic ").nth(1).unwrap();
    let topic = topic.split(',').next().unwrap();
    let folder = Folder::new();
    let sql = fs::read_to_string(seam::root().join("views/delay_by_airport.sql")).unwrap();
    let named = format!("topic = '{topic}'");
    let view = folder.write("view.sql", &sql.replace("topic = 'flights'", &named));
    let (code, line) = fails(&["compare", &view, "--kafka", "--brokers", &brokers]);
    assert_eq!(code, 2, "{line}");
    assert!(
        line.contains(&format!("there is no topic {topic}")),
        "{line}"
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let file = [
        "compare",
        "views/delay_by_airport.sql",
        "--input",
        "x.jsonl",
    ];
    let topic = ["compare", "views/delay_by_airport.sql", "--kafka"];
    for (args, expected) in [
        ([&file[..], &["--kafka"]].concat(), "cannot be used with"),
        (
            [&file[..], &["--archive", "x"]].concat(),
            "cannot be used with",
        ),
        (
            [&topic[..], &["--partitions", "3"]].concat(),
            "cannot be used with",
        ),
        (topic.to_vec(), "no log to read: give --brokers"),
        (
            [&topic[..], &["x"]].concat(),
            "--kafka x: expected NAME=VALUE",
        ),
        (
            [&topic[..], &["--second-code-base", "none"]].concat(),
            "a second code base reads a file",
        ),
    ] {
        let output = command(&args).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(expected), "{errors}");
    }
    let (code, line) = fails(&["demo", "--kafka"]);
    assert_eq!(code, 2, "{line}");
    assert!(
        line.contains("no broker to write to: give --brokers"),
        "{line}"
    );
}
