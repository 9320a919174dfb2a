//! Where a batch run lands, and how everybody else keeps off its cut.

use view_store::error::{Error, Refusal, Stale};
use view_store::job::JobStore;
use view_store::manifest::{Maker, Manifest};

use crate::fixture::{FIRST, fold, job, offsets, place, seal, stands};

/// A job with segments `[0, 4)`, `[4, 8)` and `[8, 12)`.
fn three_segments() -> JobStore {
    let job = job();
    for start in [0, 4, 8] {
        seal(&job, FIRST, &[(0, start, start + 4)]);
    }
    job
}

fn spans(manifest: &Manifest) -> Vec<(Maker, u64, u64)> {
    let segments = manifest.live().unwrap().segments.iter();
    let mut spans: Vec<_> = segments
        .map(|segment| {
            let span = segment.coverage.0[&place(0)];
            (segment.maker, span.start.0, span.next.0)
        })
        .collect();
    spans.sort_by_key(|(_, start, _)| *start);
    spans
}

#[test]
fn a_landing_replaces_exactly_what_is_below_its_pin() {
    let job = three_segments();
    let pin = job.pin(FIRST, offsets(&[(0, 8)])).unwrap();
    seal(&job, FIRST, &[(0, 12, 15)]);
    let manifest = job.land(FIRST, &pin, &fold(&[(0, 0, 8)])).unwrap();
    assert_eq!(
        spans(&manifest),
        [
            (Maker::Batch, 0, 8),
            (Maker::Speed, 8, 12),
            (Maker::Speed, 12, 15)
        ]
    );
    assert_eq!(manifest.live().unwrap().pin, None);
    assert_eq!(stands(&job, FIRST), 15);
}

#[test]
fn a_landing_ahead_moves_the_generation_on() {
    let job = three_segments();
    let own = job.claim(FIRST, [place(0)]).unwrap();
    let pin = job.pin(FIRST, offsets(&[(0, 20)])).unwrap();
    let manifest = job.land(FIRST, &pin, &fold(&[(0, 0, 20)])).unwrap();
    assert_eq!(spans(&manifest), [(Maker::Batch, 0, 20)]);
    let error = job.seal(&own, &fold(&[(0, 12, 22)])).unwrap_err();
    assert!(matches!(error, Error::Stale(Stale::Next { .. })), "{error}");
    job.seal(&own, &fold(&[(0, 20, 22)])).unwrap();
}

#[test]
fn a_seal_ahead_of_the_batch_stops_at_the_pin() {
    let job = three_segments();
    let own = job.claim(FIRST, [place(0)]).unwrap();
    let pin = job.pin(FIRST, offsets(&[(0, 20)])).unwrap();
    let error = job.seal(&own, &fold(&[(0, 12, 22)])).unwrap_err();
    assert!(
        matches!(error, Error::Stale(Stale::Straddles { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("clicks/0:[12, 22)"), "{error}");
    job.seal(&own, &fold(&[(0, 12, 20)])).unwrap();
    job.seal(&own, &fold(&[(0, 20, 22)])).unwrap();
    let manifest = job.land(FIRST, &pin, &fold(&[(0, 0, 20)])).unwrap();
    assert_eq!(
        spans(&manifest),
        [(Maker::Batch, 0, 20), (Maker::Speed, 20, 22)]
    );
}

#[test]
fn one_segment_on_both_sides_of_the_pin_in_two_partitions_straddles_it() {
    let job = job();
    let own = job.claim(FIRST, [place(0), place(1)]).unwrap();
    job.pin(FIRST, offsets(&[(0, 5), (1, 0)])).unwrap();
    let error = job.seal(&own, &fold(&[(0, 0, 5), (1, 0, 5)])).unwrap_err();
    assert!(
        matches!(error, Error::Stale(Stale::Straddles { .. })),
        "{error}"
    );
}

#[test]
fn a_cut_within_a_segment_is_refused() {
    let job = three_segments();
    let error = job.pin(FIRST, offsets(&[(0, 6)])).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::CutWithin { .. })),
        "{error}"
    );
}

#[test]
fn a_new_run_takes_the_pin() {
    let job = three_segments();
    let old = job.pin(FIRST, offsets(&[(0, 8)])).unwrap();
    let new = job.pin(FIRST, offsets(&[(0, 4)])).unwrap();
    let error = job.land(FIRST, &old, &fold(&[(0, 0, 8)])).unwrap_err();
    assert!(matches!(error, Error::Stale(Stale::Pin(_))), "{error}");
    job.land(FIRST, &new, &fold(&[(0, 0, 4)])).unwrap();
    let error = job.land(FIRST, &new, &fold(&[(0, 0, 4)])).unwrap_err();
    assert!(
        matches!(error, Error::Stale(Stale::Pin(_))),
        "twice: {error}"
    );
}

#[test]
fn a_landing_covers_all_from_the_origin_to_the_cut() {
    let job = three_segments();
    let pin = job.pin(FIRST, offsets(&[(0, 8)])).unwrap();
    for short in [
        fold(&[(0, 0, 7)]),
        fold(&[(0, 1, 8)]),
        fold(&[(0, 0, 8), (1, 0, 1)]),
    ] {
        let error = job.land(FIRST, &pin, &short).unwrap_err();
        assert!(
            matches!(error, Error::Refused(Refusal::Coverage { .. })),
            "{error}"
        );
    }
}

#[test]
fn a_batch_that_read_another_history_does_not_land() {
    let job = three_segments();
    let pin = job.pin(FIRST, offsets(&[(0, 8)])).unwrap();
    let mut lost = fold(&[(0, 0, 8)]);
    lost.coverage.0.get_mut(&place(0)).unwrap().records = 7;
    let error = job.land(FIRST, &pin, &lost).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::Records { .. })),
        "{error}"
    );
    let mut other = fold(&[(0, 0, 8)]);
    other.coverage.0.get_mut(&place(0)).unwrap().watermark_after = None;
    let error = job.land(FIRST, &pin, &other).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::Prefix(_))),
        "{error}"
    );
}

#[test]
fn a_compaction_replaces_its_segments_and_keeps_off_the_pin() {
    let job = three_segments();
    let segments = job.snapshot(None).unwrap().segments;
    job.pin(FIRST, offsets(&[(0, 4)])).unwrap();
    let error = job
        .compact(FIRST, &segments[..2], &fold(&[(0, 0, 8)]))
        .unwrap_err();
    assert!(
        matches!(error, Error::Stale(Stale::Straddles { .. })),
        "{error}"
    );
    let manifest = job
        .compact(FIRST, &segments[1..], &fold(&[(0, 4, 12)]))
        .unwrap();
    assert_eq!(
        spans(&manifest),
        [(Maker::Speed, 0, 4), (Maker::Compaction, 4, 12)]
    );
    let error = job
        .compact(FIRST, &segments[1..], &fold(&[(0, 4, 12)]))
        .unwrap_err();
    assert!(matches!(error, Error::Stale(Stale::Segment(_))), "{error}");
}

#[test]
fn a_merge_that_is_none_is_refused() {
    let job = three_segments();
    let segments = job.snapshot(None).unwrap().segments;
    let mut counted = fold(&[(0, 0, 8)]);
    counted.counters.rejected = 1;
    for merged in [fold(&[(0, 0, 7)]), fold(&[(0, 0, 8), (1, 0, 1)]), counted] {
        let error = job.compact(FIRST, &segments[..2], &merged).unwrap_err();
        assert!(
            matches!(error, Error::Refused(Refusal::Merge(_))),
            "{error}"
        );
    }
    let apart = [segments[0].clone(), segments[2].clone()];
    let error = job
        .compact(FIRST, &apart, &fold(&[(0, 0, 12)]))
        .unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::Merge(_))),
        "{error}"
    );
}

#[test]
fn a_cut_below_the_origin_is_refused() {
    let job = job();
    let mut late = crate::fixture::generation(2);
    late.origin = offsets(&[(0, 100)]);
    let (id, _) = job.create_generation(&late).unwrap();
    let error = job.pin(id, offsets(&[(0, 50)])).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::CutBelowOrigin { .. })),
        "{error}"
    );
    let pin = job.pin(id, offsets(&[(0, 150)])).unwrap();
    job.land(id, &pin, &fold(&[(0, 100, 150)])).unwrap();
    assert_eq!(stands(&job, id), 150);
}
