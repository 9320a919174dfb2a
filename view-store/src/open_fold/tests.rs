#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use shared_logic::coverage::{Coverage, Span};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::Counters;
use shared_logic::view::Fingerprint;

use super::*;
use crate::manifest::{Checksum, Delivery, Generation, Maker, ManifestNumber, SegmentEntry};

fn covers(spans: &[(u32, u64, u64)]) -> Coverage {
    let span = |&(partition, start, next): &(u32, u64, u64)| {
        let span = Span {
            start: Offset(start),
            next: Offset(next),
            records: next - start,
            watermark_before: None,
            watermark_after: None,
            last: None,
        };
        (TopicPartition::new("t", partition), span)
    };
    Coverage(spans.iter().map(span).collect())
}

fn run(spans: &[(u32, u64, u64)]) -> Partial {
    Partial {
        coverage: covers(spans),
        counters: Counters::default(),
        rows: RecordBatch::new_empty(Arc::new(Schema::empty())),
    }
}

/// A manifest with one generation that covers `spans` with one segment.
fn manifest(number: u64, spans: &[(u32, u64, u64)]) -> Arc<Manifest> {
    let mut manifest = Manifest::before_the_first("job");
    manifest.number = ManifestNumber(number);
    let coverage = covers(spans);
    let generation = Generation {
        view: "v".into(),
        fingerprint: Fingerprint("f".into()),
        sql: String::new(),
        origin: OffsetVector::default(),
        next: coverage.next(),
        owners: BTreeMap::new(),
        delivery: Delivery::ExactlyOnce,
        pin: None,
        segments: vec![SegmentEntry {
            path: String::new(),
            base: ManifestNumber(0),
            maker: Maker::Speed,
            coverage,
            counters: Counters::default(),
            rows: 0,
            bytes: 0,
            checksum: Checksum {
                row_groups: vec![],
                footer: 0,
            },
        }],
    };
    manifest.generations.insert(GenerationId(1), generation);
    Arc::new(manifest)
}

fn open(spans: &[(u32, u64, u64)]) -> OpenFold {
    OpenFold::new(manifest(1, spans), GenerationId(1)).unwrap()
}

/// How many runs a reader sees, and up to which offsets.
fn seen(open: &OpenFold) -> (usize, String) {
    let snapshot = open.published().load();
    (snapshot.runs.len(), snapshot.offsets.to_string())
}

#[test]
fn a_run_is_seen_until_the_manifest_that_names_it_is() {
    let mut open = open(&[(0, 0, 10)]);
    open.publish(run(&[(0, 10, 12)])).unwrap();
    open.publish(run(&[(0, 12, 15)])).unwrap();
    assert_eq!(seen(&open), (2, "t/0:15".into()));
    open.advance(manifest(2, &[(0, 0, 12)])).unwrap();
    assert_eq!(seen(&open), (1, "t/0:15".into()));
    open.advance(manifest(3, &[(0, 0, 20)])).unwrap();
    assert_eq!(seen(&open), (0, "t/0:20".into()));
}

#[test]
fn a_reader_keeps_what_it_has_loaded() {
    let mut open = open(&[(0, 0, 10)]);
    open.publish(run(&[(0, 10, 12)])).unwrap();
    let loaded = open.published().load();
    open.advance(manifest(2, &[(0, 0, 12)])).unwrap();
    assert_eq!((loaded.runs.len(), loaded.manifest.number.0), (1, 1));
}

#[test]
fn a_run_must_follow_on_what_is_published() {
    let mut open = open(&[(0, 0, 10)]);
    for gap in [run(&[(0, 11, 12)]), run(&[(0, 9, 12)]), run(&[(1, 3, 4)])] {
        let error = open.publish(gap).unwrap_err();
        assert!(matches!(error, Error::Stale(Stale::Next { .. })), "{error}");
    }
    let mut other = run(&[(0, 10, 12)]);
    for span in other.coverage.0.values_mut() {
        span.watermark_before = Some(shared_logic::time::Watermark(
            shared_logic::time::EventTime(7),
        ));
    }
    assert!(matches!(open.publish(other), Err(Error::Refused(_))));
    assert_eq!(seen(&open), (0, "t/0:10".into()));
}

#[test]
fn a_landing_within_a_run_leaves_all_as_it_is_until_a_restart() {
    let mut open = open(&[(0, 0, 10), (1, 0, 10)]);
    open.publish(run(&[(0, 10, 14), (1, 10, 14)])).unwrap();
    for landed in [&[(0, 0, 12), (1, 0, 12)], &[(0, 0, 14), (1, 0, 10)]] {
        let error = open.advance(manifest(2, landed)).unwrap_err();
        assert!(matches!(error, Error::Stale(Stale::Next { .. })), "{error}");
        assert_eq!(seen(&open), (1, "t/0:14,t/1:14".into()));
    }
    open.restart(manifest(2, &[(0, 0, 12), (1, 0, 12)]))
        .unwrap();
    assert_eq!(seen(&open), (0, "t/0:12,t/1:12".into()));
}

#[test]
fn an_older_manifest_changes_nothing() {
    let mut open = OpenFold::new(manifest(5, &[(0, 0, 10)]), GenerationId(1)).unwrap();
    open.advance(manifest(4, &[(0, 0, 8)])).unwrap();
    assert_eq!(seen(&open), (0, "t/0:10".into()));
}

#[test]
fn a_dropped_generation_is_said_to_be_gone() {
    let mut open = open(&[(0, 0, 10)]);
    let mut without = Manifest::clone(&manifest(2, &[]));
    without.generations.clear();
    let error = open.advance(Arc::new(without)).unwrap_err();
    assert!(matches!(error, Error::Stale(Stale::Generation(_))));
}
