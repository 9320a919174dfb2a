//! Whatever happens to processes that share a topic, no record is lost or counted twice, and every
//! snapshot on the way is right at its offsets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod world;

use proptest::prelude::*;
use speed_layer::error::SpeedError;
use world::{Happening, World};

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => Just(Happening::Join),
        24 => any::<u8>().prop_map(Happening::Step),
        1 => any::<u8>().prop_map(Happening::Crash),
        1 => any::<u8>().prop_map(Happening::Stop),
        1 => any::<u8>().prop_map(Happening::Expire),
        8 => (any::<u8>(), 0..12_u8).prop_map(|(at, n)| Happening::Append(at, n)),
        1 => Just(Happening::Partition),
        1 => any::<bool>().prop_map(Happening::Topic),
        1 => (any::<bool>(), any::<bool>())
            .prop_map(|(down, late)| Happening::Store { down, late }),
        1 => (0.0..1.0_f64).prop_map(Happening::Pin),
        1 => Just(Happening::Land),
        4 => (0..60_u16).prop_map(Happening::Wait),
        1 => Just(Happening::Wait(1100)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_record_is_lost_or_doubled(
        happenings in proptest::collection::vec(happening(), 0..150),
    ) {
        let mut world = World::new(false);
        world.join();
        for happening in &happenings {
            world.happens(happening);
        }
        world.end();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same with checkpoints on threads of their own, whose end comes when it comes.
    #[test]
    fn nor_while_checkpoints_are_made_aside(
        happenings in proptest::collection::vec(happening(), 0..150),
    ) {
        let mut world = World::new(true);
        world.join();
        for happening in &happenings {
            world.happens(happening);
        }
        world.end();
    }
}

/// A process that was asleep while its session ended still holds a fold, and may not seal it.
#[test]
fn a_zombie_is_fenced_in_one_word() {
    let mut world = World::new(false);
    world.join();
    world.step(0);
    world.happens(&Happening::Append(0, 5));
    world.step(0);
    world.happens(&Happening::Expire(0));
    world.join();
    world.step(1);
    let zombie = world.processes.remove(0);
    let error = zombie.stop().unwrap_err();
    assert!(matches!(error, SpeedError::Fenced { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("fenced: events/0 was claimed"),
        "{error}"
    );
    world.end();
}

/// Small runs are merged: however often is published, there are few of them.
#[test]
fn the_open_fold_stays_short() {
    let mut world = World::new(false);
    world.join();
    world.step(0);
    for _ in 0..11 {
        world.happens(&Happening::Append(0, 1));
        world.happens(&Happening::Wait(2));
        world.step(0);
    }
    assert!(world.runs(0) <= 4, "{} runs", world.runs(0));
    world.end();
}

/// A lane may have ended a run at a pin and not have published it when a batch run lands there.
#[test]
fn a_landing_at_a_run_that_is_not_published() {
    let mut world = World::new(false);
    world.join();
    world.step(0);
    world.happens(&Happening::Append(0, 10));
    world.happens(&Happening::Pin(0.75));
    // The pin is known before any record is.
    world.happens(&Happening::Topic(true));
    world.happens(&Happening::Wait(1100));
    world.step(0);
    world.happens(&Happening::Topic(false));
    // Five records are published; of the next five a run ends at the pin, and nothing is published
    // so soon again.
    world.step(0);
    world.step(0);
    world.happens(&Happening::Land);
    // The landing is seen in the manifest of a claim.
    world.happens(&Happening::Partition);
    world.step(0);
    world.end();
}
