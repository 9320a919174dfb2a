//! A file or a topic of events, however it is written and whatever is wrong with some of them, means the same
//! to lambda, to kappa and to the truth: the same records are rejected, the same rows come of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "inputs/topic.rs"]
mod topic;

use std::fs;
use std::path::Path;
use std::time::Duration;

use apache_avro::types::Value;
use apache_avro::{Codec, Decimal, DeflateSettings, Schema, Writer, ZstandardSettings};
use comparison::kappa::kappa;
use comparison::lambda::{Options, lambda};
use comparison::rule::Rule;
use comparison::run::Logs;
use comparison::seam::Seam;
use comparison::truth::Truth;
use event_log::EventLog;
use event_log::input::Input;
use proptest::prelude::*;
use shared_logic::job::Job;
use shared_logic::time::EventTime;

const SCHEMA: &str = r#"{"type": "record", "name": "e", "fields": [
    {"name": "none", "type": {"type": "array", "items": "long"}},
    {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-nanos"}]},
    {"name": "k", "type": {"type": "enum", "name": "K", "symbols": ["a", "b"]}},
    {"name": "n", "type": ["null", "double"]},
    {"name": "m", "type": ["null", "long"]},
    {"name": "d", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 3}]},
    {"name": "x", "type": "float"},
    {"name": "b", "type": "string"},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "seen", "type": ["null", "long"]}
]}"#;

fn sql(options: &str) -> String {
    format!(
        "CREATE TABLE e (
            at TIMESTAMP NOT NULL, k VARCHAR, n INT NOT NULL, m BIGINT, d DECIMAL(6, 2), x DOUBLE,
            b BOOLEAN, day DATE, seen TIMESTAMP
        ) WITH (event_time = 'at', {options});
        CREATE VIEW v AS
        SELECT k, b, day, COUNT(*) AS c, SUM(n) AS n, MIN(m) AS m, MAX(d) AS d, MAX(x) AS x,
               MIN(seen) AS seen
        FROM TUMBLE(e, at, INTERVAL '100' SECOND)
        GROUP BY window_start, window_end, k, b, day"
    )
}

const COLUMNS: [&str; 9] = ["at", "k", "n", "m", "d", "x", "b", "day", "seen"];

/// Values that no or another column takes.
const OTHERS: [&str; 22] = [
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854776",
    "1e300",
    "0.125",
    "12345.5",
    "null",
    "true",
    "\"x\"",
    "\"\"",
    "\"1\"",
    "\"NaN\"",
    "\"2013-02-29\"",
    "\"2013-01-31T24:00\"",
    "\"1969-12-31T23:59:59.9999999Z\"",
    "\"+294247-01-10T04:00:54.775807Z\"",
    "\"-290308-12-21T19:59:05.224191Z\"",
    "[1]",
    "{\"at\": 1}",
    "-0",
    "1e400",
];

fn value(nth: usize) -> impl Strategy<Value = String> {
    let good: &[&str] = match nth {
        0 => &[
            "-1",
            "0",
            "99999.5",
            "\"1970-01-01\"",
            "\"1970-01-01 00:01:39.5+00:00\"",
        ],
        1 => &["\"a\"", "\"b, \\\"c\\\"\"", "\"\"", "null"],
        2 => &["1", "-7", "3.0", "2147483647"],
        3 => &["5", "null", "-9"],
        4 => &["1.25", "\"-9999.99\"", "null"],
        5 => &["0.1", "7", "null"],
        6 => &["true", "false", "null"],
        7 => &["\"1969-12-31\"", "null"],
        _ => &["1", "0.001", "null"],
    };
    let value =
        prop_oneof![12 => prop::sample::select(good), 1 => prop::sample::select(&OTHERS[..])];
    value.prop_map(str::to_owned)
}

fn values() -> impl Strategy<Value = Vec<String>> {
    (0..9).map(value).collect::<Vec<_>>()
}

fn json() -> impl Strategy<Value = String> {
    let good = values().prop_map(|values| {
        let fields = COLUMNS.iter().zip(values);
        let fields = fields.map(|(name, value)| format!("{name:?}: {value}"));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    });
    let broken = prop::sample::select(vec![
        "{",
        "\"x\"",
        "{}",
        "5",
        "{\"at\": 01}",
        "{\"k\": \"\u{1}\"}",
    ]);
    prop_oneof![12 => good, 1 => broken.prop_map(str::to_owned)]
}

/// A value of JSON as a field of CSV.
fn field(value: String) -> String {
    match value.as_str() {
        "null" => String::new(),
        "\"b, \\\"c\\\"\"" => "\"b, \"\"c\"\"\"".into(),
        "{\"at\": 1}" => "\"a\nb\"".into(),
        _ => value,
    }
}

/// The header and the records of a CSV file; columns in another order, and one more.
fn csv() -> impl Strategy<Value = String> {
    let record = (values(), 0_usize..60).prop_map(move |(values, what)| {
        let mut fields: Vec<String> = values.into_iter().rev().map(field).collect();
        fields.insert(3, "more".into());
        match what {
            0 => fields.truncate(9),
            1 => fields.push(String::new()),
            2 => fields[3] = "\"more".into(),
            3 => fields[3] = "mo\"re".into(),
            4 => fields[3] = "\"mo\"re".into(),
            5 => fields = vec![" ".into()],
            6 => fields = vec!["{}".into()],
            _ => {}
        }
        fields.join(",")
    });
    (prop::collection::vec(record, 0..30), any::<bool>()).prop_map(|(records, windows)| {
        let mut header: Vec<&str> = COLUMNS.into_iter().rev().collect();
        header.insert(3, "more");
        let end = if windows { "\r\n" } else { "\n" };
        let lines: Vec<String> = [header.join(",")].into_iter().chain(records).collect();
        lines.join(end)
    })
}

fn avro() -> impl Strategy<Value = Value> {
    fn maybe(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        prop_oneof![
            1 => Just(Value::Union(0, Box::new(Value::Null))),
            12 => value.prop_map(|value| Value::Union(1, Box::new(value))),
        ]
    }
    // A file with decimals of more digits than 38 is refused where it becomes columns.
    let digits = prop_oneof![
        12 => prop::collection::vec(any::<u8>(), 1..3),
        1 => prop::collection::vec(any::<u8>(), 1..17),
    ];
    (
        maybe((-100_i64..100).prop_map(|at| Value::TimestampNanos(at * 1_000_000_001))),
        prop::sample::select(vec![(0, "a"), (1, "b")])
            .prop_map(|(at, name)| Value::Enum(at, name.into())),
        maybe(prop::sample::select(vec![1.0, -7.0, 0.5, f64::NAN]).prop_map(Value::Double)),
        maybe(any::<i64>().prop_map(Value::Long)),
        maybe(digits.prop_map(|digits| Value::Decimal(Decimal::from(digits)))),
        prop::sample::select(vec![0.1, -0.0, 1e-40, f32::INFINITY]).prop_map(Value::Float),
        prop::sample::select(vec!["true", "FALSE", "1"])
            .prop_map(|text| Value::String(text.into())),
        prop::sample::select(vec![-1, 0]).prop_map(Value::Date),
        maybe(prop_oneof![12 => 0..5_i64, 1 => any::<i64>()].prop_map(Value::Long)),
    )
        .prop_map(|(at, k, n, m, d, x, b, day, seen)| {
            let none = ("none".to_owned(), Value::Array(vec![Value::Long(1)]));
            let values = [at, k, n, m, d, x, b, day, seen];
            let fields = COLUMNS.into_iter().map(str::to_owned).zip(values);
            Value::Record([none].into_iter().chain(fields).collect())
        })
}

/// Holds one file against lambda, kappa and the truth.
fn agree(path: &Path, sql: &str, partitions: u32, chunk_rows: usize) {
    let job = Job::compile("test", sql).unwrap();
    let view = &job.views[0];
    let truth = Truth::open(path, sql, None, None, None).unwrap();
    let input = Input::open(path, &view.table, partitions, None, None).unwrap();
    assert_eq!(input.assignment.len(), truth.rows());
    let options = Options {
        batch: batch_layer::fold::Options {
            chunk_rows,
            ..Default::default()
        },
        speed: speed_layer::fold::Options {
            chunk_rows,
            ..Default::default()
        },
    };
    let end = input.log.end().unwrap();
    let mut cut = end.clone();
    cut.0.values_mut().for_each(|next| next.0 /= 2);
    let seam = Seam {
        origin: Default::default(),
        cut: cut.clone(),
        landing: cut,
        end: end.clone(),
        boundary: EventTime(0),
        interval: Duration::from_secs(60),
    };
    let lambda = lambda(view, Logs::one(&input.log), Rule::OFFSET, &seam, &options).unwrap();
    let kappa = kappa(view, &input.log, &Default::default(), &end, &options.speed).unwrap();
    let expected = truth.answer().unwrap().rows;
    let rejected = (truth.rows() - truth.passes().len() as usize) as u64;
    for run in [lambda, kappa] {
        assert_eq!(run.served.rejected, rejected);
        assert_eq!(run.served.rows.columns(), expected.columns());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_lines_mean_the_same_to_all(
        lines in prop::collection::vec(json(), 0..30), partitions in 1..4_u32, chunk_rows in 1..9_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        fs::write(&path, lines.join("\n")).unwrap();
        agree(&path, &sql("format = 'json', time_unit = 'ms, seen s'"), partitions, chunk_rows);
    }

    #[test]
    fn csv_means_the_same_to_all(
        text in csv(), partitions in 1..4_u32, chunk_rows in 1..9_usize, json: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.csv");
        fs::write(&path, text).unwrap();
        let format = if json { "json" } else { "csv" };
        agree(&path, &sql(&format!("format = '{format}'")), partitions, chunk_rows);
    }

    #[test]
    fn avro_means_the_same_to_all(
        records in prop::collection::vec(avro(), 0..30), partitions in 1..4_u32, chunk_rows in 1..9_usize,
        as_avro: bool, codec in 0..4_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.avro");
        let schema = Schema::parse_str(SCHEMA).unwrap();
        let codec = [
            Codec::Null,
            Codec::Deflate(DeflateSettings::default()),
            Codec::Snappy,
            Codec::Zstandard(ZstandardSettings::default()),
        ][codec];
        let mut writer = Writer::with_codec(&schema, vec![], codec).unwrap();
        for record in records {
            writer.append_value(record).unwrap();
            writer.flush().unwrap();
        }
        fs::write(&path, writer.into_inner().unwrap()).unwrap();
        let options = match as_avro {
            true => format!("format = 'avro', schema = '{SCHEMA}', time_unit = 'us'"),
            false => "time_unit = 'us'".to_owned(),
        };
        agree(&path, &sql(&options), partitions, chunk_rows);
    }
}
