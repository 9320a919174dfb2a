//! The same rows in every format, and questions that are piped in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::FileReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use seam::{command, fails, ok};

const VIEW: &str = "views/delay_by_airport.sql";
const WEEK: &str = "data/flights-week.parquet";

fn whole(chunks: Vec<RecordBatch>) -> RecordBatch {
    concat_batches(&chunks[0].schema(), &chunks).unwrap()
}

#[test]
fn parquet_and_arrow_hold_the_rows_that_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = ["run", VIEW, "--input", WEEK];
    let with = |options: &[&str]| ok(&[&run, options].concat());
    assert_eq!(with(&["--output", &path("a.parquet")]), "");
    with(&["--format", "arrow", "--output", &path("a.bin")]);
    with(&["--output", &path("a.feather")]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path("a.parquet")).unwrap());
    let parquet = whole(
        reader
            .unwrap()
            .build()
            .unwrap()
            .map(Result::unwrap)
            .collect(),
    );
    let arrow = |name: &str| {
        let reader = FileReader::try_new(File::open(path(name)).unwrap(), None).unwrap();
        whole(reader.map(Result::unwrap).collect())
    };
    assert_eq!(parquet.num_rows(), 16_391);
    assert_eq!(arrow("a.bin").columns(), parquet.columns());
    assert_eq!(arrow("a.feather").columns(), parquet.columns());
    for (format, name) in [("csv", "a.csv"), ("json", "a.jsonl"), ("table", "a.txt")] {
        let printed = with(&["--format", format]);
        with(&["--format", format, "--output", &path(name)]);
        assert!(
            fs::read_to_string(path(name)).unwrap() == printed,
            "{format}"
        );
    }
    // An old file is replaced.
    with(&["--output", &path("a.parquet"), "--view", "delay_by_airport"]);
    let (code, line) = fails(&[&run[..], &["--format", "parquet"]].concat());
    assert_eq!((code, line.contains("--output")), (2, true), "{line}");
    let nowhere = path("no/such/folder.csv");
    let (code, line) = fails(&[&run[..], &["--output", &nowhere]].concat());
    assert_eq!((code, line.contains("folder.csv")), (2, true), "{line}");
}

#[test]
fn a_table_shows_types_and_counts_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let events = [
        "{\"t\":0,\"k\":\"a\",\"x\":1.5}",
        "{\"t\":1,\"k\":null,\"x\":-2}",
        "{\"t\":2,\"k\":\"b\",\"x\":null}",
    ];
    fs::write(path("e.jsonl"), events.join("\n")).unwrap();
    fs::write(
        path("v.sql"),
        "CREATE TABLE e (t TIMESTAMP, k VARCHAR, x DOUBLE) WITH (event_time = 't');
         CREATE VIEW v AS SELECT k, COUNT(*) AS n, SUM(x) AS s FROM e GROUP BY k",
    )
    .unwrap();
    let table = ok(&["run", &path("v.sql"), "--input", &path("e.jsonl")]);
    let expected = [
        " k             n       s",
        " varchar  bigint  double",
        " NULL          1      -2",
        " a             1     1.5",
        " b             1    NULL",
        "(3 rows)",
    ];
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    assert_eq!(lines, expected, "{table}");
}

#[test]
fn questions_come_as_an_argument_by_c_or_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").to_str().unwrap().to_owned();
    ok(&["speed", VIEW, "--input", WEEK, "--store", &store]);
    let count = "SELECT COUNT(*) AS n FROM delay_by_airport";
    let options = ["--store", &store, "--format", "json"];
    let plain = ok(&[&["query", count], &options[..]].concat());
    assert_eq!(plain, "{\"n\":16391}\n");
    assert_eq!(ok(&[&["query", "-c", count], &options[..]].concat()), plain);
    let piped = |text: &str| {
        let mut child = command(&[&["query"], &options[..]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), printed)
    };
    let two = format!(".tables\n{count};\nSELECT ';' AS a,\n 2 AS b;");
    assert_eq!(
        piped(&two),
        (
            0,
            format!("delay_by_airport\n{plain}{{\"a\":\";\",\"b\":2}}\n")
        )
    );
    // The first wrong question ends it.
    assert_eq!(
        piped(&format!("{count}; SELECT nothing FROM nowhere; {count}")),
        (2, plain)
    );
}
