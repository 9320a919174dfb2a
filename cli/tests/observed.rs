//! A system that is not ours, measured; and what is said where a file does not fit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use seam::{Folder, fails, ok};

const VIEW: &str = "views/delay_by_airport.sql";
const WEEK: &str = "data/flights-week.parquet";

fn observe<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["compare", VIEW, "--input", WEEK, "--observed", file];
    args.extend(more);
    args
}

#[test]
fn our_own_answer_agrees_and_a_changed_one_does_not() {
    let folder = Folder::new();
    let rows = ok(&["run", VIEW, "--input", WEEK, "--format", "csv"]);
    let own = folder.write("own.csv", &rows);
    let found: serde_json::Value =
        serde_json::from_str(&ok(&observe(&own, &["--format", "json"]))).unwrap();
    assert_eq!(found["rows"], 16_391);
    for ratio in ["mismatch_ratio", "missing_ratio", "extra_ratio"] {
        assert_eq!(found[ratio], 0.0, "{found}");
    }
    // One group has another name, another one is not there.
    let mut lines: Vec<String> = rows.lines().map(ToOwned::to_owned).collect();
    lines[1] = lines[1].replacen(lines[1].split(',').next().unwrap(), "nowhere", 1);
    lines.remove(2);
    let changed = folder.write("changed.csv", &lines.join("\n"));
    let found: serde_json::Value =
        serde_json::from_str(&ok(&observe(&changed, &["--format", "json"]))).unwrap();
    for (ratio, expected) in [
        ("missing_ratio", 2.0 / 16_391.0),
        ("extra_ratio", 1.0 / 16_390.0),
    ] {
        let found = found[ratio].as_f64().unwrap();
        assert!(
            (found - expected).abs() < 1e-15,
            "{ratio}: {found} {expected}"
        );
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let folder = Folder::new();
    let file = folder.write(
        "theirs.csv",
        "airport,window_start,flights\nATL,2001-01-01T00:00:00Z,some\n",
    );
    for (more, says) in [
        (
            vec![],
            "theirs.csv: no column \"origin\", which names a group of delay_by_airport: the file has airport, window_start, flights",
        ),
        (
            vec!["--map", "origin=port"],
            "there is no column \"port\", only airport, window_start, flights",
        ),
        (
            vec!["--map", "port=airport"],
            "delay_by_airport has no column \"port\", only origin, window_start",
        ),
        (
            vec!["--map", "origin=airport"],
            "theirs.csv: line 2: column \"flights\": expected BIGINT, found \"some\"",
        ),
    ] {
        let (code, line) = fails(&observe(&file, &more));
        assert_eq!((code, line.lines().count()), (2, 1), "{line}");
        assert!(line.contains(says), "{line}");
    }
}

#[test]
fn a_page_needs_its_name_and_prices_theirs() {
    let folder = Folder::new();
    let prices = folder.write("prices.json", r#"{"currency": "EUR", "core_hour": 0.04}"#);
    let page = folder.path("page.html");
    let with = |more: &[&str]| {
        let mut args = vec!["compare", VIEW, "--input", WEEK, "--rule", "offset"];
        args.extend(more);
        fails(&args)
    };
    let (code, line) = with(&["--report", &folder.path("page")]);
    assert_eq!(code, 2);
    assert!(
        line.ends_with("page is no name for a page: it must end in .html"),
        "{line}"
    );
    let (code, line) = with(&["--report", &page, "--prices", &prices]);
    assert_eq!(code, 2);
    assert!(
        line.ends_with("prices.json: no entry \"log_gb_month\""),
        "{line}"
    );
}
