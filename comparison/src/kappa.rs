//! Kappa: one stream job over the log, from the beginning, with checkpoints.
//!
//! ```text
//!   log ──▶ speed-layer ──▶ segments ──▶ serving-layer ──▶ answer
//! ```

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;
use speed_layer::commit::Speed;
use speed_layer::fold::Options;
use view_store::store::Store;

use crate::error::ComparisonError;
use crate::run::{Architecture, Half, Meter, Run};

/// Runs `view` as a Kappa architecture over everything below `end`.
///
/// # Errors
/// The log cannot be read, or the view cannot be folded.
pub fn kappa(
    view: &Arc<View>,
    log: &dyn EventLog,
    end: &OffsetVector,
    options: &Options,
) -> Result<Run, ComparisonError> {
    let meter = Meter::start(log);
    let half = Half::new(&Store::memory(), view, &OffsetVector::default())?;
    let mut speed = Speed::resume(view, &meter, &half.job, half.generation, *options)?;
    speed.follow(&meter, end)?;
    speed.checkpoint()?;
    let merged = half.reading(view)?.merged()?;
    meter.finish(view, Architecture::Kappa, None, &merged, &[half])
}
