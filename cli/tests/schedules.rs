//! `seam compare` over a schedule, with a second code base, and as a matrix.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use serde_json::Value;

use seam::{fails, ok};

fn view(name: &str) -> String {
    format!("views/{name}.sql")
}

fn lines(output: &str) -> Vec<Value> {
    output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'v>(lines: &'v [Value], rule: &str) -> &'v Value {
    lines.iter().find(|line| line["rule"] == rule).unwrap()
}

#[test]
fn events_at_the_boundary_are_counted_by_both_by_none_or_once() {
    for count in [1, 7, 30] {
        let schedule = format!(
            "rate 5/s for 2m, boundary {count} at 60s, batch at 60s takes 0s, seed {count}"
        );
        let output = ok(&[
            "compare",
            &view("clicks_by_page"),
            "--schedule",
            &schedule,
            "--format",
            "json",
        ]);
        let lines = lines(&output);
        assert_eq!(lines.len(), 12);
        for (rule, net) in [
            ("event-time <=/>=", count),
            ("event-time </>", -count),
            ("event-time <=/>", 0),
            ("event-time </>=", 0),
            ("offset", 0),
        ] {
            assert_eq!(of(&lines, rule)["net_error"], net, "{rule}");
        }
    }
}

#[test]
fn what_arrives_while_the_batch_runs_is_missing_where_the_speed_layer_starts_at_latest() {
    for (rate, takes) in [(5, 20), (10, 60), (40, 30)] {
        let schedule = format!("rate {rate}/s for 3m, batch at 60s takes {takes}s");
        let output = ok(&[
            "compare",
            &view("clicks_by_page"),
            "--schedule",
            &schedule,
            "--format",
            "json",
            "--rule",
            "restart-at-latest",
            "--rule",
            "offset",
        ]);
        let lines = lines(&output);
        assert_eq!(of(&lines, "restart-at-latest")["missing"], rate * takes);
        assert_eq!(of(&lines, "offset")["net_error"], 0);
    }
}

/// Only between the two writes of a checkpoint does it matter which of them comes first: then what
/// arrived since the last checkpoint, 50 events, is folded twice or never.
#[test]
fn a_crash_doubles_or_loses_by_the_order_of_two_writes() {
    for (delivery, at_seal) in [
        ("exactly-once", 0),
        ("at-least-once", 50),
        ("at-most-once", -50),
    ] {
        for step in ["fold", "seal", "commit"] {
            let schedule = format!(
                "rate 10/s for 2m, batch never, checkpoint 10s, crash {step} at 65s, delivery {delivery}"
            );
            let output = ok(&[
                "compare",
                &view("clicks_by_page"),
                "--schedule",
                &schedule,
                "--format",
                "json",
                "--rule",
                "offset",
            ]);
            let lines = lines(&output);
            let expected = if step == "seal" { at_seal } else { 0 };
            assert_eq!(lines[1]["net_error"], expected, "kappa, {delivery}, {step}");
            assert_eq!(lines[0]["net_error"], 0, "offset, {delivery}, {step}");
        }
    }
}

/// A speed half of its own keeps what arrived in the last 150 seconds. With a batch a minute there is
/// a hole once more than one has failed, and under `offset` never.
#[test]
fn holes_begin_when_more_batches_fail_than_the_speed_layer_keeps() {
    for (fails, hole) in [("", false), ("fails 3", false), ("fails 2,3", true)] {
        let schedule = format!(
            "rate 10/s for 4m, batch every 1m takes 0s {fails}, keep 150s, checkpoint 10s, ask every 1m"
        );
        let output = ok(&[
            "compare",
            &view("clicks_by_page"),
            "--schedule",
            &schedule,
            "--format",
            "json",
            "--rule",
            "event-time <=/>",
            "--rule",
            "offset",
        ]);
        let lines = lines(&output);
        let missing = of(&lines, "event-time <=/>")["missing"].as_u64().unwrap();
        assert_eq!(missing > 0, hole, "{fails}: {missing}");
        assert_eq!(of(&lines, "offset")["net_error"], 0);
    }
}

#[test]
fn a_schedule_prints_the_same_twice_and_adds_up() {
    let schedule = "rate 20/s for 4m, late 5% by 10s..1m, batch every 1m takes 30s fails 2 lands-half 3, crash seal at 100s, seed 7";
    let run = || ok(&["compare", &view("clicks_in_time"), "--schedule", schedule]);
    assert_eq!(run(), run());
}

#[test]
fn a_second_code_base_agrees_until_it_slips() {
    let (view, week) = (view("delay_by_airport"), "data/flights-week.parquet");
    for (slip, drifts) in [("none", false), ("integer-division", true)] {
        let output = ok(&[
            "compare",
            &view,
            "--input",
            week,
            "--second-code-base",
            slip,
            "--format",
            "json",
            "--rule",
            "offset",
        ]);
        let lines = lines(&output);
        let second = lines.last().unwrap();
        assert_eq!(second["second_code_base"], slip);
        assert_eq!(second["drift"].as_u64().unwrap() > 0, drifts, "{second}");
        assert_eq!(
            second["minimal"].as_array().unwrap().is_empty(),
            !drifts,
            "{second}"
        );
    }
}

#[test]
fn wrong_schedules_rules_and_slips_are_one_line() {
    let clicks = view("clicks_by_page");
    for (arguments, told) in [
        (
            ["--schedule", "rate 5/s, nap 3m"],
            "schedule, column 11: \"nap\" is not a clause",
        ),
        (
            ["--schedule", "crash boom at 4m"],
            "schedule, column 7: \"boom\" is not fold, seal or commit",
        ),
    ] {
        let [option, value] = arguments;
        let (code, error) = fails(&["compare", &clicks, option, value]);
        assert!(code == 2 && error.contains(told), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let (code, error) = fails(&["compare", &clicks, "--schedule", "", "--rule", "by-guess"]);
    let told = "there is no seam rule \"by-guess\", only \"offset\"";
    assert!(code == 2 && error.contains(told), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
