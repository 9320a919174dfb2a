//! L8: double cost.

use std::time::Duration;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;
use crate::play::Player;

pub(super) const PAIN: Pain = Pain {
    id: "L8",
    text: include_str!("../../../pains/L8.md"),
    knob: "a batch begins every",
    positions: &["8 min", "4 min", "2 min", "1 min"],
    unit: "bytes read ÷ bytes of the log",
    run,
    check,
};

const EVERY: [u64; 4] = [8, 4, 2, 1];
const MINUTES: u64 = 8;
/// Records are not all of one length, and a chunk has some bytes of its own.
const WITHIN: f64 = 0.02;

fn trial(every: u64) -> Result<Staged, ComparisonError> {
    Staged::new(
        CLICKS,
        &format!("rate 5/s for {MINUTES}m, batch every {every}m takes 0s, ask every 1h"),
    )
}

/// Once by the stream, and by each batch all that had arrived: an even pace makes it a sum of shares.
fn known(every: u64) -> f64 {
    // A batch begins as long as events arrive, and the last one arrives just before the end.
    let batches = (1..)
        .map(|run| run * every)
        .take_while(|begins| *begins < MINUTES);
    1.0 + batches
        .map(|begins| begins as f64 / MINUTES as f64)
        .sum::<f64>()
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let every = EVERY.get(position).copied().unwrap_or_default();
    let trial = trial(every)?;
    let lambda = trial.play(lambda("offset")?)?;
    let kappa = trial.play(Player::Kappa)?;
    let once = kappa.rework;
    let claims = vec![
        Claim::about(
            "lambda offset",
            known(every),
            lambda.rework / once,
            WITHIN * known(every),
        ),
        Claim::about("kappa", 1.0, kappa.rework / once, WITHIN),
    ];
    Ok(Position {
        knob: format!("{every} min"),
        schedule: trial.schedule.to_string(),
        lines: vec![lambda, kappa],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let every = answers.steps("every", Duration::from_secs(60))?;
    let rework = |every: u64| -> Result<f64, CheckError> {
        let trial = trial(every)?;
        Ok(trial.play(lambda("offset")?)?.rework / trial.play(Player::Kappa)?.rework)
    };
    let shorter = match every {
        1 => f64::INFINITY,
        every => rework(every - 1)?,
    };
    Ok(vec![
        Claim::exact(
            "whether more than 3 times the log is read",
            0,
            u8::from(rework(every)? > 3.0),
        ),
        Claim::exact(
            "whether it is, with a minute less",
            1,
            u8::from(shorter > 3.0),
        ),
    ])
}
