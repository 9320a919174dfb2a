//! Generations: beside each other, swapped, swapped back, dropped.

use view_store::error::{Error, Refusal, Stale};
use view_store::job::generations::Behind;
use view_store::manifest::GenerationId;

use crate::fixture::{FIRST, generation, job, logic, place, seal};

const SECOND: GenerationId = GenerationId(2);

#[test]
fn the_first_generation_is_live_and_the_next_waits_beside_it() {
    let job = job();
    seal(&job, FIRST, &[(0, 0, 5)]);
    let (id, manifest) = job.create_generation(&generation(2)).unwrap();
    assert_eq!((id, manifest.live), (SECOND, FIRST));
    assert_eq!(job.snapshot(None).unwrap().segments.len(), 1);
    assert!(job.snapshot(Some(SECOND)).unwrap().segments.is_empty());
    assert_eq!(manifest.generation_of(&logic(2)), Some(SECOND));
}

#[test]
fn the_same_logic_is_built_again_only_on_demand() {
    let job = job();
    let mut same = generation(1);
    let error = job.create_generation(&same).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::SameLogic(FIRST))),
        "{error}"
    );
    same.again = true;
    assert_eq!(job.create_generation(&same).unwrap().0, SECOND);
}

#[test]
fn a_cutover_waits_until_the_target_has_caught_up() {
    let job = job();
    seal(&job, FIRST, &[(0, 0, 5), (1, 0, 9)]);
    job.create_generation(&generation(2)).unwrap();
    seal(&job, SECOND, &[(0, 0, 7), (1, 0, 8)]);
    let error = job.cut_over(SECOND, Behind::Refused).unwrap_err();
    let Error::Refused(Refusal::Behind { behind, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(behind.len(), 1);
    assert_eq!(behind[0].0, place(1));
    assert!(error.to_string().contains("clicks/1 (8 of 9)"), "{error}");
    seal(&job, SECOND, &[(1, 8, 9)]);
    let manifest = job.cut_over(SECOND, Behind::Refused).unwrap();
    assert_eq!((manifest.live, manifest.previous), (SECOND, Some(FIRST)));
    let error = job.cut_over(SECOND, Behind::Refused).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::AlreadyLive(SECOND))),
        "{error}"
    );
}

#[test]
fn a_rollback_swaps_back_and_forth() {
    let job = job();
    let error = job.rollback(Behind::Refused).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NoPrevious)),
        "{error}"
    );
    seal(&job, FIRST, &[(0, 0, 5)]);
    job.create_generation(&generation(2)).unwrap();
    let manifest = job.cut_over(SECOND, Behind::Allowed).unwrap();
    assert_eq!(manifest.live, SECOND);
    let manifest = job.rollback(Behind::Refused).unwrap();
    assert_eq!((manifest.live, manifest.previous), (FIRST, Some(SECOND)));
    let error = job.rollback(Behind::Refused).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::Behind { .. })),
        "{error}"
    );
    job.rollback(Behind::Allowed).unwrap();
}

#[test]
fn a_dropped_generation_is_gone_and_its_number_with_it() {
    let job = job();
    let error = job.drop_generation(FIRST).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::DropLive(FIRST))),
        "{error}"
    );
    job.create_generation(&generation(2)).unwrap();
    job.cut_over(SECOND, Behind::Refused).unwrap();
    job.cut_over(FIRST, Behind::Refused).unwrap();
    let manifest = job.drop_generation(SECOND).unwrap();
    assert_eq!(manifest.previous, None);
    let error = job.drop_generation(SECOND).unwrap_err();
    assert!(
        matches!(error, Error::Stale(Stale::Generation(SECOND))),
        "{error}"
    );
    assert_eq!(
        job.create_generation(&generation(3)).unwrap().0,
        GenerationId(3)
    );
}
