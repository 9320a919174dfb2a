//! L4: two code bases drift apart.

use std::collections::BTreeMap;

use serde_json::Value;

use super::check::{Answers, CheckError};
use super::staged::Staged;
use super::{Claim, Pain, Position};
use crate::drift::{Drift, drift};
use crate::error::ComparisonError;
use crate::second::{Second, Slip};
use crate::truth::Written;

pub(super) const PAIN: Pain = Pain {
    id: "L4",
    text: include_str!("../../../pains/L4.md"),
    knob: "the slip of the second code base",
    positions: &[
        "none",
        "null-as-zero",
        "time-zone",
        "rounding",
        "integer-division",
    ],
    unit: "groups that differ, or events",
    run,
    check,
};

const SQL: &str = include_str!("../../../views/delay_by_airport.sql");

fn staged(nulls: &str) -> Result<Staged, ComparisonError> {
    let schedule = format!("rate 10/m for 40m, keys 4{nulls}, batch never, ask every 2h");
    Staged::new(SQL, &schedule)
}

fn differs(staged: &Staged, slip: Slip) -> Result<Drift, ComparisonError> {
    let (view, scene) = (&staged.view, &staged.scene);
    let text = scene.made.text();
    let second = Second::new(view, SQL, Written::Lines(&text), slip)?;
    drift(view, &scene.rows, &scene.truth, &second)
}

/// Of each airport and hour, in a plain loop: the sum of the delays, how many there are, and whether one
/// is missing.
fn groups(staged: &Staged) -> Vec<(i64, i64, bool)> {
    let mut groups: BTreeMap<(String, i64), (i64, i64, bool)> = BTreeMap::new();
    for (line, row) in staged.scene.made.lines.iter().zip(&staged.scene.rows) {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        let origin = record.get("origin").and_then(Value::as_str);
        let (Some(origin), Some(time)) = (origin, row.time) else {
            continue;
        };
        let hour = time.0.div_euclid(3_600_000_000);
        let group = groups.entry((origin.to_owned(), hour)).or_default();
        match record.get("delay").and_then(Value::as_i64) {
            Some(delay) => *group = (group.0 + delay, group.1 + 1, group.2),
            None => group.2 = true,
        }
    }
    groups.into_values().collect()
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let name = PAIN.positions.get(position).copied().unwrap_or_default();
    let slip: Slip = name.parse()?;
    let staged = staged(", null 2%")?;
    let found = differs(&staged, slip)?;
    let groups = groups(&staged);
    let of = |shows: &dyn Fn((i64, i64, bool)) -> bool| {
        groups.iter().filter(|group| shows(**group)).count()
    };
    let known = match slip {
        Slip::None => 0,
        Slip::NullAsZero => of(&|(_, _, missing)| missing),
        // No window has both its own start and one that is hours earlier: each group is there twice.
        Slip::TimeZone => 2 * of(&|(_, count, _)| count > 0),
        Slip::IntegerDivision => of(&|(sum, count, _)| count > 0 && sum % count != 0),
        // Means are cut off behind the first digit.
        _ => of(&|(sum, count, _)| count > 0 && 10 * sum % count != 0),
    };
    let minimal = found.parting.map_or(0, |parting| parting.minimal.len());
    // One event shows what is made of a value. A mean needs two for a rest, and three for a rest that one
    // digit does not hold.
    let fewest = match slip {
        Slip::None => 0,
        Slip::IntegerDivision => 2,
        Slip::Rounding => 3,
        _ => 1,
    };
    let claims = vec![
        Claim::exact("groups that differ", known as f64, found.wrong as f64),
        Claim::exact(
            "whether one event more parts them",
            u8::from(slip != Slip::None),
            u8::from(minimal > 0),
        ),
        Claim::events("events that are enough to show it", fewest, minimal as u64),
    ];
    Ok(Position {
        knob: name.into(),
        schedule: staged.schedule.to_string(),
        lines: vec![],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let slip: Slip = answers
        .word("slip")?
        .parse()
        .map_err(|error: ComparisonError| answers.wrong("slip", &error.to_string()))?;
    let (with, without) = (
        differs(&staged(", null 2%")?, slip)?,
        differs(&staged("")?, slip)?,
    );
    Ok(vec![
        Claim::exact(
            "whether it shows where values are missing",
            1,
            u8::from(with.wrong > 0),
        ),
        Claim::events("groups that differ where none is", 0, without.wrong as u64),
    ])
}
