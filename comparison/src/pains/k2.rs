//! K2: the history has expired.

use std::time::Duration;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;
use crate::play::Player;

pub(super) const PAIN: Pain = Pain {
    id: "K2",
    text: include_str!("../../../pains/K2.md"),
    knob: "the log keeps",
    positions: &["2 min", "4 min", "6 min", "8 min", "for ever"],
    unit: "events missing",
    run,
    check,
};

const RETAIN: [u64; 5] = [2, 4, 6, 8, 0];
const MINUTES: u64 = 8;
const RATE: u64 = 10;

/// A new view is made at the end: kappa's by replaying the log, lambda's by a batch over its files.
fn trial(retain: u64) -> Result<Staged, ComparisonError> {
    let retain = match retain {
        0 => String::new(),
        minutes => format!(", retain {minutes}m"),
    };
    Staged::new(
        CLICKS,
        &format!(
            "rate {RATE}/s for {MINUTES}m, batch at {MINUTES}m takes 0s, replay at {MINUTES}m rate 1000/s chunk 500{retain}, ask every 1h"
        ),
    )
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let retain = RETAIN.get(position).copied().unwrap_or_default();
    let kept = if retain == 0 { MINUTES } else { retain };
    let trial = trial(retain)?;
    let kappa = trial
        .play(Player::Kappa)?
        .called("kappa, replayed from the log");
    let lambda = trial
        .play(lambda("offset")?)?
        .called("lambda, from its files");
    let claims = vec![
        Claim::events(
            "kappa, replayed from the log",
            RATE * 60 * MINUTES.saturating_sub(kept),
            kappa.books.missing,
        ),
        Claim::events("lambda, from its files", 0, lambda.books.missing),
    ];
    Ok(Position {
        knob: PAIN
            .positions
            .get(position)
            .copied()
            .unwrap_or_default()
            .into(),
        schedule: trial.schedule.to_string(),
        lines: vec![kappa, lambda],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let minutes = answers.steps("retain", Duration::from_secs(60))?;
    let missing = |minutes: u64| -> Result<u64, CheckError> {
        Ok(trial(minutes)?.play(Player::Kappa)?.books.missing)
    };
    let less = match minutes {
        1 => 1,
        minutes => missing(minutes - 1)?,
    };
    Ok(vec![
        Claim::events("events missing", 0, missing(minutes)?),
        Claim::exact("whether a minute less loses any", 1, u8::from(less > 0)),
    ])
}
