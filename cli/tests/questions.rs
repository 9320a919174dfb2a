//! Views with a question: one shot, over a store, with several topics and with a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use seam::{agree, fails, ok};

const WEEK: &str = "data/flights-week.parquet";

#[test]
fn batch_speed_lambda_kappa_and_truth_answer_alike() {
    for (view, rows) in [("views/worst_airports.sql", 21), ("views/balance.sql", 161)] {
        let run = |options: &[&str]| {
            let mut args = vec!["run", view, "--input", WEEK, "--format", "json"];
            args.extend(options);
            ok(&args)
        };
        let truth = run(&["--as", "truth"]);
        assert_eq!(truth.lines().count(), rows, "{view}\n{truth}");
        for architecture in ["batch", "speed", "kappa"] {
            agree(&run(&["--as", architecture]), &truth);
        }
        for seam in ["0.1", "0.5", "0.9", "2001-01-05T09:00:00Z", "flights/1:70"] {
            agree(&run(&["--as", "lambda", "--seam-at", seam]), &truth);
        }
    }
}

#[test]
fn explain_tells_what_is_maintained_and_what_is_asked() {
    let told = ok(&["explain", "views/balance.sql"]);
    for line in [
        "view balance",
        "  asks        SELECT",
        "  of          departures",
        "              arrivals",
        "  and         hubs (",
        "  shows       window_start TIMESTAMP",
        "maintains departures",
        "maintains arrivals",
        "  measure     COUNT(*): exact, the events of the group",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

/// Orders and payments of ten minutes, and a view over both.
struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let (mut orders, mut payments) = (String::new(), String::new());
        for n in 0..600_i64 {
            let at = n * 1000;
            let shop = n % 7;
            writeln!(
                orders,
                r#"{{"at": {at}, "shop": {shop}, "price": {}}}"#,
                n % 13
            )
            .unwrap();
            if n % 3 != 0 {
                writeln!(
                    payments,
                    r#"{{"at": {}, "shop": {shop}, "paid": {}}}"#,
                    at + 500,
                    n % 11
                )
                .unwrap();
            }
        }
        write("orders.jsonl", &orders);
        write("payments.jsonl", &payments);
        write("shops.csv", "shop,name\n0,north\n1,south\n2,east\n3,west\n");
        write(
            "open.sql",
            "CREATE TABLE orders (at TIMESTAMP NOT NULL, shop INT, price INT) WITH (event_time = 'at', partition_by = 'shop');
             CREATE TABLE payments (at TIMESTAMP NOT NULL, shop INT, paid INT) WITH (event_time = 'at', partition_by = 'shop');
             CREATE TABLE shops (shop INT, name VARCHAR) WITH (path = 'shops.csv');
             CREATE VIEW open AS
             WITH due AS (SELECT shop, window_start, SUM(price) AS due FROM TUMBLE(orders, at, INTERVAL '1' MINUTE) GROUP BY shop, window_start, window_end),
             paid AS (SELECT shop, window_start, SUM(paid) AS paid FROM TUMBLE(payments, at, INTERVAL '1' MINUTE) GROUP BY shop, window_start, window_end)
             SELECT name, due.window_start, due, coalesce(paid, 0) AS paid
             FROM due JOIN shops USING (shop) LEFT JOIN paid ON due.shop = paid.shop AND due.window_start = paid.window_start",
        );
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn inputs(&self) -> Vec<String> {
        let input = |table: &str| format!("{table}={}", self.path(&format!("{table}.jsonl")));
        vec![
            "--input".into(),
            input("orders"),
            "--input".into(),
            input("payments"),
        ]
    }

    /// `seam command open.sql --store store`, with these options.
    fn args(&self, command: &str, options: &[&str]) -> Vec<String> {
        let mut args = vec![command.to_owned(), self.path("open.sql")];
        if command != "run" {
            args.extend(["--store".to_owned(), self.path("store")]);
        }
        args.extend(options.iter().map(|option| (*option).to_owned()));
        args
    }

    fn with_inputs(&self, command: &str, options: &[&str]) -> Vec<String> {
        [self.args(command, options), self.inputs()].concat()
    }

    fn query(&self) -> Vec<String> {
        let store = self.path("store");
        [
            "query",
            "SELECT * FROM open",
            "--store",
            &store,
            "--format",
            "json",
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

#[test]
fn several_topics_have_a_file_each_and_one_answer() {
    let shop = Shop::new();
    let run = |options: &[&str]| {
        let mut all = vec!["--format", "json"];
        all.extend(options);
        ok(&shop.with_inputs("run", &all))
    };
    let truth = run(&["--as", "truth"]);
    assert_eq!(truth.lines().count(), 40);
    for architecture in ["batch", "speed", "lambda", "kappa"] {
        agree(&run(&["--as", architecture]), &truth);
    }
    let seam = ["--as", "lambda", "--seam-at", "orders/0:5,payments/2:30"];
    agree(&run(&seam), &truth);

    let (code, message) = fails(&shop.args("run", &["--input", &shop.path("orders.jsonl")]));
    assert_eq!(code, 2);
    assert_eq!(
        message,
        "seam: no file for the table orders: give --input orders=FILE"
    );
}

#[test]
fn a_store_keeps_the_folds_and_a_query_asks() {
    let shop = Shop::new();
    let truth = ok(&shop.with_inputs("run", &["--as", "truth", "--format", "json"]));
    ok(&shop.with_inputs("archive", &[]));
    ok(&shop.args("batch", &["--cut", "orders/0:20,orders/1:30,payments/1:10"]));
    ok(&shop.with_inputs("speed", &["--checkpoint-every", "50"]));
    agree(&ok(&shop.query()), &truth);
    ok(&shop.args("batch", &[]));
    agree(&ok(&shop.query()), &truth);

    // The shops are part of the view: with others it is another version of it.
    let csv = fs::read_to_string(shop.path("shops.csv")).unwrap();
    fs::write(shop.path("shops.csv"), csv.replace("north", "centre")).unwrap();
    let (code, message) = fails(&shop.query());
    assert_eq!(code, 2);
    assert!(
        message.contains("has changed since the view was made"),
        "{message}"
    );
    let (code, message) = fails(&shop.args("batch", &[]));
    assert_eq!(code, 2);
    assert!(message.contains("run seam reprocess"), "{message}");
    ok(&shop.args("reprocess", &["--from", "archive", "--cutover"]));
    let renamed = ok(&shop.query());
    assert!(renamed.contains("centre") && !renamed.contains("north"));
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.join("\n")
    };
    agree(
        &sorted(&renamed),
        &sorted(&truth.replace("north", "centre")),
    );
}

#[test]
fn folds_that_stand_apart_are_read_where_they_stood_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let events = |count: i64| -> String {
        (0..count)
            .map(|n| format!("{{\"at\": {n}, \"k\": {}}}\n", n % 3))
            .collect()
    };
    fs::write(path("some.jsonl"), events(50)).unwrap();
    fs::write(path("all.jsonl"), events(90)).unwrap();
    let sql = "CREATE TABLE e (at TIMESTAMP NOT NULL, k INT) WITH (event_time = 'at');
        CREATE VIEW a AS SELECT k, COUNT(*) AS n FROM e GROUP BY k;
        CREATE VIEW b AS SELECT k % 2 AS k, COUNT(*) AS n FROM e GROUP BY k % 2;
        CREATE VIEW v AS SELECT a.k, a.n, b.n AS m FROM a JOIN b ON a.k = b.k";
    fs::write(path("v.sql"), sql).unwrap();
    let speed = |view: &str, input: &str| {
        let (sql, store, input) = (path("v.sql"), path("store"), path(input));
        let args = [
            "speed", &sql, "--view", view, "--store", &store, "--input", &input,
        ];
        ok(&args)
    };
    let store = path("store");
    let query = [
        "query",
        "SELECT n, m FROM v",
        "--store",
        &store,
        "--format",
        "csv",
    ];
    speed("a", "some.jsonl");
    let (code, message) = fails(&query);
    assert_eq!(code, 2);
    assert!(
        message.contains("view v reads b, which is not in the store yet"),
        "{message}"
    );
    speed("v", "some.jsonl");
    assert_eq!(ok(&query), "n,m\n17,17\n17,33\n");
    speed("a", "all.jsonl");
    assert_eq!(ok(&query), "n,m\n17,17\n17,33\n");
    speed("v", "all.jsonl");
    assert_eq!(ok(&query), "n,m\n30,30\n30,60\n");

    // Apart, and what was before is gone.
    fs::write(path("more.jsonl"), events(99)).unwrap();
    fs::write(path("most.jsonl"), events(108)).unwrap();
    speed("b", "more.jsonl");
    speed("b", "most.jsonl");
    ok(&["gc", "--store", &store]);
    let (code, message) = fails(&query);
    assert_eq!(code, 2);
    assert!(
        message.contains("the folds of view v stand apart: b at e/0:"),
        "{message}"
    );
    assert!(message.contains("run seam speed for v"), "{message}");
    speed("v", "most.jsonl");
    assert_eq!(ok(&query), "n,m\n36,36\n36,72\n");
}

#[test]
fn a_comparison_is_of_one_fold() {
    let (code, message) = fails(&["compare", "views/balance.sql", "--input", WEEK]);
    assert_eq!(code, 2);
    assert_eq!(
        message,
        "seam: seam compare takes a view with one fold, balance has 2: write each as a view of its own and name it by --view"
    );
    let lines = ok(&[
        "compare",
        "views/worst_airports.sql",
        "--input",
        WEEK,
        "--format",
        "csv",
    ]);
    assert!(lines.contains("\nkappa,,"), "{lines}");
    let one = ["--view", "arrivals", "--format", "csv"];
    ok(&[
        &["compare", "views/balance.sql", "--input", WEEK],
        one.as_slice(),
    ]
    .concat());
}

#[test]
fn a_question_that_cannot_be_planned_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "CREATE TABLE e (at TIMESTAMP, k INT) WITH (event_time = 'at');
CREATE VIEW v AS WITH x AS (SELECT k, COUNT(*) AS n FROM e GROUP BY k) SELECT m FROM x";
    let file = folder.path().join("v.sql");
    fs::write(&file, sql).unwrap();
    let (code, message) = fails(&["explain", Path::new(&file).to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(
        message.contains("v.sql:2:13: view v: ") && message.contains('m'),
        "{message}"
    );
}
