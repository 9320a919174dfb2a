//! One view, five ways to compute it, the same rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use seam::{agree, ok, root};

const VIEW: &str = "views/delay_by_airport.sql";
const WEEK: &str = "data/flights-week.parquet";

fn rows(options: &[&str]) -> String {
    let mut args = vec!["run", VIEW, "--input", WEEK, "--format", "json"];
    args.extend(options);
    ok(&args)
}

#[test]
fn batch_speed_lambda_kappa_and_truth_print_the_same_rows() {
    let truth = rows(&["--as", "truth"]);
    assert_eq!(truth.lines().count(), 16_391);
    for architecture in ["batch", "speed", "lambda", "kappa"] {
        agree(&rows(&["--as", architecture]), &truth);
    }
}

#[test]
fn lambda_prints_them_for_any_seam() {
    let kappa = rows(&["--as", "kappa"]);
    for seam in [
        "0",
        "0.001",
        "0.3",
        "0.999",
        "1",
        "2001-01-05T09:00:00Z",
        "flights/0:5,flights/3:7000",
    ] {
        assert!(
            rows(&["--as", "lambda", "--seam-at", seam]) == kappa,
            "seam {seam}"
        );
    }
}

#[test]
fn partitions_and_chunks_change_nothing() {
    let kappa = rows(&["--as", "kappa"]);
    for partitions in 1..=8 {
        let partitions = partitions.to_string();
        for architecture in ["lambda", "kappa"] {
            let printed = rows(&["--as", architecture, "--partitions", &partitions]);
            assert!(
                printed == kappa,
                "{architecture} in {partitions} partitions"
            );
        }
    }
    for chunk in ["2", "63", "4096", "65536"] {
        for architecture in ["batch", "lambda", "kappa"] {
            let printed = rows(&["--as", architecture, "--chunk-rows", chunk]);
            assert!(printed == kappa, "{architecture} in chunks of {chunk}");
        }
    }
}

#[test]
fn chunks_of_one_row_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("clicks.jsonl");
    let input = input.to_str().unwrap();
    ok(&["generate", "clicks", "--events", "20000", "--to", input]);
    let run = |options: &[&str]| {
        let mut args = vec![
            "run",
            "views/clicks_by_page.sql",
            "--input",
            input,
            "--format",
            "json",
        ];
        args.extend(options);
        ok(&args)
    };
    let truth = run(&["--as", "truth"]);
    assert!(
        truth.lines().all(|line| line.ends_with("\"clicks\":1000}")),
        "{truth}"
    );
    for architecture in ["batch", "speed", "lambda", "kappa"] {
        agree(&run(&["--as", architecture, "--chunk-rows", "1"]), &truth);
    }
}

#[test]
fn every_example_is_the_same_by_all_and_its_errors_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let events = |what: &str| {
        let path = folder.path().join(what).with_extension("parquet");
        let path = path.to_str().unwrap().to_owned();
        ok(&["generate", what, "--events", "20000", "--to", &path]);
        path
    };
    let (flights, clicks) = (events("flights"), events("clicks"));
    let mut views: Vec<_> = std::fs::read_dir(root().join("views"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect();
    views.sort();
    for view in &views {
        let sql = std::fs::read_to_string(view).unwrap();
        assert!(
            sql.starts_with("-- "),
            "{} says what it answers",
            view.display()
        );
        let input = match sql.contains("topic = 'flights'") {
            true => &flights,
            false => &clicks,
        };
        let view = view.to_str().unwrap();
        let rows = |architecture| {
            let args = ["run", view, "--input", input, "--format", "json"];
            ok(&[&args[..], &["--as", architecture]].concat())
        };
        let kappa = rows("kappa");
        assert!(kappa.lines().count() > 5, "{view}");
        agree(&kappa, &rows("truth"));
        for architecture in ["batch", "speed", "lambda"] {
            agree(&rows(architecture), &kappa);
        }
        if ok(&["explain", view]).matches("\nmaintains ").count() > 1 {
            // A comparison is of one fold.
            continue;
        }
        // It fails where an event is not explained.
        let compared = ok(&[
            "compare",
            view,
            "--input",
            input,
            "--seam-at",
            "0.6",
            "--format",
            "json",
        ]);
        assert_eq!(compared.lines().count(), 12, "{view}");
    }
    assert!(views.len() >= 11);
}

#[test]
fn compare_explains_every_event_of_the_error() {
    let args = [
        "compare",
        VIEW,
        "--input",
        WEEK,
        "--seam-at",
        "2001-01-05T09:00:00Z",
    ];
    let printed = ok(&[&args[..], &["--batch-takes", "90m", "--format", "json"]].concat());
    let lines: Vec<serde_json::Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 12);
    for line in &lines {
        let rows = |name: &str| line[name].as_i64().unwrap();
        assert_eq!(
            rows("net_error"),
            rows("double") - rows("missing") - rows("late"),
            "{line}"
        );
        assert_eq!(rows("drift"), 0, "{line}");
        // No flight of the week is a day late.
        let exact = ["offset", "event-time -1d"].map(|rule| line["rule"] == rule);
        let exact = line["rule"].is_null() || exact.contains(&true);
        assert_eq!(exact, rows("wrong_groups") == 0, "{line}");
    }
}

#[test]
fn the_demo_tells_its_story() {
    let folder = tempfile::tempdir().unwrap();
    let printed = seam::command(&["demo"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.status.success(),
        "{}",
        String::from_utf8_lossy(&printed.stderr)
    );
    assert_eq!(text.matches(" holds").count(), 12, "{text}");
    for told in ["113493", "Follow one airport", "restart-at-latest", "Next"] {
        assert!(text.contains(told), "{told} is not in:\n{text}");
    }
    assert!(root().join(WEEK).exists());
}
