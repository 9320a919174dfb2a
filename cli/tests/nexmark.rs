//! The Nexmark queries: every way to compute them gives DuckDB's answer.
//!
//! The answers in `views/nexmark/answers.txt` are DuckDB's, made by `scripts/nexmark.sh`: per query
//! the number of rows and a hash of them, over the events in `data/nexmark.parquet`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{agree, ok, root};
use serde_json::Value;

const EVENTS: &str = "data/nexmark.parquet";

/// Queries with functions that the truth does not know.
const NO_TRUTH: [&str; 4] = ["q14", "q16", "q21", "q22"];

/// Number and hash of rows, whatever their order: FNV-1a of their sorted lines of JSON, fields by
/// name and floats to twelve digits.
fn answer(rows: &str) -> String {
    let mut lines: Vec<String> = rows.lines().map(line).collect();
    lines.sort_unstable();
    let bytes = lines
        .iter()
        .flat_map(|line| line.bytes().chain(Some(b'\n')));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{} {hash:016x}", lines.len())
}

fn line(row: &str) -> String {
    let row: serde_json::Map<String, Value> = serde_json::from_str(row).unwrap();
    let mut fields: Vec<(&String, &Value)> = row.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| name.as_str());
    let fields = fields.iter().map(|(name, value)| match value {
        Value::Number(number) if number.is_f64() => {
            format!("\"{name}\":\"{:.11e}\"", number.as_f64().unwrap())
        }
        value => format!("\"{name}\":{value}"),
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

#[test]
fn every_query_has_one_answer_and_it_is_duckdbs() {
    let answers = fs::read_to_string(root().join("views/nexmark/answers.txt")).unwrap();
    let queries = fs::read_dir(root().join("views/nexmark")).unwrap();
    let ends = |name: &str| name.ends_with(".sql");
    let names = queries.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        names.filter(|name| ends(name)).count(),
        answers.lines().count()
    );
    for known in answers.lines() {
        let (query, known) = known.split_once(' ').unwrap();
        let sql = format!("views/nexmark/{query}.sql");
        let run = |options: &[&str]| {
            let mut args = vec!["run", &sql, "--input", EVENTS, "--format", "json"];
            args.extend(options);
            ok(&args)
        };
        let kappa = run(&["--as", "kappa"]);
        assert_eq!(answer(&kappa), known, "{query}");
        if !NO_TRUTH.contains(&query) {
            agree(&run(&["--as", "truth"]), &kappa);
        }
        for architecture in ["batch", "speed"] {
            assert!(
                run(&["--as", architecture]) == kappa,
                "{query} as {architecture}"
            );
        }
        for seam in ["0.07", "0.3", "0.5", "0.81", "nexmark/0:17,nexmark/2:1400"] {
            let rows = run(&["--as", "lambda", "--seam-at", seam]);
            assert!(rows == kappa, "{query} at the seam {seam}");
        }
    }
}

#[cfg(feature = "nexmark")]
#[test]
fn the_events_are_those_of_the_first_seed() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |path: &str| {
        let sql = root().join("views/nexmark/q20.sql");
        ok(&[
            "run",
            sql.to_str().unwrap(),
            "--input",
            path,
            "--format",
            "json",
        ])
    };
    let write = |name: &str, seed: &str| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        ok(&["generate", "nexmark", "--seed", seed, "--to", &path]);
        path
    };
    let (first, again) = (write("a.parquet", "1"), write("b.parquet", "1"));
    assert!(fs::read(&first).unwrap() == fs::read(again).unwrap());
    assert!(rows(&first) == rows(EVENTS));
    assert!(rows(&write("c.parquet", "2")) != rows(EVENTS));
}
