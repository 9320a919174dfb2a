//! A view for any file: what is printed runs as it stands, or the message says what is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{Folder, agree, fails, ok};

const WEEK: &str = "data/flights-week.parquet";

impl Folder {
    /// The `.sql` that is made of a file, and the rows that it gives however it is computed.
    #[track_caller]
    fn init(&self, input: &str, options: &[&str]) -> (String, String) {
        let sql = ok(&[&["init", "--input", input], options].concat());
        let view = self.write("made.sql", &sql);
        let rows = |how: &str| {
            let run = [
                "run", &view, "--input", input, "--format", "json", "--as", how,
            ];
            ok(&run)
        };
        let kappa = rows("kappa");
        assert!(!kappa.is_empty(), "no rows of:\n{sql}");
        for how in ["lambda", "truth"] {
            agree(&rows(how), &kappa);
        }
        (sql, kappa)
    }
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(squeezed.contains(word), "{word:?} is not in:\n{text}");
    }
}

/// The figures are those of data/README.md, which a script has counted.
#[test]
fn the_flights() {
    let folder = Folder::new();
    let (sql, rows) = folder.init(WEEK, &[]);
    says(
        &sql,
        &[
            "Events 113493, from 2001-01-01T0",
            "order of the file is taken as the order of arrival; arrival says when, and ascends",
            "Event time scheduled; --event-time can name another: arrival",
            "-- 0 25641 94.5% 25m 2h 49m 20h 24m 47.4%",
            "-- 1 34796 96.2% 30m 2h 51m 14h 47m 55.5%",
            "-- all 113493 95.0% 27m 2h 44m 1day 2h 50.1%",
            "scheduled TIMESTAMP NOT NULL, delay INT NOT NULL, distance INT NOT NULL, origin VARCHAR NOT NULL",
            "topic = 'flights_week', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival'",
            "CREATE VIEW flights_week_by_origin AS SELECT origin, window_start, window_end, COUNT(*) AS events, AVG(delay) AS mean_delay, MAX(delay) AS max_delay FROM TUMBLE(flights_week, scheduled, INTERVAL '1' HOUR)",
        ],
    );
    assert_eq!(rows.lines().count(), 16_391);
    assert_eq!(ok(&["init", "--input", WEEK]), sql, "twice the same");
}

#[test]
fn json_with_nested_fields_and_nulls() {
    let folder = Folder::new();
    let mut lines = vec![];
    for n in 0..200_u32 {
        let user = ["ann", "bob", "cy"][n as usize % 3];
        let price = if n == 77 {
            "\"free\"".to_owned()
        } else {
            format!("{}.5", n % 10)
        };
        let coupon = if n % 4 == 0 {
            "null".into()
        } else {
            format!("\"c{}\"", n % 2)
        };
        lines.push(format!(
            r#"{{"orderedAt":"2024-03-01T10:{:02}:{:02}Z","key":"{user}","order":{{"id":{n},"tags":["a"]}},"price":{price},"coupon":{coupon},"nothing":null,"id":{}}}"#,
            n / 60, n % 60, n % 150
        ));
    }
    lines[20] = "{broken".into();
    let input = folder.write("Web orders-2024.jsonl", &lines.join("\n"));
    let (sql, _) = folder.init(&input, &["--id", "id"]);
    says(
        &sql,
        &[
            "Broken 1, which no view reads; the first is record 21:",
            "Partition key key (3 values)",
            "Left out order: no type fits (expected VARCHAR, found {\"id\":",
            "Left out nothing: the first 200 records have no value of it",
            "Duplicates 49 events have a value of id that came before",
            "price DOUBLE 0 1 record 78: expected DOUBLE, found \"free\"",
            "coupon VARCHAR 49 0",
            "\"orderedAt\" TIMESTAMP NOT NULL, key VARCHAR NOT NULL, price DOUBLE NOT NULL, coupon VARCHAR, id BIGINT NOT NULL",
            "CREATE TABLE web_orders_2024",
        ],
    );
}

#[test]
fn csv_with_odd_quoting() {
    let folder = Folder::new();
    let mut text = String::from("\"when, exactly\",Zip,\"the \"\"note\"\"\",amount,ok\r\n");
    for n in 0..120 {
        let note = [
            "\"two\nlines, and a comma\"",
            "plain",
            "\"say \"\"hi\"\"\"",
            "",
        ][n % 4];
        text.push_str(&format!(
            "2024-02-{:02} 08:00,0{},{note},{}.00,TRUE\r\n",
            n % 28 + 1,
            1000 + n % 7,
            n
        ));
    }
    text.push_str("2024-02-01 09:00,01001,a stray \" quote,1.00,false\r\n");
    let input = folder.write("odd.csv", &text);
    let (sql, _) = folder.init(&input, &["--event-time", "when, exactly"]);
    says(
        &sql,
        &[
            "Broken 1,",
            "\"when, exactly\" TIMESTAMP NOT NULL",
            "\"Zip\" VARCHAR NOT NULL",
            "\"the \"\"note\"\"\" VARCHAR,",
            "amount DOUBLE NOT NULL, ok BOOLEAN NOT NULL",
            "format = 'csv', event_time = 'when, exactly', partition_by = 'Zip'",
            "FROM TUMBLE(odd, \"when, exactly\", INTERVAL '1' DAY) GROUP BY \"Zip\",",
        ],
    );
}

#[test]
fn epoch_seconds_and_epoch_milliseconds() {
    let folder = Folder::new();
    let lines = |scale: f64, digits: usize| {
        let line = |n: i32| {
            let time = (1_700_000_000.0 + f64::from(n) * 0.5) * scale;
            format!(
                "{{\"ts\": {time:.digits$}, \"sensor\": \"s{}\", \"value\": {}}}",
                n % 5,
                n % 9
            )
        };
        (0..4_000).map(line).collect::<Vec<_>>().join("\n")
    };
    let seconds = folder.write("readings.jsonl", &lines(1.0, 1));
    let (sql, rows) = folder.init(&seconds, &[]);
    says(
        &sql,
        &[
            "ts TIMESTAMP NOT NULL",
            "event_time = 'ts', partition_by = 'sensor', time_unit = 's'",
            "numbers in it count s since 1970",
            "from 2023-11-14T22:13:20Z to",
        ],
    );
    let millis = folder.write("readings.jsonl", &lines(1e3, 0));
    let (sql, same) = folder.init(&millis, &[]);
    says(
        &sql,
        &["ts TIMESTAMP NOT NULL", "from 2023-11-14T22:13:20Z to"],
    );
    assert!(!sql.contains("time_unit"), "{sql}");
    assert_eq!(rows, same);
}

#[test]
fn no_column_of_times() {
    let folder = Folder::new();
    let input = folder.write(
        "plain.csv",
        "id,name,serial\n1,a,1700000000\n2,b,1700000009\n",
    );
    let (code, line) = fails(&["init", "--input", &input]);
    assert_eq!((code, line.lines().count()), (2, 1), "{line}");
    says(
        &line,
        &[
            "plain.csv: no column holds times",
            "--event-time",
            "id BIGINT, name VARCHAR, serial BIGINT (could count s since 1970: --event-time serial)",
        ],
    );
    let (sql, _) = folder.init(&input, &["--event-time", "serial"]);
    says(&sql, &["serial TIMESTAMP NOT NULL", "time_unit = 's'"]);
}

#[test]
fn numbers_that_are_known_to_be_times_are_milliseconds() {
    let folder = Folder::new();
    let line = |n: u32| format!("{},{}\n", n * 1000, n % 3);
    let lines: String = (0..300).map(line).collect();
    let input = folder.write("laps.csv", &format!("lap,runner\n{lines}"));
    let (sql, rows) = folder.init(&input, &["--event-time", "lap"]);
    says(
        &sql,
        &[
            "from 1970-01-01T00:00:00Z to 1970-01-01T00:04:59Z",
            "INTERVAL '10' SECOND",
        ],
    );
    assert_eq!(rows.lines().count(), 30);
}

#[test]
fn what_is_asked_for_must_be_there() {
    let folder = Folder::new();
    let input = folder.write("e.csv", "t,k\n2024-01-01,a\n");
    for (options, word) in [
        (
            ["--event-time", "k"],
            "column \"k\" holds VARCHAR, which are no times",
        ),
        (
            ["--event-time", "x"],
            "no column \"x\" that can be read; it has t, k",
        ),
        (["--partition-by", "x"], "no column \"x\""),
        (["--id", "x"], "no column \"x\" for --id"),
    ] {
        let (code, line) = fails(&[&["init", "--input", &input], &options[..]].concat());
        assert_eq!(code, 2, "{line}");
        says(&line, &[word]);
    }
    let broken = folder.write("broken.jsonl", "a,b\n1,2\n");
    let (code, line) = fails(&["init", "--input", &broken]);
    assert_eq!(code, 2, "{line}");
    says(
        &line,
        &["of its first 2 records none can be read, the first because of broken JSON"],
    );
    let empty = folder.write("empty.jsonl", "\n");
    let (code, line) = fails(&["init", "--input", &empty]);
    assert_eq!(code, 2, "{line}");
    says(&line, &["it holds no events"]);
}

#[test]
fn a_file_is_written_once() {
    let folder = Folder::new();
    let input = folder.write(
        "e.csv",
        "t,k\n2024-01-01,a\n2024-01-02,a\n2024-01-02,b\n2024-01-03,b\n",
    );
    let output = folder.path("e.sql");
    let args = [
        "init",
        "--input",
        &input,
        "--output",
        &output,
        "--topic",
        "Some.Topic",
    ];
    says(&ok(&args), &["Lateness", "seam run"]);
    let sql = fs::read_to_string(&output).unwrap();
    says(
        &sql,
        &[
            "CREATE TABLE some_topic",
            "topic = 'Some.Topic'",
            "t TIMESTAMP NOT NULL",
        ],
    );
    assert_eq!(
        ok(&["run", &output, "--input", &input, "--format", "json"])
            .lines()
            .count(),
        4
    );
    let (code, line) = fails(&args);
    assert_eq!(code, 2);
    says(&line, &["e.sql is there already"]);
}
