//! What is maintained of a view, and what is asked of that.

use super::*;

/// The question of the last view, and each fold with what it shows.
fn divided(views: &str) -> (String, Vec<(String, String)>) {
    let sql = format!(
        "{FLIGHTS}\nCREATE TABLE airports (code VARCHAR, city VARCHAR) WITH (path = 'a.csv');\n{views}"
    );
    let job = Job::compile("test", &sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let question = job.question(None).unwrap();
    let folds = question.folds.iter().map(|fold| {
        let fields = fold.schema.fields().iter();
        let names: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        (fold.name.clone(), names.join(", "))
    });
    (question.sql.clone().unwrap_or_default(), folds.collect())
}

const HOURLY: &str = "FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR)";

#[track_caller]
fn becomes(views: &str, question: &str, folds: &[(&str, &str)]) {
    let (sql, found) = divided(views);
    let found: Vec<(&str, &str)> = (found.iter())
        .map(|(name, shows)| (name.as_str(), shows.as_str()))
        .collect();
    assert_eq!(
        (sql.as_str(), found.as_slice()),
        (question, folds),
        "{views}"
    );
}

#[test]
fn what_is_asked_of_one_fold() {
    becomes(
        &format!(
            "CREATE VIEW v AS SELECT origin, COUNT(*) AS n {HOURLY} GROUP BY origin, window_start"
        ),
        "",
        &[("v", "origin, n")],
    );
    becomes(
        &format!(
            "CREATE VIEW v AS SELECT origin AS o, COUNT(*) AS n {HOURLY} GROUP BY origin, window_start
             HAVING COUNT(*) > 5 AND MAX(delay) > 60 ORDER BY n DESC, o, window_start LIMIT 3"
        ),
        "SELECT \"o\", \"n\" FROM \"v\" WHERE \"n\" > 5 AND \"max(delay)\" > 60 ORDER BY \"n\" DESC, \"o\", \"window_start\" LIMIT 3",
        &[("v", "o, n, max(delay), window_start")],
    );
    becomes(
        "CREATE VIEW v AS SELECT f.origin, COUNT(*), ROW_NUMBER() OVER (PARTITION BY window_start ORDER BY AVG(delay) DESC) AS place
             FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR) AS f GROUP BY 1, window_start QUALIFY place <= 3",
        "SELECT \"origin\", \"count(*)\", ROW_NUMBER() OVER (PARTITION BY \"window_start\" ORDER BY \"avg(delay)\" DESC) AS place FROM \"v\" QUALIFY \"place\" <= 3",
        &[("v", "origin, count(*), window_start, avg(delay)")],
    );
    becomes(
        "CREATE VIEW v AS SELECT delay / 60 AS hours, COUNT(*) AS n FROM flights GROUP BY delay / 60 ORDER BY delay / 60 + 1",
        "SELECT \"hours\", \"n\" FROM \"v\" ORDER BY \"hours\" + 1",
        &[("v", "hours, n")],
    );
    becomes(
        "CREATE VIEW v AS SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin, HOP(scheduled, INTERVAL '1' HOUR, INTERVAL '3' HOUR) ORDER BY HOP_START(scheduled, INTERVAL '1' HOUR, INTERVAL '3' HOUR)",
        "SELECT \"origin\", \"n\" FROM \"v\" ORDER BY \"hop_start(scheduled, interval '1' hour, interval '3' hour)\"",
        &[(
            "v",
            "origin, n, hop_start(scheduled, interval '1' hour, interval '3' hour)",
        )],
    );
}

#[test]
fn what_is_asked_of_rows() {
    becomes(
        "CREATE VIEW v AS SELECT *, RANK() OVER (ORDER BY delay) AS r FROM flights WHERE delay > 3",
        "SELECT \"scheduled\", \"delay\", \"distance\", \"origin\", \"destination\", RANK() OVER (ORDER BY \"delay\") AS r FROM \"v\"",
        &[("v", "scheduled, delay, distance, origin, destination")],
    );
    // DISTINCT is a GROUP BY, which is maintained.
    becomes(
        "CREATE VIEW v AS SELECT DISTINCT origin, delay > 0 AS late FROM flights",
        "",
        &[("v", "origin, late")],
    );
    let sql = format!("{FLIGHTS}\nCREATE VIEW v AS SELECT DISTINCT origin FROM flights");
    let job = Job::compile("test", &sql).unwrap();
    assert!(!job.view(None).unwrap().rows);
    becomes(
        &format!("CREATE VIEW v AS SELECT DISTINCT origin {HOURLY}"),
        "SELECT DISTINCT \"origin\" FROM \"v\"",
        &[("v", "origin")],
    );
}

#[test]
fn what_is_asked_of_several_folds() {
    becomes(
        &format!(
            "CREATE VIEW v AS WITH per AS (SELECT origin, window_start AS s, COUNT(*) AS n {HOURLY} GROUP BY origin, window_start)
             SELECT s, MAX(n) AS most FROM per GROUP BY s"
        ),
        "WITH per AS (SELECT * FROM \"v\") SELECT s, MAX(n) AS most FROM \"per\" GROUP BY s",
        &[("v", "origin, s, n")],
    );
    becomes(
        "CREATE VIEW v AS SELECT origin FROM flights GROUP BY origin UNION ALL (SELECT destination FROM flights GROUP BY destination ORDER BY COUNT(*) LIMIT 2)",
        "SELECT * FROM \"v.2\" UNION ALL (SELECT \"destination\" FROM \"v.1\" ORDER BY \"count(*)\" LIMIT 2)",
        &[("v.2", "origin"), ("v.1", "destination, count(*)")],
    );
    // The same fold twice is one.
    let per = format!(
        "(SELECT origin, window_start AS s, COUNT(*) AS n {HOURLY} GROUP BY origin, window_start)"
    );
    becomes(
        &format!(
            "CREATE VIEW v AS SELECT a.n, b.n AS m FROM {per} AS a JOIN {per} AS b ON a.s = b.s"
        ),
        "SELECT a.n, b.n AS m FROM (SELECT * FROM \"v\") AS a JOIN (SELECT * FROM \"v\") AS b ON a.s = b.s",
        &[("v", "origin, s, n")],
    );
}

#[test]
fn views_build_on_views_and_on_files() {
    let first = format!(
        "CREATE VIEW busy AS SELECT origin, window_start, COUNT(*) AS n {HOURLY} GROUP BY origin, window_start;"
    );
    becomes(
        &format!(
            "{first} CREATE VIEW v AS SELECT city, SUM(n) AS n FROM Busy b JOIN airports ON b.origin = code GROUP BY city"
        ),
        "SELECT city, SUM(n) AS n FROM \"busy\" b JOIN \"airports\" ON b.origin = code GROUP BY city",
        &[("busy", "origin, window_start, n")],
    );
    becomes(
        &format!(
            "{first} CREATE VIEW top AS SELECT * FROM busy ORDER BY n LIMIT 5; CREATE VIEW v AS SELECT origin FROM top"
        ),
        "SELECT origin FROM (SELECT * FROM \"busy\" ORDER BY n LIMIT 5) AS \"top\"",
        &[("busy", "origin, window_start, n")],
    );
}

#[test]
fn what_is_grouped_over_a_view_of_rows_is_a_fold_over_the_table() {
    let rows = "CREATE VIEW lates AS SELECT scheduled AS at, delay / 60 AS hours, origin AS destination, destination AS origin FROM flights WHERE delay > 60;";
    let print = |view: &str| {
        let sql = format!("{FLIGHTS}\n{view}");
        let job = Job::compile("test", &sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let question = job.question(None).unwrap();
        assert!(question.plain().is_some(), "{:?}", question.sql);
        let names = question.folds[0].schema.fields().iter();
        let names: Vec<String> = names.map(|field| field.name().clone()).collect();
        (question.folds[0].fingerprint.clone(), names)
    };
    for (over_view, over_table) in [
        (
            "SELECT hours, l.origin, COUNT(*) AS n FROM TUMBLE(lates, at, INTERVAL '1' HOUR) AS l GROUP BY hours, origin, window_start",
            "SELECT delay / 60 AS hours, destination AS origin, COUNT(*) AS n FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR) WHERE delay > 60 GROUP BY delay / 60, destination, window_start",
        ),
        (
            "SELECT origin, MAX(hours + 1) AS m FROM TABLE(SESSION(TABLE lates PARTITION BY destination, DESCRIPTOR(at), INTERVAL '1' HOUR)) WHERE hours < 5 GROUP BY origin, window_start",
            "SELECT destination AS origin, MAX(delay / 60 + 1) AS m FROM SESSION(TABLE flights PARTITION BY origin, DESCRIPTOR(scheduled), INTERVAL '1' HOUR) WHERE delay > 60 AND delay / 60 < 5 GROUP BY destination, window_start",
        ),
        (
            "SELECT origin FROM lates GROUP BY origin",
            "SELECT destination AS origin FROM flights WHERE delay > 60 GROUP BY destination",
        ),
        (
            "SELECT * FROM TUMBLE(lates, at, INTERVAL '1' HOUR) WHERE hours > 2",
            "SELECT scheduled AS at, delay / 60 AS hours, origin AS destination, destination AS origin FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR) WHERE delay > 60 AND delay / 60 > 2",
        ),
    ] {
        let mine = print(&format!("{rows} CREATE VIEW v AS {over_view}"));
        let known = print(&format!("CREATE VIEW v AS {over_table}"));
        assert_eq!(mine, known, "{over_view}");
    }
    // What is above the fold goes with it.
    becomes(
        &format!(
            "{rows} CREATE VIEW v AS SELECT origin, COUNT(*) AS n FROM lates GROUP BY origin HAVING MIN(hours) > 1 ORDER BY lates.origin"
        ),
        "SELECT \"origin\", \"n\" FROM \"v\" WHERE \"min((delay / 60))\" > 1 ORDER BY \"origin\"",
        &[("v", "origin, n, min((delay / 60))")],
    );
    // Rows of rows are asked of the rows that are kept.
    becomes(
        &format!("{rows} CREATE VIEW v AS SELECT hours FROM lates WHERE origin = 'LIS'"),
        "SELECT hours FROM \"lates\" WHERE origin = 'LIS'",
        &[("lates", "at, hours, destination, origin")],
    );
}

#[test]
fn the_content_of_a_file_is_part_of_the_version() {
    let print = |hash: &str| {
        let file =
            format!("CREATE TABLE airports (code VARCHAR) WITH (path = 'a.csv', hash = '{hash}');");
        let view = "CREATE VIEW v AS SELECT n FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) JOIN airports ON origin = code";
        let job = Job::compile("test", &format!("{FLIGHTS}\n{file}\n{view}")).unwrap();
        let question = job.question(None).unwrap();
        (
            question.fingerprint.clone(),
            question.folds[0].fingerprint.clone(),
        )
    };
    let (one, other) = (print("00"), print("01"));
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
    assert_eq!(one, print("00"));
}

#[test]
fn a_question_is_no_plain_view() {
    let sql = format!("{FLIGHTS}\nCREATE VIEW v AS SELECT origin FROM flights ORDER BY origin");
    let job = Job::compile("test", &sql).unwrap();
    let error = job.view(None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "test.sql: view v asks a question of its folds; its answer is that of Job::question"
    );
    assert!(job.fold("v").is_some() && job.fold("w").is_none());
    assert!(
        job.question(None)
            .unwrap()
            .explain()
            .starts_with("view v\n  asks ")
    );
}
