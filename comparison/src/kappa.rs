//! Kappa: one stream job over the log, from the beginning, with checkpoints.
//!
//! ```text
//!   log ──▶ speed-layer ──▶ segments ──▶ serving-layer ──▶ answer
//! ```
//!
//! To reprocess it reads the log again into a second view beside the first, and swaps the two when
//! the second has caught up.

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;
use speed_layer::fold::Options;

use crate::error::ComparisonError;
use crate::halves::Halves;
use crate::patch::patch;
use crate::run::{Architecture, Logs, Meter, Run, Served};
use crate::schedule::Delivery;
use crate::stream::{Running, Stream};

/// Runs `view` as a Kappa architecture over everything from `origin`, where the log begins, to `end`.
///
/// # Errors
/// The log cannot be read, or the view cannot be folded.
pub fn kappa(
    view: &Arc<View>,
    log: &dyn EventLog,
    origin: &OffsetVector,
    end: &OffsetVector,
    options: &Options,
) -> Result<Run, ComparisonError> {
    let meter = Meter::start(Logs::one(log));
    let log = meter.logs().speed;
    let mut kappa = Kappa::new(view, log, origin, options, Delivery::ExactlyOnce)?;
    kappa.live.follow(end)?;
    kappa.live.checkpoint()?;
    Ok(Run {
        architecture: Architecture::Kappa,
        rule: None,
        served: kappa.serve()?,
        cost: meter.cost(kappa.bytes()?),
    })
}

/// A Kappa architecture over its life.
pub(crate) struct Kappa<'l> {
    running: Running<'l>,
    pub(crate) live: Stream<'l>,
}

impl<'l> Kappa<'l> {
    /// One that has folded nothing of a log that begins at `origin`. `delivery` is how it keeps position and state.
    pub(crate) fn new(
        view: &'l Arc<View>,
        log: &'l dyn EventLog,
        origin: &OffsetVector,
        options: &Options,
        delivery: Delivery,
    ) -> Result<Self, ComparisonError> {
        let running = Running {
            view,
            log,
            options: *options,
            delivery,
            halts: delivery == Delivery::ExactlyOnce,
        };
        Ok(Self {
            running,
            live: Stream::new(running, origin)?,
        })
    }

    /// A second view has read the log from `from` in these steps, in chunks of `chunk_rows`, and
    /// takes the place of the first.
    pub(crate) fn replay(
        &mut self,
        from: &OffsetVector,
        steps: &[OffsetVector],
        chunk_rows: usize,
    ) -> Result<(), ComparisonError> {
        let mut running = self.running;
        running.options.chunk_rows = chunk_rows;
        let mut second = Stream::new(running, from)?;
        for step in steps {
            second.follow(step)?;
        }
        second.checkpoint()?;
        self.live = second;
        Ok(())
    }

    /// What it serves now.
    pub(crate) fn serve(&self) -> Result<Served, ComparisonError> {
        let halves = Halves::stream(self.live.pieces()?);
        let merged = patch(self.running.view, self.live.partials()?)?;
        Served::of(self.running.view, &merged, halves)
    }

    /// Bytes of segments.
    pub(crate) fn bytes(&self) -> Result<u64, ComparisonError> {
        self.live.bytes()
    }
}
