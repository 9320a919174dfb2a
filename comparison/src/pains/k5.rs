//! K5: a crash at every step, in every mode of delivery.

use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use speed_layer::commit::Speed;
use speed_layer::fold::Options;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged};
use super::{Claim, Measured, Pain, Position};
use crate::error::ComparisonError;
use crate::kept::Kept;
use crate::play::Player;

pub(super) const PAIN: Pain = Pain {
    id: "K5",
    text: include_str!("../../../pains/K5.md"),
    knob: "the job dies",
    positions: &["while it folds", "between the two writes", "after both"],
    unit: "events too many",
    run,
    check,
};

const STEPS: [&str; 3] = ["fold", "seal", "commit"];
const RATE: u64 = 10;

/// Checkpoints every so many seconds, and a crash as long after one as the next would be, less 1.
fn play(
    step: &str,
    delivery: &str,
    checkpoint: u64,
    since: u64,
) -> Result<(Measured, String), ComparisonError> {
    let at = (120 / checkpoint) * checkpoint + since;
    let trial = Staged::new(
        CLICKS,
        &format!(
            "rate {RATE}/s for 4m, batch never, checkpoint {checkpoint}s, delivery {delivery}, crash {step} at {at}s, restart 5s, ask every 1h"
        ),
    )?;
    let line = trial
        .play(Player::Kappa)?
        .called(format!("kappa, {delivery}"));
    Ok((line, trial.schedule.to_string()))
}

/// Whether the state of a job is read by other logic.
fn other_logic_reads() -> Result<bool, ComparisonError> {
    let staged = Staged::new(CLICKS, "rate 5/s for 10s, batch never")?;
    let other = CLICKS.replace("SUM(amount)", "MAX(amount)");
    let other = Staged::new(&other, "rate 1/s for 1s, batch never")?.view;
    let log = &staged.scene.log;
    let kept = Kept::new(&staged.view, &OffsetVector::default())?;
    let (job, options) = (&kept.job, Options::default());
    let mut speed = Speed::resume(&staged.view, log, job, kept.generation, options)?;
    speed.follow(log, &staged.scene.clock.offsets(staged.scene.clock.last()))?;
    speed.checkpoint()?;
    match kept.merged(&other, kept.snapshot()?) {
        Ok(_) => Ok(true),
        Err(refused) if refused.to_string().contains("seam reprocess") => Ok(false),
        Err(other) => Err(other),
    }
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    const SINCE: u64 = 5;
    let step = STEPS.get(position).copied().unwrap_or_default();
    let since = (RATE * SINCE) as f64;
    let between = if step == "seal" { 1.0 } else { 0.0 };
    let (mut lines, mut claims, mut schedules) = (vec![], vec![], vec![]);
    for (delivery, sign) in [
        ("exactly-once", 0.0),
        ("at-least-once", 1.0),
        ("at-most-once", -1.0),
    ] {
        let (line, schedule) = play(step, delivery, 10, SINCE)?;
        claims.push(Claim::exact(
            delivery,
            sign * between * since,
            line.books.net() as f64,
        ));
        lines.push(line);
        schedules.push(schedule);
    }
    claims.push(Claim::exact(
        "whether old state is read by other logic",
        0,
        u8::from(other_logic_reads()?),
    ));
    Ok(Position {
        knob: PAIN
            .positions
            .get(position)
            .copied()
            .unwrap_or_default()
            .into(),
        schedule: schedules.join("\n"),
        lines,
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    const MOST: u64 = 20;
    let delivery = answers.word("delivery")?;
    if !["at-least-once", "at-most-once"].contains(&delivery) {
        return Err(answers.wrong("delivery", "at-least-once or at-most-once"));
    }
    let seconds = answers.steps("checkpoint", Duration::from_secs(1))?;
    if seconds > 60 {
        return Err(answers.wrong("checkpoint", "60s or less"));
    }
    // The worst moment is that of the next checkpoint: all since the last one is at stake.
    let (line, _) = play("seal", delivery, seconds, seconds)?;
    let longer = RATE * (seconds + 1);
    Ok(vec![
        Claim::events("events lost", 0, line.books.missing),
        Claim::exact(
            "whether more than 20 are counted twice",
            0,
            u8::from(line.books.double > MOST),
        ),
        Claim::exact(
            "whether a second more would be too long",
            1,
            u8::from(longer > MOST),
        ),
    ])
}
