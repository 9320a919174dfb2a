//! What gc deletes, and what it leaves.

use std::sync::Arc;

use bytes::Bytes;
use view_store::blobs::Blobs;
use view_store::blobs::memory::Memory;
use view_store::error::{Error, Refusal};
use view_store::job::JobStore;
use view_store::manifest::ManifestNumber;
use view_store::rule::Rule;

use crate::fixture::{FIRST, fold, generation, job, logic, place, seal, store_on};

/// A job whose first two segments were compacted into a third; gives the number of the last
/// manifest that named them.
fn compacted() -> (JobStore, ManifestNumber) {
    let job = job();
    seal(&job, FIRST, &[(0, 0, 5)]);
    let before = seal(&job, FIRST, &[(0, 5, 9)]);
    let segments = job.snapshot(None).unwrap().segments;
    job.compact(FIRST, &segments, &fold(&[(0, 0, 9)])).unwrap();
    (job, before.number)
}

#[test]
fn gc_deletes_what_no_kept_manifest_names() {
    let (job, _) = compacted();
    let newest = job.manifest().unwrap().number;
    let report = job.gc(0).unwrap();
    assert_eq!(report.floor, newest);
    assert_eq!(report.manifests.len() as u64, newest.0 - 1);
    assert_eq!(report.segments.len(), 2);
    let snapshot = job.snapshot(None).unwrap();
    job.read(&snapshot.segments[0], &logic(1)).unwrap();
    let again = job.gc(0).unwrap();
    assert_eq!((again.manifests.len(), again.segments.len()), (0, 0));
    assert_eq!(
        job.manifest().unwrap().number,
        newest.next(),
        "an idle gc writes nothing"
    );
}

#[test]
fn a_mark_holds_the_floor_back_until_it_is_taken_back() {
    let (job, before) = compacted();
    job.mark("savepoint", before).unwrap();
    let report = job.gc(0).unwrap();
    assert_eq!(
        (report.floor, report.held_by.as_deref()),
        (before, Some("savepoint"))
    );
    assert!(report.segments.is_empty());
    let marked = job.manifest_at(before).unwrap();
    for segment in marked.segments() {
        job.read(segment, &logic(1)).unwrap();
    }
    job.unmark("savepoint").unwrap();
    let report = job.gc(0).unwrap();
    assert_eq!((report.held_by, report.segments.len()), (None, 2));
    let error = job.manifest_at(before).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NotKept { .. })),
        "{error}"
    );
    let error = job.mark("savepoint", before).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NotKept { .. })),
        "{error}"
    );
}

#[test]
fn gc_keeps_as_many_manifests_as_it_is_told() {
    let (job, before) = compacted();
    let snapshot = job.manifest_at(before).unwrap();
    job.gc(1).unwrap();
    for segment in snapshot.segments() {
        job.read(segment, &logic(1)).unwrap();
    }
}

#[test]
fn a_reader_that_gc_has_passed_takes_a_new_snapshot() {
    let (job, before) = compacted();
    let snapshot = job.manifest_at(before).unwrap();
    job.gc(0).unwrap();
    for segment in snapshot.segments() {
        let error = job.read(segment, &logic(1)).unwrap_err();
        assert!(matches!(error, Error::Retry { .. }), "{error}");
    }
}

#[test]
fn the_segments_of_a_dropped_generation_go() {
    let job = job();
    let (id, _) = job.create_generation(&generation(2)).unwrap();
    seal(&job, id, &[(0, 0, 5)]);
    job.drop_generation(id).unwrap();
    assert_eq!(job.gc(0).unwrap().segments.len(), 1);
}

#[test]
fn files_that_are_not_the_stores_are_left_alone() {
    let blobs = Arc::new(Memory::default());
    let job = store_on(blobs.clone(), 1).job("clicks").unwrap();
    job.create_generation(&generation(1)).unwrap();
    seal(&job, FIRST, &[(0, 0, 5)]);
    let _ = blobs
        .create("jobs/clicks/manifest/notes.txt", Bytes::new())
        .unwrap();
    let _ = blobs
        .create("jobs/clicks/segments/a.parquet", Bytes::new())
        .unwrap();
    job.gc(0).unwrap();
    assert!(
        blobs
            .get("jobs/clicks/manifest/notes.txt")
            .unwrap()
            .is_some()
    );
    assert!(
        blobs
            .get("jobs/clicks/segments/a.parquet")
            .unwrap()
            .is_some()
    );
}

#[test]
fn the_floor_never_falls() {
    let floors = |without: &[Rule]| {
        let job = store_on(Arc::new(Memory::default()), 1)
            .without(without)
            .job("clicks")
            .unwrap();
        job.create_generation(&generation(1)).unwrap();
        for _ in 0..3 {
            job.claim(FIRST, [place(0)]).unwrap();
        }
        [0, 3].map(|keep| {
            let collected = job.gc(keep);
            (collected.is_ok(), job.manifest().unwrap().floor.0)
        })
    };
    assert_eq!(floors(&[]), [(true, 4), (true, 4)]);
    assert_eq!(floors(&[Rule::FloorRises]), [(true, 4), (false, 2)]);
}
