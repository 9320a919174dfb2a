//! Whatever a file holds, the table that is inferred reads all of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use shared_logic::table::type_name;
use shared_logic::time::EventTime;

use super::*;
use crate::profile::{Profile, Question, profile};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn types(inferred: &Inferred) -> Vec<String> {
    let fields = inferred.table.schema.fields().iter();
    fields
        .map(|field| format!("{} {}", field.name(), type_name(field.data_type())))
        .collect()
}

fn whole(path: &std::path::Path, table: &Table) -> Profile {
    let question = Question {
        partitions: 3,
        id: None,
        windows: &[],
    };
    profile(path, table, &question).unwrap()
}

/// A column of values of one kind, as JSON has them.
fn values(rows: usize) -> impl Strategy<Value = Vec<Option<serde_json::Value>>> {
    use serde_json::json;
    let cell = prop_oneof![
        Just(any::<bool>().prop_map(|value| json!(value)).boxed()),
        Just(any::<i64>().prop_map(|value| json!(value)).boxed()),
        Just((-1e12..1e12_f64).prop_map(|value| json!(value)).boxed()),
        Just("[ -~é\n]{0,12}".prop_map(|value| json!(value)).boxed()),
        Just(
            (0..400_000_000_i64)
                .prop_map(|time| json!(EventTime(time * 1_000_000).to_string()))
                .boxed()
        ),
    ];
    cell.prop_flat_map(move |cell| {
        prop::collection::vec(prop::option::weighted(0.8, cell), rows..=rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_of_a_clean_file_is_rejected(
        columns in (1..30_usize).prop_flat_map(|rows| prop::collection::vec(values(rows), 1..5)),
    ) {
        let folder = Folder::new();
        let rows = columns[0].len();
        let mut lines = String::new();
        let mut csv = String::from("ts");
        for n in 0..columns.len() {
            csv.push_str(&format!(",c{n}"));
        }
        csv.push('\n');
        for row in 0..rows {
            let mut object = serde_json::Map::new();
            object.insert("ts".into(), serde_json::json!(1_700_000_000 + row));
            csv.push_str(&(1_700_000_000 + row).to_string());
            for (n, column) in columns.iter().enumerate() {
                let value = column[row].clone();
                csv.push(',');
                if let Some(value) = &value {
                    let text = match value {
                        serde_json::Value::String(text) => text.clone(),
                        other => other.to_string(),
                    };
                    csv.push_str(&format!("\"{}\"", text.replace('"', "\"\"")));
                }
                object.insert(format!("c{n}"), value.unwrap_or_default());
            }
            csv.push('\n');
            lines.push_str(&serde_json::Value::from(object).to_string());
            lines.push('\n');
        }
        for (name, text) in [("e.jsonl", &lines), ("e.csv", &csv)] {
            let path = folder.write(name, text);
            let inferred = infer(&path, &Known { event_time: Some("ts"), ..Known::default() }).unwrap();
            let found = whole(&path, &inferred.table);
            prop_assert_eq!(found.events, rows as u64);
            prop_assert_eq!(found.broken.count, 0, "{:?}", found.broken);
            for (field, column) in inferred.table.schema.fields().iter().zip(&found.columns) {
                prop_assert_eq!(column.rejected.count, 0, "{}: {:?}", field, column.rejected);
                let Some(n) = field.name().strip_prefix('c') else { continue };
                let nulls = columns[n.parse::<usize>().unwrap()].iter().filter(|value| value.is_none());
                prop_assert_eq!(column.nulls, nulls.count() as u64, "{}", field);
            }
            // What is left out has no value at all.
            for left in &inferred.left_out {
                let n: usize = left.column[1..].parse().unwrap();
                prop_assert!(columns[n].iter().all(Option::is_none), "{:?}", left);
            }
        }
    }
}

#[test]
fn the_narrowest_type_that_nearly_all_values_fit() {
    let folder = Folder::new();
    let mut csv = String::from("at,flag,count,share,zip,day,word,price\n");
    for n in 0..40 {
        let count = if n == 7 { "many".into() } else { n.to_string() };
        let share = if n % 2 == 0 {
            n.to_string()
        } else {
            format!("{n}.25")
        };
        csv.push_str(&format!(
            "2024-01-01T00:00:{n:02}Z,{},{count},{share},0{n},2024-01-{:02},w{n},{n}.00\n",
            n % 2 == 0,
            n % 28 + 1
        ));
    }
    let inferred = infer(folder.write("e.csv", &csv), &Known::default()).unwrap();
    assert_eq!(
        types(&inferred),
        [
            "at TIMESTAMP",
            "flag BOOLEAN",
            "count BIGINT",
            "share DOUBLE",
            "zip VARCHAR",
            "day DATE",
            "word VARCHAR",
            "price DOUBLE"
        ]
    );
    assert_eq!(inferred.times, ["at", "day"]);
    assert_eq!(inferred.keys, []);
}

#[test]
fn units_are_found_by_magnitude_and_only_in_columns_that_speak_of_time() {
    let folder = Folder::new();
    for (unit, scale) in [
        ("s", 1_i64),
        ("ms", 1_000),
        ("us", 1_000_000),
        ("ns", 1_000_000_000),
    ] {
        let lines: String = (0..10)
            .map(|n| {
                let time = (1_700_000_000 + n) * scale;
                format!(
                    "{{\"serial\":{time},\"event_time\":{time},\"created_at\":{}}}\n",
                    1_700_000_000 + n
                )
            })
            .collect();
        let inferred = infer(folder.write("e.jsonl", &lines), &Known::default()).unwrap();
        assert_eq!(
            types(&inferred),
            [
                "serial BIGINT",
                "event_time TIMESTAMP",
                "created_at TIMESTAMP"
            ]
        );
        let table = &inferred.table;
        assert_eq!(
            shared_logic::table::unit_name(table.units.of("event_time")),
            unit
        );
        assert_eq!(
            shared_logic::table::unit_name(table.units.of("created_at")),
            "s"
        );
        assert_eq!(table.event_time, 1);
        assert_eq!(inferred.times, ["event_time", "created_at"]);
        let (first, last) = whole(&folder.0.path().join("e.jsonl"), table).span.unwrap();
        assert_eq!(first, EventTime(1_700_000_000_000_000));
        assert_eq!(last.0 - first.0, 9_000_000);
    }
}

#[test]
fn an_arrival_is_no_event_time_and_a_key_repeats() {
    let folder = Folder::new();
    let lines: String = (0..20)
        .map(|n| {
            format!(
                "{{\"received_at\":\"2024-01-01T00:01:{n:02}Z\",\"seen\":\"2024-01-01T00:00:{n:02}Z\",\"id\":{n},\"userId\":{},\"city\":\"{}\"}}\n",
                n % 3,
                ["Bonn", "Ulm"][n % 2]
            )
        })
        .collect();
    let inferred = infer(folder.write("e.jsonl", &lines), &Known::default()).unwrap();
    assert_eq!(inferred.times, ["seen", "received_at"]);
    assert_eq!(inferred.arrival.as_deref(), Some("received_at"));
    let keys: Vec<(&str, usize)> = (inferred.keys.iter())
        .map(|key| (key.column.as_str(), key.values))
        .collect();
    assert_eq!(keys, [("city", 2), ("userId", 3)]);
    assert_eq!(inferred.measures, [""; 0]);
}
