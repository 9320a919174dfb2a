//! What must hold in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use event_log::EventLog;
use event_log::archive::Archive;
use serde_json::Value;
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::job::Job;
use view_store::store::Store;

use super::broker::Record;

const JOB: &str = "clicks_by_page";

/// A row as text, its columns in the order of their names.
pub type Rows = BTreeSet<String>;

fn row(text: &str) -> String {
    let row: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    format!("{row:?}")
}

/// JSON lines, all of them different.
pub fn rows(lines: &str) -> Rows {
    let rows: Rows = lines.lines().map(row).collect();
    assert_eq!(rows.len(), lines.lines().count(), "a row is there twice");
    rows
}

/// The last value of each key, where it has one.
pub fn reduced(changes: &[Record]) -> Rows {
    let mut table = BTreeMap::new();
    for (key, value) in changes {
        table.insert(key.as_ref().unwrap(), value.as_ref());
    }
    table
        .into_values()
        .flatten()
        .map(|value| row(value))
        .collect()
}

pub fn same(what: &str, found: &Rows, truth: &Rows) {
    let (missing, wrong) = (truth.difference(found), found.difference(truth));
    println!("{what}: {} rows, the truth {}", found.len(), truth.len());
    assert!(
        found == truth,
        "{what} is not the truth: {} rows are missing, {} wrong, such as {:?} and {:?}",
        missing.clone().count(),
        wrong.clone().count(),
        missing.clone().next(),
        wrong.clone().next()
    );
    assert!(!truth.is_empty());
}

/// Whether the newest manifest stands at these offsets.
pub fn has_reached(store: &Path, ends: &BTreeMap<i32, u64>) -> bool {
    let store = Store::open(store.to_str().unwrap()).unwrap();
    let Ok(manifest) = store.job(JOB).unwrap().manifest() else {
        return false;
    };
    let next = &manifest.live().unwrap().next;
    let reached: BTreeMap<i32, u64> = (next.0.iter())
        .map(|(place, next)| (place.partition.0 as i32, next.0))
        .collect();
    (ends.iter()).all(|(partition, end)| reached.get(partition).copied().unwrap_or(0) == *end)
}

/// Whether the archive ends at these offsets.
pub fn is_archived(store: &Path, topic: &str, sql: &str, ends: &BTreeMap<i32, u64>) -> bool {
    let archive = opened(store, topic, sql);
    ends.iter()
        .filter(|(_, end)| **end > 0)
        .all(|(partition, end)| {
            let place = TopicPartition::new(topic, *partition as u32);
            archive
                .bounds(&place)
                .is_ok_and(|bounds| bounds.end.0 == *end)
        })
}

fn opened(store: &Path, topic: &str, sql: &str) -> Archive {
    let table = Arc::clone(&Job::compile(JOB, sql).unwrap().views[0].table);
    Archive::open(store, &Topic::new(topic), table).unwrap()
}

/// The archive has each record of the topic once.
pub fn archive(store: &Path, topic: &str, sql: &str, values: &[Vec<String>]) {
    let archive = opened(store, topic, sql);
    let mut archived = 0;
    for (partition, values) in values.iter().enumerate() {
        let place = TopicPartition::new(topic, partition as u32);
        let Ok(bounds) = archive.bounds(&place) else {
            assert!(values.is_empty(), "{place} is not archived");
            continue;
        };
        assert_eq!(bounds, Offset(0)..Offset(values.len() as u64), "{place}");
        let mut next = 0;
        for chunk in archive.read(&place, bounds, 8192).unwrap() {
            let chunk = chunk.unwrap();
            assert_eq!(chunk.start.0, next, "{place}");
            assert_eq!(
                chunk.rows() as u64,
                chunk.next.0 - chunk.start.0,
                "{place} has each offset"
            );
            next = chunk.next.0;
        }
        archived += next;
    }
    println!("the archive: {archived} records");
}
