//! L6: the batch is late, fails, or lands half-way.

use std::time::Duration;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Judged, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;

pub(super) const PAIN: Pain = Pain {
    id: "L6",
    text: include_str!("../../../pains/L6.md"),
    knob: "batches that fail in a row",
    positions: &["0", "1", "2", "3", "one lands half"],
    unit: "events missing at the worst moment",
    run,
    check,
};

/// Events a minute, and minutes between two batches, for a batch, and for the speed layer to keep.
const RATE: u64 = 30;
const EVERY: u64 = 5;
const TAKES: u64 = 1;
const KEEP: u64 = 12;

/// The first batch lands, then `fails` do not, then one does again.
fn trial(fails: u64, keep: u64) -> Result<Staged, ComparisonError> {
    let runs: Vec<String> = (2..2 + fails).map(|run| run.to_string()).collect();
    let fails = match runs.is_empty() {
        true => String::new(),
        false => format!(" fails {}", runs.join(",")),
    };
    Staged::new(
        CLICKS,
        &format!(
            "rate {RATE}/m for 26m, batch every {EVERY}m takes {TAKES}m{fails}, keep {keep}m, checkpoint 1m, ask every 1m"
        ),
    )
}

/// What is missing just before the next batch lands: what is neither below the last cut nor kept.
fn hole(fails: u64, keep: u64) -> u64 {
    // Questions are asked each minute, the last one before the landing.
    let since_cut = EVERY * (fails + 1) + TAKES - 1;
    RATE * since_cut.saturating_sub(keep)
}

fn worst(judged: &Judged) -> u64 {
    let missing = judged.verdicts.iter().map(|verdict| verdict.books.missing);
    missing.max().unwrap_or_default()
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let half = position == 4;
    let (trial, known) = match half {
        true => {
            let schedule = format!(
                "rate {RATE}/m for 9m, batch at 5m takes {TAKES}m lands-half 1, checkpoint 1m, ask every 1m"
            );
            let trial = Staged::new(CLICKS, &schedule)?;
            let cut = trial.scene.clock.offsets(Duration::from_secs(EVERY * 60));
            let unread = cut.0.values().map(|next| next.0 - next.0 / 2).sum();
            (trial, unread)
        }
        false => {
            let fails = position as u64;
            (trial(fails, KEEP)?, hole(fails, KEEP))
        }
    };
    let apart = trial.judged(lambda("event-time <=/>")?)?;
    let offset = trial.judged(lambda("offset")?)?;
    let claims = vec![
        Claim::events("event-time <=/>", known, worst(&apart)),
        Claim::events("offset", 0, worst(&offset)),
    ];
    Ok(Position {
        knob: PAIN
            .positions
            .get(position)
            .copied()
            .unwrap_or_default()
            .into(),
        schedule: trial.schedule.to_string(),
        lines: vec![apart.measured, offset.measured],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let keep = answers.steps("keep", Duration::from_secs(60))?;
    let missing = |keep: u64| -> Result<u64, CheckError> {
        Ok(worst(&trial(2, keep)?.judged(lambda("event-time <=/>")?)?))
    };
    let less = match keep {
        1 => 1,
        keep => missing(keep - 1)?,
    };
    Ok(vec![
        Claim::events("events missing at the worst moment", 0, missing(keep)?),
        Claim::exact("whether a minute less leaves a hole", 1, u8::from(less > 0)),
    ])
}
