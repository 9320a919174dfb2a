//! Of all who believe to own a partition, the last to claim it seals.

use view_store::error::{Error, Refusal, Stale};
use view_store::manifest::{Epoch, GenerationId, Maker};

use crate::fixture::{FIRST, fold, job, offsets, place, stands};

#[test]
fn a_seal_advances_segments_and_offsets_in_one_edit() {
    let job = job();
    let own = job.claim(FIRST, [place(0), place(1)]).unwrap();
    assert_eq!(own.next().unwrap(), offsets(&[(0, 0), (1, 0)]));
    let manifest = job.seal(&own, &fold(&[(0, 0, 7), (1, 0, 3)])).unwrap();
    assert_eq!(manifest.number, own.manifest.number.next());
    let generation = manifest.live().unwrap();
    assert_eq!(generation.next, offsets(&[(0, 7), (1, 3)]));
    assert_eq!(generation.segments[0].maker, Maker::Speed);
    assert_eq!(generation.segments[0].base, own.manifest.number);
}

#[test]
fn a_zombie_cannot_seal() {
    let job = job();
    let zombie = job.claim(FIRST, [place(0)]).unwrap();
    let owner = job.claim(FIRST, [place(0)]).unwrap();
    let error = job.seal(&zombie, &fold(&[(0, 0, 5)])).unwrap_err();
    let Error::Stale(Stale::Owner { held, now, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!((held, now), (Epoch(1), Epoch(2)));
    job.seal(&owner, &fold(&[(0, 0, 5)])).unwrap();
    assert!(job.seal(&zombie, &fold(&[(0, 5, 9)])).is_err());
    assert_eq!(stands(&job, FIRST), 5);
}

#[test]
fn other_partitions_of_a_zombie_are_still_its_own() {
    let job = job();
    let both = job.claim(FIRST, [place(0), place(1)]).unwrap();
    job.claim(FIRST, [place(1)]).unwrap();
    job.seal(&both, &fold(&[(0, 0, 5)])).unwrap();
    assert!(job.seal(&both, &fold(&[(0, 5, 6), (1, 0, 1)])).is_err());
}

#[test]
fn a_seal_that_repeats_or_skips_records_is_stale() {
    let job = job();
    let own = job.claim(FIRST, [place(0)]).unwrap();
    job.seal(&own, &fold(&[(0, 0, 5)])).unwrap();
    for spans in [(0, 0, 5), (0, 4, 9), (0, 6, 9)] {
        let error = job.seal(&own, &fold(&[spans])).unwrap_err();
        assert!(matches!(error, Error::Stale(Stale::Next { .. })), "{error}");
    }
}

#[test]
fn a_seal_on_another_watermark_is_refused() {
    let job = job();
    let own = job.claim(FIRST, [place(0)]).unwrap();
    job.seal(&own, &fold(&[(0, 0, 5)])).unwrap();
    let mut other = fold(&[(0, 5, 9)]);
    other
        .coverage
        .0
        .get_mut(&place(0))
        .unwrap()
        .watermark_before = None;
    let error = job.seal(&own, &other).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::Prefix(_))),
        "{error}"
    );
}

#[test]
fn what_was_not_claimed_and_what_is_nothing_is_refused() {
    let job = job();
    let own = job.claim(FIRST, [place(0)]).unwrap();
    let error = job.seal(&own, &fold(&[(1, 0, 5)])).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NotClaimed(_))),
        "{error}"
    );
    let error = job.seal(&own, &fold(&[(0, 0, 0)])).unwrap_err();
    assert!(matches!(error, Error::Refused(Refusal::Nothing)), "{error}");
    let error = job.claim(GenerationId(9), [place(0)]).unwrap_err();
    assert!(
        matches!(error, Error::Stale(Stale::Generation(_))),
        "{error}"
    );
}

#[test]
fn an_idle_partition_is_left_out_of_the_segment() {
    let job = job();
    let own = job.claim(FIRST, [place(0), place(1)]).unwrap();
    let manifest = job.seal(&own, &fold(&[(0, 0, 5), (1, 0, 0)])).unwrap();
    let segment = &manifest.live().unwrap().segments[0];
    assert_eq!(segment.coverage, fold(&[(0, 0, 5)]).coverage);
}
