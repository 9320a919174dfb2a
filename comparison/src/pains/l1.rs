//! L1: double count at the boundary.

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;
use crate::rule::Rule;

pub(super) const PAIN: Pain = Pain {
    id: "L1",
    text: include_str!("../../../pains/L1.md"),
    knob: "events at the boundary",
    positions: &["0", "1", "7", "50"],
    unit: "events too many",
    run,
    check,
};

const AT: [u32; 4] = [0, 1, 7, 50];
/// How often each rule counts an event at the boundary too much.
const KNOWN: [(&str, i32); 5] = [
    ("offset", 0),
    ("event-time <=/>", 0),
    ("event-time </>=", 0),
    ("event-time <=/>=", 1),
    ("event-time </>", -1),
];

fn trial(events: u32) -> Result<Staged, ComparisonError> {
    let boundary = match events {
        0 => String::new(),
        events => format!(", boundary {events} at 2m"),
    };
    Staged::new(
        CLICKS,
        &format!("rate 5/s for 4m{boundary}, batch at 2m takes 0s, ask every 1h"),
    )
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let events = AT.get(position).copied().unwrap_or_default();
    let trial = trial(events)?;
    let (mut lines, mut claims) = (vec![], vec![]);
    for (rule, sign) in KNOWN {
        let line = trial.play(lambda(rule)?)?;
        claims.push(Claim::exact(
            rule,
            sign * events.cast_signed(),
            line.books.net() as f64,
        ));
        lines.push(line);
    }
    Ok(Position {
        knob: events.to_string(),
        schedule: trial.schedule.to_string(),
        lines,
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let rule: Rule = answers.read("rule", "a seam rule such as event-time <=/>")?;
    if !rule.name().starts_with("event-time") {
        return Err(answers.wrong(
            "rule",
            "a rule on event time: offset is right, and too easy",
        ));
    }
    let mut claims = vec![];
    for events in AT {
        let line = trial(events)?.play(crate::play::Player::Lambda(rule))?;
        claims.push(Claim::exact(
            format!("net error with {events} at the boundary"),
            0,
            line.books.net() as f64,
        ));
    }
    Ok(claims)
}
