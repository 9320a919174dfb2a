//! L2: the gap at the handover.

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;

pub(super) const PAIN: Pain = Pain {
    id: "L2",
    text: include_str!("../../../pains/L2.md"),
    knob: "the batch takes",
    positions: &["0 s", "15 s", "30 s", "60 s", "90 s"],
    unit: "events missing",
    run,
    check,
};

const TAKES: [u64; 5] = [0, 15, 30, 60, 90];

fn run(position: usize) -> Result<Position, ComparisonError> {
    const RATE: u64 = 10;
    let takes = TAKES.get(position).copied().unwrap_or_default();
    let trial = Staged::new(
        CLICKS,
        &format!("rate {RATE}/s for 4m, batch at 2m takes {takes}s, ask every 1h"),
    )?;
    let (mut lines, mut claims) = (vec![], vec![]);
    for (rule, known) in [("offset", 0), ("restart-at-latest", RATE * takes)] {
        let line = trial.play(lambda(rule)?)?;
        claims.push(Claim::events(rule, known, line.books.missing));
        lines.push(line);
    }
    Ok(Position {
        knob: format!("{takes} s"),
        schedule: trial.schedule.to_string(),
        lines,
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let predicted: u64 = answers.read("missing", "a whole number of events")?;
    let trial = Staged::new(
        CLICKS,
        "rate 25/s for 4m, batch at 2m takes 80s, ask every 1h",
    )?;
    let line = trial.play(lambda("restart-at-latest")?)?;
    Ok(vec![Claim::events(
        "events missing",
        predicted,
        line.books.missing,
    )])
}
