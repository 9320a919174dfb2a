//! K1: replay, catching up and paying twice.

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;
use crate::play::{Played, Player};

pub(super) const PAIN: Pain = Pain {
    id: "K1",
    text: include_str!("../../../pains/K1.md"),
    knob: "the replay reads, events a second",
    positions: &["10", "15", "20", "40", "100"],
    unit: "seconds to catch up",
    run,
    check,
};

const RATES: [u32; 5] = [10, 15, 20, 40, 100];
const LIVE: f64 = 10.0;

fn trial(rate: u32) -> Result<Staged, ComparisonError> {
    // At 15 a second it takes ten minutes.
    Staged::new(
        CLICKS,
        &format!(
            "rate 10/s for 16m, batch never, replay at 5m rate {rate}/s chunk 500, ask every 1h"
        ),
    )
}

/// Seconds until the second view had caught up while events still arrived; infinite if it never did.
fn seconds(played: &Played, trial: &Staged) -> f64 {
    let replayed = played
        .replayed
        .and_then(|replayed| Some((replayed.begun, replayed.caught_up?)));
    let (begun, caught_up) = replayed.unwrap_or_default();
    match replayed.is_some() && caught_up < trial.scene.clock.last() {
        true => (caught_up - begun).as_secs_f64(),
        false => f64::INFINITY,
    }
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let rate = RATES.get(position).copied().unwrap_or_default();
    let trial = trial(rate)?;
    let judged = trial.judged(Player::Kappa)?;
    let backlog = judged
        .played
        .replayed
        .map_or(0, |replayed| replayed.backlog) as f64;
    let known = match f64::from(rate) - LIVE {
        0.0 => f64::INFINITY,
        faster => backlog / faster,
    };
    let found = seconds(&judged.played, &trial);
    let claims = vec![
        // It ends between two arrivals.
        Claim::about("catching up", known, found, 2.0 / LIVE),
        Claim::exact(
            "wrong groups after the swap",
            0,
            judged.measured.wrong_groups as f64,
        ),
    ];
    Ok(Position {
        knob: rate.to_string(),
        schedule: trial.schedule.to_string(),
        lines: vec![judged.measured],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let text = answers.word("rate")?;
    let expected = "a whole number of events a second such as 20/s, from 2 to 10000";
    let rate = text
        .strip_suffix("/s")
        .and_then(|rate| rate.parse::<u32>().ok());
    let rate = rate
        .filter(|rate| (2..=10_000).contains(rate))
        .ok_or_else(|| answers.wrong("rate", expected))?;
    let within = |rate: u32| -> Result<bool, CheckError> {
        let trial = trial(rate)?;
        let judged = trial.judged(Player::Kappa)?;
        Ok(seconds(&judged.played, &trial) <= 120.0)
    };
    Ok(vec![
        Claim::exact(
            "whether it has caught up within two minutes",
            1,
            u8::from(within(rate)?),
        ),
        Claim::exact(
            "whether one event a second less is enough",
            0,
            u8::from(within(rate - 1)?),
        ),
    ])
}
