//! Bad input: one line that says what, where and what to do, and the exit code for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{Folder, fails, ok};

const VIEW: &str = "views/delay_by_airport.sql";
const WEEK: &str = "data/flights-week.parquet";

/// Exit code 2 and one line with all of `says`.
fn refused(args: &[&str], says: &[&str]) {
    let (code, line) = fails(args);
    assert_eq!(code, 2, "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    for word in says {
        assert!(line.contains(word), "{word:?} is not in: {line}");
    }
}

/// The same for a SQL text: below the line the text's own, and a caret under `word`.
fn refused_sql(args: &[&str], says: &[&str], word: &str) {
    let (code, text) = fails(args);
    assert_eq!(code, 2, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    for said in says {
        assert!(lines[0].contains(said), "{said:?} is not in: {text}");
    }
    let start = lines[3].find('^').unwrap();
    assert_eq!(&lines[2][start..start + word.len()], word, "{text}");
    assert_eq!(lines[3].matches('^').count(), word.len(), "{text}");
}

#[test]
fn rejected_records_are_counted_listed_and_left_out() {
    let folder = Folder::new();
    let good = |at: u32| {
        format!(r#"{{"scheduled":"2001-01-01T0{at}:00:00Z","delay":{at},"origin":"ATL"}}"#)
    };
    let input = folder.write(
        "events.jsonl",
        &[
            good(1),
            "{broken".into(),
            good(2),
            r#"{"scheduled":"2001-01-01","delay":"late"}"#.into(),
            r#"{"delay":1}"#.into(),
        ]
        .join("\n"),
    );
    let view = folder.write(
        "view.sql",
        &fs::read_to_string(seam::root().join(VIEW))
            .unwrap()
            .replace(", arrival = 'arrival'", ""),
    );
    for architecture in ["batch", "speed", "lambda", "kappa", "truth"] {
        let args = [
            "run",
            &view,
            "--input",
            &input,
            "--as",
            architecture,
            "--format",
            "json",
        ];
        assert_eq!(ok(&args).lines().count(), 2, "{architecture}");
    }
    let listed = ok(&[
        "rejects",
        &view,
        "--input",
        &input,
        "--format",
        "json",
        "--partitions",
        "1",
    ]);
    let offsets: Vec<String> = listed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["offset"].to_string())
        .collect();
    assert_eq!(offsets, ["1", "3", "4"], "{listed}");
    for word in ["delay", "INT", "late", "scheduled", "NOT NULL"] {
        assert!(listed.contains(word), "{word} is not in:\n{listed}");
    }
    let (code, line) = fails(&[
        "run",
        &view,
        "--input",
        &input,
        "--strict",
        "--partitions",
        "1",
    ]);
    assert_eq!(code, 1, "{line}");
    assert!(line.contains("flights/0@1"), "{line}");
}

#[test]
fn a_column_that_the_input_lacks() {
    let folder = Folder::new();
    let input = folder.write(
        "events.csv",
        "scheduled,delay,arrival\n2001-01-01T00:00:00Z,5,2001-01-01T00:05:00Z\n",
    );
    refused(
        &["run", VIEW, "--input", &input],
        &["events.csv", "distance", "scheduled, delay, arrival"],
    );
}

#[test]
fn an_unknown_function_and_an_unknown_column() {
    let folder = Folder::new();
    let sql = fs::read_to_string(seam::root().join(VIEW)).unwrap();
    let view = folder.write("view.sql", &sql.replace("AVG(delay)", "AVERAGE(delay)"));
    refused_sql(
        &["run", &view, "--input", WEEK],
        &["view.sql:12:29: unknown function average", "AVG"],
        "AVERAGE",
    );
    let view = folder.write("view.sql", &sql.replace("MAX(delay)", "MAX(dalay)"));
    refused_sql(
        &["run", &view, "--input", WEEK],
        &["view.sql:12:59: ", "dalay", "delay"],
        "dalay",
    );
}

#[test]
fn files_that_are_not_there_or_not_what_they_say() {
    let folder = Folder::new();
    refused(&["run", "nowhere.sql", "--input", WEEK], &["nowhere.sql"]);
    refused(
        &["run", VIEW, "--input", "nowhere.parquet"],
        &["nowhere.parquet"],
    );
    let broken = folder.write("broken.parquet", "this is not Parquet");
    refused(&["run", VIEW, "--input", &broken], &["broken.parquet"]);
    refused(
        &["run", VIEW, "--input", &broken, "--as", "truth"],
        &["broken.parquet"],
    );
}

#[test]
fn a_seam_that_cannot_be_read() {
    refused(
        &[
            "run",
            VIEW,
            "--input",
            WEEK,
            "--as",
            "lambda",
            "--seam-at",
            "noon",
        ],
        &["noon", "0.6"],
    );
    refused(
        &["compare", VIEW, "--input", WEEK, "--batch-takes", "long"],
        &["long", "90m"],
    );
}

#[test]
fn no_log_and_no_broker() {
    let folder = Folder::new();
    let store = folder.path("store");
    refused(
        &["archive", VIEW, "--store", &store],
        &["--brokers", "--input"],
    );
    // A port on which nobody listens: it was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let brokers = format!("127.0.0.1:{port}");
    let args = ["speed", VIEW, "--store", &store, "--brokers", &brokers];
    refused(&args, &[&brokers, "scripts/kafka.sh start"]);
}

#[test]
fn a_store_made_by_other_logic() {
    let folder = Folder::new();
    let store = folder.path("store");
    let args = ["--store", &store];
    ok(&[&["speed", VIEW, "--input", WEEK], &args[..]].concat());
    let sql = fs::read_to_string(seam::root().join(VIEW)).unwrap();
    let view = folder.write("view.sql", &sql.replace("delay IS NOT NULL", "delay > 0"));
    refused(
        &[&["speed", &view, "--input", WEEK], &args[..]].concat(),
        &["other logic", "seam reprocess"],
    );
    refused_sql(
        &["query", "SELECT 1 FROM nothing", "--store", &store],
        &["1:15: unknown table nothing; known views: delay_by_airport"],
        "nothing",
    );
    refused(
        &["query", "SELECT 1", "--store", &folder.path("empty")],
        &["no view"],
    );
}

#[test]
fn nothing_at_all_is_an_empty_answer() {
    let folder = Folder::new();
    let input = folder.write("empty.jsonl", "");
    for architecture in ["batch", "speed", "lambda", "kappa", "truth"] {
        let args = [
            "run",
            VIEW,
            "--input",
            &input,
            "--as",
            architecture,
            "--format",
            "json",
        ];
        assert_eq!(ok(&args), "", "{architecture}");
    }
}
