//! L3: late data, after the window has closed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Pain, Position};
use crate::books::Row;
use crate::error::ComparisonError;
use crate::play::Player;

pub(super) const PAIN: Pain = Pain {
    id: "L3",
    text: include_str!("../../../pains/L3.md"),
    knob: "events that come late",
    positions: &["0 %", "2 %", "5 %", "10 %"],
    unit: "events late",
    run,
    check,
};

const SHARES: [&str; 4] = ["0%", "2%", "5%", "10%"];
/// The batch lands after the last event has come.
const SCHEDULE: &str = "by 80s..120s, batch at 5m takes 0s, ask every 2m";

/// The lessons' view with lateness.
pub(super) fn sql(lateness: &str, late: &str) -> String {
    let options =
        format!("clicks_by_page WITH (allowed_lateness = '{lateness}', late = '{late}') AS");
    CLICKS.replace("clicks_by_page AS", &options)
}

/// How many of `rows` come after the end of their minute and `lateness` microseconds, by the greatest
/// event time before them in their partition, or anywhere if `global`: a plain loop.
pub(super) fn refused<'r>(
    rows: impl IntoIterator<Item = &'r Row>,
    lateness: i64,
    global: bool,
) -> u64 {
    const MINUTE: i64 = 60_000_000;
    let mut newest = BTreeMap::new();
    let mut refused = 0;
    for row in rows {
        let Some(time) = row.time else { continue };
        let clock = if global { 0 } else { row.place.partition.0 };
        let newest = newest.entry(clock).or_insert(i64::MIN);
        let end = (time.0.div_euclid(MINUTE) + 1) * MINUTE;
        if end + lateness <= *newest {
            refused += 1;
        }
        *newest = (*newest).max(time.0);
    }
    refused
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let share = SHARES.get(position).copied().unwrap_or_default();
    let schedule = format!("rate 5/s for 4m, late {share} {SCHEDULE}");
    let view = Staged::new(&sql("10 seconds", "view"), &schedule)?;
    let corrected = Staged::new(&sql("10 seconds", "speed-only"), &schedule)?;
    let known = refused(&view.scene.rows, 10_000_000, false);
    let kappa = view.play(Player::Kappa)?.called("kappa, late = view");
    let alike = view
        .play(lambda("offset")?)?
        .called("lambda offset, late = view");
    let after = corrected.judged(lambda("offset")?)?;
    let before = after
        .verdicts
        .iter()
        .rev()
        .nth(1)
        .map_or(0, |verdict| verdict.books.late);
    let after = after.measured.called("lambda offset, late = speed-only");
    let claims = vec![
        Claim::events("kappa, late = view", known, kappa.books.late),
        Claim::events("lambda, late = view", known, alike.books.late),
        Claim::events("lambda, late = speed-only, before the batch", known, before),
        Claim::events(
            "lambda, late = speed-only, after the batch",
            0,
            after.books.late,
        ),
        Claim::exact("net error then", 0, after.books.net() as f64),
    ];
    Ok(Position {
        knob: share.replace('%', " %"),
        schedule: view.schedule.to_string(),
        lines: vec![kappa, alike, after],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let tens = answers.steps("allowed_lateness", Duration::from_secs(10))?;
    let late = |tens: u64| -> Result<u64, CheckError> {
        let sql = sql(&format!("{} seconds", tens * 10), "view");
        let trial = Staged::new(&sql, &format!("rate 5/s for 4m, late 10% {SCHEDULE}"))?;
        Ok(trial.play(Player::Kappa)?.books.late)
    };
    let less = late(tens.saturating_sub(1))?;
    Ok(vec![
        Claim::events("events refused", 0, late(tens)?),
        Claim::exact("whether 10 seconds less refuse any", 1, u8::from(less > 0)),
    ])
}
