//! K4: cutting over to a new version.

use std::sync::Arc;

use shared_logic::coverage::OffsetVector;
use speed_layer::commit::Speed;
use speed_layer::fold::Options;
use view_store::error::{Error, Refusal};
use view_store::job::generations::{Behind, NewGeneration};
use view_store::manifest::GenerationId;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged};
use super::{Claim, Pain, Position};
use crate::error::ComparisonError;
use crate::kept::Kept;

pub(super) const PAIN: Pain = Pain {
    id: "K4",
    text: include_str!("../../../pains/K4.md"),
    knob: "of the log the new version has read",
    positions: &["25 %", "50 %", "75 %", "100 %"],
    unit: "events that readers lack after the swap",
    run,
    check,
};

const QUARTERS: u64 = 4;

fn trial() -> Result<Staged, ComparisonError> {
    Staged::new(CLICKS, "rate 5/s for 4m, batch never, ask every 1h")
}

/// What became of a swap to a version that has read so many quarters.
struct Swap {
    refused: bool,
    lacking: u64,
    lacking_after_rollback: u64,
}

fn swap(trial: &Staged, quarters: u64) -> Result<Swap, ComparisonError> {
    let (view, log) = (&trial.view, &trial.scene.log);
    let end = trial.scene.clock.offsets(trial.scene.clock.last());
    let kept = Kept::new(view, &OffsetVector::default())?;
    let job = &kept.job;
    let follow = |generation: GenerationId, upto: &OffsetVector| -> Result<(), ComparisonError> {
        let mut speed = Speed::resume(view, log, job, generation, Options::default())?;
        speed.follow(log, upto)?;
        speed.checkpoint()?;
        Ok(())
    };
    follow(kept.generation, &end)?;
    let (second, _) = job.create_generation(&NewGeneration {
        view: view.name.clone(),
        fingerprint: view.fingerprint.clone(),
        sql: String::new(),
        origin: OffsetVector::default(),
        again: true,
    })?;
    let mut reached = end;
    reached
        .0
        .values_mut()
        .for_each(|next| next.0 = next.0 * quarters / QUARTERS);
    follow(second, &reached)?;
    let refused = match job.cut_over(second, Behind::Refused) {
        Ok(_) => false,
        Err(Error::Refused(Refusal::Behind { .. })) => true,
        Err(other) => return Err(other.into()),
    };
    if refused {
        job.cut_over(second, Behind::Allowed)?;
    }
    let lacking = || -> Result<u64, ComparisonError> {
        let merged = kept.merged(view, Arc::new(job.snapshot(None)?))?;
        let served = crate::run::Served::of(view, &merged, crate::halves::Halves::stream(vec![]))?;
        Ok(trial.events() - served.counted)
    };
    let after = lacking()?;
    job.rollback(Behind::Refused)?;
    Ok(Swap {
        refused,
        lacking: after,
        lacking_after_rollback: lacking()?,
    })
}

/// What is not below a share of each partition.
fn unread(trial: &Staged, quarters: u64) -> u64 {
    let end = trial.scene.clock.offsets(trial.scene.clock.last());
    end.0
        .values()
        .map(|next| next.0 - next.0 * quarters / QUARTERS)
        .sum()
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let quarters = position as u64 + 1;
    let trial = trial()?;
    let swap = swap(&trial, quarters)?;
    let claims = vec![
        Claim::events(
            "lacking, if the swap is forced",
            unread(&trial, quarters),
            swap.lacking,
        ),
        Claim::exact(
            "whether the swap is refused",
            u8::from(quarters < QUARTERS),
            u8::from(swap.refused),
        ),
        Claim::events("lacking after rolling back", 0, swap.lacking_after_rollback),
    ];
    Ok(Position {
        knob: PAIN
            .positions
            .get(position)
            .copied()
            .unwrap_or_default()
            .into(),
        schedule: trial.schedule.to_string(),
        lines: vec![],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let predicted: u64 = answers.read("lacking", "a whole number of events")?;
    let swap = swap(&trial()?, 3)?;
    // Each partition is rounded down to a whole record.
    Ok(vec![Claim::about(
        "events that readers lack",
        predicted as f64,
        swap.lacking as f64,
        1.0,
    )])
}
