//! Lambda: a batch layer below the seam, a speed layer above it, one answer from both.
//!
//! ```text
//!   log ─┬─▶ batch-layer ──▶ one large segment ──┐
//!        └─▶ speed-layer ──▶ small segments ─────┴─▶ serving-layer ──▶ answer
//! ```
//!
//! Under the rule `offset` both halves are segments of one generation: the store has checked that
//! they tile, and the answer is a production answer. Under any other rule they are two folds whose
//! ranges overlap or leave holes, which no production code merges; `patch` does, here and only here.

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::identity::TopicPartition;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use speed_layer::commit::Speed;
use view_store::store::Store;

use crate::error::ComparisonError;
use crate::rule::{Halves, Rule};
use crate::run::{Architecture, Half, Meter, Run};
use crate::schedule::Schedule;

/// How the two layers fold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The batch layer's options.
    pub batch: batch_layer::fold::Options,
    /// The speed layer's options.
    pub speed: speed_layer::fold::Options,
}

/// Runs `view` as a Lambda architecture with this seam rule on this schedule.
///
/// # Errors
/// The log cannot be read, or the view cannot be folded.
pub fn lambda(
    view: &Arc<View>,
    log: &dyn EventLog,
    rule: Rule,
    schedule: &Schedule,
    options: &Options,
) -> Result<Run, ComparisonError> {
    let meter = Meter::start(log);
    let halves = rule.halves(schedule);
    let batch = Half::new(&Store::memory(), view, &OffsetVector::default())?;
    run_batch(view, &meter, &batch, &halves, schedule, options)?;
    if rule == Rule::Offset {
        run_speed(view, &meter, &batch, &halves, schedule, options)?;
        let merged = batch.reading(view)?.merged()?;
        return meter.finish(view, Architecture::Lambda, Some(rule), &merged, &[batch]);
    }
    let speed = Half::new(&Store::memory(), view, &halves.speed.start())?;
    run_speed(view, &meter, &speed, &halves, schedule, options)?;
    let merged = patch(
        view,
        &batch.reading(view)?.merged()?,
        &speed.reading(view)?.merged()?,
    )?;
    meter.finish(
        view,
        Architecture::Lambda,
        Some(rule),
        &merged,
        &[batch, speed],
    )
}

fn run_batch(
    view: &Arc<View>,
    log: &dyn EventLog,
    half: &Half,
    halves: &Halves,
    schedule: &Schedule,
    options: &Options,
) -> Result<(), ComparisonError> {
    if schedule.cut.0.values().all(|next| next.0 == 0) {
        return Ok(());
    }
    let options = batch_layer::fold::Options {
        admission: halves.batch.admission,
        ..options.batch
    };
    batch_layer::commit::run(
        view,
        log,
        &half.job,
        half.generation,
        &schedule.cut,
        &options,
    )?;
    Ok(())
}

fn run_speed(
    view: &Arc<View>,
    log: &dyn EventLog,
    half: &Half,
    halves: &Halves,
    schedule: &Schedule,
    options: &Options,
) -> Result<(), ComparisonError> {
    let options = speed_layer::fold::Options {
        admission: halves.speed.admission,
        ..options.speed
    };
    let mut speed = Speed::resume(view, log, &half.job, half.generation, options)?;
    speed.follow(log, &schedule.end)?;
    speed.checkpoint()?;
    Ok(())
}

/// Merges halves whether their ranges tile or not: what a lambda does that cannot see offsets.
///
/// Each half's coverage is renamed to a log of its own, so that the merge has nothing to object to.
fn patch(view: &Arc<View>, batch: &Partial, speed: &Partial) -> Result<Partial, ComparisonError> {
    let halves = [
        renamed(batch, "batch half of "),
        renamed(speed, "speed half of "),
    ];
    Ok(merge(view, &halves)?)
}

fn renamed(partial: &Partial, half: &str) -> Partial {
    let spans = partial.coverage.0.iter().map(|(place, span)| {
        let topic = format!("{half}{}", place.topic);
        (TopicPartition::new(topic, place.partition.0), *span)
    });
    Partial {
        coverage: Coverage(spans.collect()),
        ..partial.clone()
    }
}
