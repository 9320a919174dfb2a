//! The same records are rejected, and the others have the same values, in chunks of any size, read
//! from the log or from the archive, whatever columns are asked for; in each format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/laws.rs"]
mod laws;
#[path = "support/records.rs"]
mod records;

use std::sync::Arc;

use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Decimal, Schema};
use event_log::EventLog;
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, archive};
use event_log::memory::MemoryLog;
use laws::check;
use proptest::prelude::*;
use records::{decode, read};
use shared_logic::decode::{Decoder, Fault};
use shared_logic::identity::TopicPartition;
use shared_logic::job::Job;
use shared_logic::table::Table;

const SCHEMA: &str = r#"{"type": "record", "name": "e", "fields": [
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "skipped", "type": "string"},
    {"name": "k", "type": ["null", "string"]},
    {"name": "n", "type": ["null", "long"]},
    {"name": "m", "type": ["null", "double"]},
    {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 3}},
    {"name": "x", "type": "float"},
    {"name": "b", "type": ["null", "boolean"]},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "seen", "type": ["null", "long"]}
]}"#;

/// The table of the records below.
fn table(options: &str) -> Arc<Table> {
    let sql = format!(
        "CREATE TABLE e (
            at TIMESTAMP NOT NULL, k VARCHAR, n INT NOT NULL, m BIGINT, d DECIMAL(6, 2), x DOUBLE,
            b BOOLEAN, day DATE, seen TIMESTAMP
        ) WITH (event_time = 'at', {options});
        CREATE VIEW v AS SELECT COUNT(*) AS n FROM TUMBLE(e, at, INTERVAL '1' DAY)
        GROUP BY window_start, window_end"
    );
    Job::compile("e", &sql).unwrap().tables[0].clone()
}

/// Values of JSON and of CSV, mostly of the type of some column, some at its ends or beyond.
const VALUES: [&str; 30] = [
    "0",
    "1",
    "-1",
    "3.0",
    "1e3",
    "0.25",
    "1.005",
    "2147483647",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "9223372036854776",
    "-9223372036854775",
    "1e400",
    "1e-7",
    "99999999999999999999999999999999999999",
    "null",
    "true",
    "\"false\"",
    "\"NaN\"",
    "\"-Infinity\"",
    "\"\"",
    "\"a\\u00e9\\ud83d\\ude00\"",
    "\"2013-01-31\"",
    "\"1969-12-31T23:59:59.9999999Z\"",
    "\"+294247-01-10T04:00:54.775807Z\"",
    "\"-290308-12-21T19:59:05.224191Z\"",
    "[1, {\"at\": 2}]",
    "{}",
];
const COLUMNS: [&str; 10] = ["at", "k", "n", "m", "d", "x", "b", "day", "seen", "?"];

/// A value that suits column `nth`, now and then any other.
fn value(nth: usize) -> impl Strategy<Value = String> {
    let good = match nth {
        0 => vec![
            "1359609300123",
            "-1",
            "\"2013-01-31T05:15:00.25+01:00\"",
            "0.5",
        ],
        1 => vec!["\"a\"", "\"b,c\"", "\"\"", "null"],
        2 => vec!["1", "-7", "2147483647"],
        3 => vec!["9223372036854775807", "5", "null"],
        4 => vec!["1.25", "-9999.99", "\"7\"", "null"],
        5 => vec!["0.1", "-1e300", "\"Infinity\"", "null"],
        6 => vec!["true", "false", "null"],
        7 => vec!["\"1969-12-31\"", "null"],
        8 => vec!["1", "null"],
        _ => vec!["[{}]"],
    };
    prop_oneof![
        9 => prop::sample::select(good),
        1 => prop::sample::select(&VALUES[..]),
    ]
    .prop_map(str::to_owned)
}

fn values() -> impl Strategy<Value = Vec<String>> {
    (0..10).map(value).collect::<Vec<_>>()
}

/// Bytes that were changed somewhere, once in ten.
fn spoiled(record: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Option<Vec<u8>>> {
    let change = prop_oneof![18 => Just(0), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    (record, change, any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut record, change, at, byte)| {
            if record.is_empty() {
                return Some(record);
            }
            let at = at.index(record.len());
            match change {
                0 => {}
                1 => record[at] = byte,
                2 => record.truncate(at),
                _ => return None,
            }
            Some(record)
        },
    )
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    let left_out = prop::collection::vec(0_usize..12, 0..2);
    // Blanks may stand before and behind a colon, in one record and not in the next.
    let colon = prop::sample::select(vec![":", ": ", " : ", " :"]);
    (values(), left_out, colon).prop_map(|(values, left_out, colon)| {
        let fields = (COLUMNS.iter().zip(values).enumerate())
            .filter(|(nth, _)| !left_out.contains(nth))
            .map(|(_, (name, value))| format!("{name:?}{colon}{value}"));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(",")).into_bytes()
    })
}

fn csv() -> impl Strategy<Value = Vec<u8>> {
    (values(), 0_usize..40).prop_map(|(values, ragged)| {
        let width = match ragged {
            0 => 8,
            1 => 10,
            _ => 9,
        };
        let fields = values
            .into_iter()
            .take(width)
            .map(|value| match value.as_str() {
                "null" => String::new(),
                "\"a\"" => "a".to_owned(),
                value => value.to_owned(),
            });
        fields.collect::<Vec<_>>().join(",").into_bytes()
    })
}

fn avro() -> impl Strategy<Value = Vec<u8>> {
    let maybe = |value: BoxedStrategy<Value>| {
        prop_oneof![
            1 => Just(Value::Union(0, Box::new(Value::Null))),
            9 => value.prop_map(|value| Value::Union(1, Box::new(value))),
        ]
    };
    let long = prop_oneof![8 => -100_i64..100, 1 => any::<i64>(), 1 => Just(i64::MIN)];
    let text = prop::sample::select(vec!["", "a", "5", "é"]);
    let text = text.prop_map(|text| Value::String(text.into())).boxed();
    let digits = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 1..3),
        1 => prop::collection::vec(any::<u8>(), 1..20),
    ];
    let double = prop_oneof![Just(1.0), Just(-5.5), Just(f64::NAN), any::<f64>()];
    (
        long.clone().prop_map(Value::TimestampMillis),
        text.clone(),
        maybe(text),
        maybe(long.clone().prop_map(Value::Long).boxed()),
        maybe(double.prop_map(Value::Double).boxed()),
        digits.prop_map(|digits| Value::Decimal(Decimal::from(digits))),
        any::<f32>().prop_map(Value::Float),
        maybe(any::<bool>().prop_map(Value::Boolean).boxed()),
        any::<i32>().prop_map(Value::Date),
        maybe(long.prop_map(Value::Long).boxed()),
    )
        .prop_map(|values| {
            let (at, skipped, k, n, m, d, x, b, day, seen) = values;
            let fields = [
                ("at", at),
                ("skipped", skipped),
                ("k", k),
                ("n", n),
                ("m", m),
                ("d", d),
                ("x", x),
                ("b", b),
                ("day", day),
                ("seen", seen),
            ];
            let fields = fields.map(|(name, value)| (name.to_owned(), value));
            let schema = Schema::parse_str(SCHEMA).unwrap();
            let writer = GenericDatumWriter::builder(&schema).build().unwrap();
            writer
                .write_value_to_vec(Value::Record(fields.into()))
                .unwrap()
        })
}

/// Holds records of a table against the laws.
fn hold(table: &Arc<Table>, values: Vec<Option<Vec<u8>>>, file_rows: u64, wanted: &[usize]) {
    let place = TopicPartition::new("e", 0);
    let count = values.len() as u64;
    let log = MemoryLog::raw([(place.clone(), values)]);
    let ranges = [0..count, 1..count / 2, count / 3..count];
    check(&log, &place, table, ranges.clone(), &[1, 3, 100]);
    let whole = decode(table, &read(&log, &place, 0..count, usize::MAX).unwrap());

    let root = tempfile::tempdir().unwrap();
    let copy = Archive::open(root.path(), &place.topic, table.clone()).unwrap();
    let options = ArchiveOptions {
        chunk_rows: 5,
        file_rows,
        ..ArchiveOptions::default()
    };
    archive(&log, &copy, None, options).unwrap();
    check(&copy, &place, table, ranges, &[1, 3, 100]);
    let archived = decode(table, &read(&copy, &place, 0..count, usize::MAX).unwrap());
    assert_eq!(archived, whole);

    // Some columns alone have the same values and faults.
    let asked_for = |fault: &&Fault| fault.column.is_none_or(|column| wanted.contains(&column));
    let faults: Vec<&Fault> = whole.faults.iter().filter(asked_for).collect();
    let decoder = Decoder::new(table.clone(), wanted);
    for log in [&log as &dyn EventLog, &copy.only(wanted)] {
        let (mut found, mut first) = (vec![], 0);
        for chunk in read(log, &place, 0..count, 4).unwrap() {
            let decoded = decoder.decode(&chunk).unwrap();
            for (at, index) in wanted.iter().enumerate() {
                let expected = whole.columns.column(*index).slice(first, chunk.rows());
                assert_eq!(decoded.columns.column(at), &expected);
            }
            found.extend(decoded.faults.into_iter().map(|fault| Fault {
                row: fault.row + first,
                ..fault
            }));
            first += chunk.rows();
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), faults);
    }
}

fn wanted() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence((0..9).collect::<Vec<usize>>(), 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_is_rejected_alike_everywhere(
        records in prop::collection::vec(spoiled(json()), 1..12), file_rows in 1_u64..8, wanted in wanted(),
    ) {
        hold(&table("format = 'json', time_unit = 'ms, seen ns'"), records, file_rows, &wanted);
    }

    #[test]
    fn csv_is_rejected_alike_everywhere(
        records in prop::collection::vec(spoiled(csv()), 1..12), file_rows in 1_u64..8, wanted in wanted(),
    ) {
        hold(&table("format = 'csv', time_unit = 'us, seen s'"), records, file_rows, &wanted);
    }

    #[test]
    fn avro_is_rejected_alike_everywhere(
        records in prop::collection::vec(spoiled(avro()), 1..12), file_rows in 1_u64..8, wanted in wanted(),
    ) {
        let options = format!("format = 'avro', schema = '{SCHEMA}', time_unit = 's'");
        hold(&table(&options), records, file_rows, &wanted);
    }
}
