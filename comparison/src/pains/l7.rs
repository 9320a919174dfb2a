//! L7: retention shorter than the batch delay.

use std::time::Duration;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;

pub(super) const PAIN: Pain = Pain {
    id: "L7",
    text: include_str!("../../../pains/L7.md"),
    knob: "the log keeps",
    positions: &["30 s", "60 s", "90 s", "120 s", "180 s"],
    unit: "events missing",
    run,
    check,
};

const RETAIN: [u64; 5] = [30, 60, 90, 120, 180];
const RATE: u64 = 10;

/// A batch that begins after 2 minutes and takes so many seconds.
fn trial(takes: u64, retain: u64) -> Result<Staged, ComparisonError> {
    let span = 180 + takes;
    Staged::new(
        CLICKS,
        &format!(
            "rate {RATE}/s for {span}s, batch at 2m takes {takes}s, retain {retain}s, ask every 1h"
        ),
    )
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    const TAKES: u64 = 120;
    let retain = RETAIN.get(position).copied().unwrap_or_default();
    let trial = trial(TAKES, retain)?;
    let apart = trial.play(lambda("event-time <=/>")?)?;
    let offset = trial.play(lambda("offset")?)?;
    let claims = vec![
        Claim::events(
            "event-time <=/>",
            RATE * TAKES.saturating_sub(retain),
            apart.books.missing,
        ),
        Claim::events("offset", 0, offset.books.missing),
    ];
    Ok(Position {
        knob: format!("{retain} s"),
        schedule: trial.schedule.to_string(),
        lines: vec![apart, offset],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let minutes = answers.steps("retain", Duration::from_secs(60))?;
    let missing = |minutes: u64| -> Result<u64, CheckError> {
        let line = trial(240, minutes * 60)?.play(lambda("event-time <=/>")?)?;
        Ok(line.books.missing)
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
