//! Schedules at random: short ones in which much goes wrong.

use std::time::Duration;

use comparison::dice::Dice;
use comparison::lambda::Options;
use comparison::play::Player;
use comparison::rule::Rule;
use comparison::schedule::{
    Begins, Crash, Delivery, Hot, Late, Rate, Replay, Schedule, Several, Share, Step,
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Each rule and kappa in turns.
pub fn player(seed: u64) -> Player {
    let number = seed as usize % (Rule::ALL.len() + 1);
    Rule::ALL
        .get(number)
        .map_or(Player::Kappa, |rule| Player::Lambda(*rule))
}

/// Steps and chunks of any size, so that little is done at once.
pub fn options(seed: u64) -> Options {
    let mut dice = Dice::new(!seed);
    let mut upto = |most: u64| 1 + dice.below(most);
    Options {
        batch: batch_layer::fold::Options {
            chunk_rows: upto(200) as usize,
            threads: upto(3) as usize,
            ..Default::default()
        },
        speed: speed_layer::fold::Options {
            chunk_rows: upto(200) as usize,
            publish_every: upto(100),
            checkpoint_every: upto(400),
            ..Default::default()
        },
    }
}

pub fn schedule(seed: u64) -> Schedule {
    let mut dice = Dice::new(seed);
    let mut schedule = Schedule {
        seed,
        ..Schedule::default()
    };
    let span = 30 + dice.below(90);
    let source = &mut schedule.source;
    source.rate = Rate {
        events: 1 + dice.below(6) as u32,
        per: seconds(1),
    };
    source.span = seconds(span);
    source.partitions = 1 + dice.below(3) as u32;
    source.keys = 1 + dice.below(5) as u32;
    source.nulls = Share(dice.below(2000) as u32);
    source.broken = Share(dice.below(500) as u32);
    if dice.hits(7000) {
        source.late.push(Late {
            share: Share(dice.below(4000) as u32),
            least: seconds(dice.below(10)),
            most: seconds(10 + dice.below(80)),
        });
    }
    let at = |dice: &mut Dice| seconds(dice.below(span + 20));
    if dice.hits(4000) {
        let (events, at) = (1 + dice.below(60) as u32, at(&mut dice));
        source.bursts.push(Several { events, at });
    }
    if dice.hits(4000) {
        let key = dice.below(5) as u32;
        let share = Share(dice.below(9000) as u32);
        source.hot.push(Hot { key, share });
    }
    let every = 10 + dice.below(60);
    schedule.batch.begins = match dice.below(4) {
        0 => Begins::At(
            (1..=1 + dice.below(3))
                .map(|run| seconds(run * every))
                .collect(),
        ),
        _ => Begins::Every(seconds(every)),
    };
    for number in 1..=2 {
        let events = dice.below(6) as u32;
        if events > 0 {
            let at = seconds(every * number);
            schedule.source.boundary.push(Several { events, at });
        }
    }
    schedule.batch.takes = seconds(dice.below(40));
    for run in 1..8 {
        match dice.below(6) {
            0 => drop(schedule.batch.fails.insert(run)),
            1 => drop(schedule.batch.half.insert(run)),
            2 => drop(schedule.batch.late.insert(run, seconds(1 + dice.below(40)))),
            _ => {}
        }
    }
    schedule.checkpoint = seconds(1 + dice.below(15));
    schedule.keep = dice.hits(2500).then(|| seconds(5 + dice.below(60)));
    schedule.retain = dice.hits(2500).then(|| seconds(5 + dice.below(60)));
    schedule.delivery = match dice.below(3) {
        0 => Delivery::AtLeastOnce,
        1 => Delivery::AtMostOnce,
        _ => Delivery::ExactlyOnce,
    };
    for _ in 0..dice.below(4) {
        let step = match dice.below(3) {
            0 => Step::Fold,
            1 => Step::Seal,
            _ => Step::Commit,
        };
        let at = at(&mut dice);
        schedule.crashes.push(Crash { step, at });
    }
    schedule.restart = seconds(1 + dice.below(20));
    schedule.replay = dice.hits(5000).then(|| Replay {
        at: at(&mut dice),
        rate: Rate {
            events: 1 + dice.below(40) as u32,
            per: seconds(1),
        },
        interleaved: dice.hits(5000),
        chunk: 1 + dice.below(100) as u32,
    });
    schedule.ask = Some(seconds(span / 2));
    schedule
}
