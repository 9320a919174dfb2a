//! K3: a replay is not the live run.

use shared_logic::coverage::OffsetVector;

use super::check::{Answers, CheckError};
use super::l3::{refused, sql};
use super::staged::Staged;
use super::{Claim, Pain, Position};
use crate::books::Row;
use crate::error::ComparisonError;
use crate::play::Player;

pub(super) const PAIN: Pain = Pain {
    id: "K3",
    text: include_str!("../../../pains/K3.md"),
    knob: "the replay reads",
    positions: &[
        "partition by partition",
        "in turns of 500",
        "in turns of 50",
        "in turns of 1",
    ],
    unit: "events refused",
    run,
    check,
};

const READS: [&str; 4] = [
    "chunk 500",
    "interleaved chunk 500",
    "interleaved chunk 50",
    "interleaved chunk 1",
];
const LATENESS: i64 = 10_000_000;

fn trial(reads: &str) -> Result<Staged, ComparisonError> {
    Staged::new(
        &sql("10 seconds", "view"),
        &format!(
            "rate 5/s for 4m, partitions 3, late 5% by 80s..120s, batch never, replay at 4m rate 1000/s {reads}, ask every 1h"
        ),
    )
}

/// The numbers of the events in the order in which a replay reads them.
fn replayed(trial: &Staged) -> Vec<usize> {
    let end = trial.scene.clock.offsets(trial.scene.clock.last());
    let Some(replay) = trial.schedule.replay else {
        return (0..trial.scene.rows.len()).collect();
    };
    let (mut order, mut reached) = (vec![], OffsetVector::default());
    while !reached.reaches(&end) {
        let behind: Vec<_> = reached.behind(&end).cloned().collect();
        for place in behind {
            let from = reached.get(&place);
            let next = match replay.interleaved {
                true => from.plus(replay.chunk.into()).min(end.get(&place)),
                false => end.get(&place),
            };
            let rows = trial.scene.rows.iter().enumerate();
            let read = rows
                .filter(|(_, row)| row.place == place && row.offset >= from && row.offset < next);
            order.extend(read.map(|(number, _)| number));
            reached.set(place, next);
        }
    }
    order
}

fn rows<'s>(trial: &'s Staged, order: &'s [usize]) -> impl Iterator<Item = &'s Row> {
    order
        .iter()
        .filter_map(|number| trial.scene.rows.get(*number))
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let trial = trial(READS.get(position).copied().unwrap_or_default())?;
    let line = trial
        .play(Player::Kappa)?
        .called("kappa, replayed, a watermark for each partition");
    let order = replayed(&trial);
    let live = refused(&trial.scene.rows, LATENESS, false);
    // One watermark over all is what a log of one partition has, in the order in which it is read.
    let global = trial.in_one_partition(&sql("10 seconds", "view"), &order)?;
    let global = global
        .play(Player::Kappa)?
        .called("kappa, replayed, one watermark over all");
    let claims = vec![
        Claim::events(
            "a watermark for each partition: the live run",
            live,
            refused(rows(&trial, &order), LATENESS, false),
        ),
        Claim::events(
            "a watermark for each partition: this replay",
            live,
            line.books.late,
        ),
        Claim::exact("wrong groups of this replay", 0, line.wrong_groups as f64),
        Claim::events(
            "one watermark over all: this replay",
            refused(rows(&trial, &order), LATENESS, true),
            global.books.late,
        ),
    ];
    Ok(Position {
        knob: PAIN
            .positions
            .get(position)
            .copied()
            .unwrap_or_default()
            .into(),
        schedule: trial.schedule.to_string(),
        lines: vec![line, global],
        claims,
    })
}

/// In how many orders of reading a replay refuses another number of events than the live run.
fn orders_that_differ(global: bool) -> Result<u32, ComparisonError> {
    let mut differ = 0;
    for reads in READS {
        let trial = trial(reads)?;
        let live = refused(&trial.scene.rows, LATENESS, global);
        differ += u32::from(refused(rows(&trial, &replayed(&trial)), LATENESS, global) != live);
    }
    Ok(differ)
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let global = match answers.word("watermark")? {
        "global" => true,
        "partition" => false,
        _ => return Err(answers.wrong("watermark", "global or partition")),
    };
    Ok(vec![Claim::exact(
        "orders of reading that differ from the live run",
        0,
        orders_that_differ(global)?,
    )])
}
