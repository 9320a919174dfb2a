//! Lambda: a batch layer below the seam, a speed layer above it, one answer from both.
//!
//! ```text
//!   archive ──▶ batch-layer ──▶ one large segment ──┐
//!   log     ──▶ speed-layer ──▶ small segments ─────┴─▶ serving-layer ──▶ answer
//! ```
//!
//! Under the rule `offset` both halves are segments of one generation: the store has checked that
//! they tile, and the answer is a production answer. Under any other rule they are folds whose
//! ranges overlap or leave holes, which no production code merges; `patch` does.

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::admission::Admission;
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;
use view_store::manifest::Pin;

use crate::error::ComparisonError;
use crate::halves::{Halves, Piece};
use crate::kept::Kept;
use crate::patch::patch;
use crate::rule::{Handover, Rule};
use crate::run::{Architecture, Logs, Meter, Run, Served};
use crate::schedule::Delivery;
use crate::seam::Seam;
use crate::stream::{Running, Stream};

/// How the two layers fold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The batch layer's options.
    pub batch: batch_layer::fold::Options,
    /// The speed layer's options.
    pub speed: speed_layer::fold::Options,
}

/// Runs `view` as a Lambda architecture with this seam rule, one batch run and one question.
///
/// # Errors
/// A log cannot be read, or the view cannot be folded.
pub fn lambda(
    view: &Arc<View>,
    logs: Logs<'_>,
    rule: Rule,
    seam: &Seam,
    options: &Options,
) -> Result<Run, ComparisonError> {
    let meter = Meter::start(logs);
    let (logs, origin) = (meter.logs(), &seam.origin);
    let mut lambda = Lambda::new(view, logs, origin, rule, options, Delivery::ExactlyOnce)?;
    lambda.begin(&seam.cut)?;
    lambda.land(seam, &seam.cut, origin)?;
    lambda.speed.follow(&seam.end)?;
    lambda.speed.checkpoint()?;
    Ok(Run {
        architecture: Architecture::Lambda,
        rule: Some(rule),
        served: lambda.serve()?,
        cost: meter.cost(lambda.bytes()?),
    })
}

/// A Lambda architecture over its life.
pub(crate) struct Lambda<'l> {
    pub(crate) rule: Rule,
    options: Options,
    running: Running<'l>,
    /// What the batch layer reads.
    archive: &'l dyn EventLog,
    origin: OffsetVector,
    pub(crate) speed: Stream<'l>,
    /// A batch half in a store of its own, and what it holds.
    batch: Option<(Kept, Piece)>,
    /// The cut that the newest batch run has claimed.
    pin: Option<Pin>,
    /// The seam of the batch that is served; `None` before the first has landed.
    pub(crate) seam: Option<Seam>,
}

impl<'l> Lambda<'l> {
    /// One that has folded nothing of logs that begin at `origin`. `delivery` is how its speed layer
    /// keeps position and state, where the rule leaves that open.
    pub(crate) fn new(
        view: &'l Arc<View>,
        logs: Logs<'l>,
        origin: &OffsetVector,
        rule: Rule,
        options: &Options,
        delivery: Delivery,
    ) -> Result<Self, ComparisonError> {
        let running = Running {
            view,
            log: logs.speed,
            options: options.speed,
            delivery: match rule.handover() {
                Handover::OneWrite => Delivery::ExactlyOnce,
                Handover::Apart => delivery,
            },
            halts: rule == Rule::OFFSET,
        };
        Ok(Self {
            rule,
            options: *options,
            running,
            archive: logs.batch,
            origin: origin.clone(),
            speed: Stream::new(running, origin)?,
            batch: None,
            pin: None,
            seam: None,
        })
    }

    /// A batch run begins that will read everything below `cut`.
    pub(crate) fn begin(&mut self, cut: &OffsetVector) -> Result<(), ComparisonError> {
        if self.rule == Rule::OFFSET && !self.origin.reaches(cut) {
            let kept = self.speed.kept();
            self.pin = Some(kept.job.pin(kept.generation, cut.clone())?);
            self.speed.checkpoint()?;
        }
        Ok(())
    }

    /// The batch run lands, having read what is below `read`: its cut, or less if it died half-way.
    /// A speed half that is read from the log again finds nothing there before `earliest`.
    pub(crate) fn land(
        &mut self,
        seam: &Seam,
        read: &OffsetVector,
        earliest: &OffsetVector,
    ) -> Result<(), ComparisonError> {
        let one_write = self.rule.handover() == Handover::OneWrite;
        if self.origin.reaches(&seam.cut) || (one_write && *read != seam.cut) {
            return Ok(());
        }
        let halves = self.rule.halves(seam);
        if self.rule == Rule::OFFSET {
            // A run that began later has pinned its own cut: there is one pin, and this run has lost it.
            if (self.pin.as_ref()).is_none_or(|pin| pin.cut != seam.cut) {
                return Ok(());
            }
            self.run_batch(self.speed.kept(), read, halves.batch.admission)?;
            self.speed.checkpoint()?;
        } else {
            let kept = Kept::new(self.running.view, &self.origin)?;
            let admission = halves.batch.admission;
            self.run_batch(&kept, read, admission)?;
            self.batch = Some((kept, Piece::new(&self.origin, read, &seam.end, admission)));
            for piece in &halves.speed {
                let from = match one_write {
                    true => piece.start(),
                    false => piece.start().max(earliest),
                };
                self.speed = self.speed.succeeded(&from, piece.admission)?;
            }
        }
        self.seam = Some(seam.clone());
        Ok(())
    }

    fn run_batch(
        &self,
        kept: &Kept,
        cut: &OffsetVector,
        admission: Admission,
    ) -> Result<(), ComparisonError> {
        let (view, archive) = (self.running.view, self.archive);
        let mut options = self.options.batch;
        options.admission = admission;
        if !self.origin.reaches(cut) {
            batch_layer::commit::run(view, archive, &kept.job, kept.generation, cut, &options)?;
        }
        Ok(())
    }

    /// What it serves now.
    pub(crate) fn serve(&self) -> Result<Served, ComparisonError> {
        let view = self.running.view;
        let mut folds = self.speed.partials()?;
        let mut halves = Halves::stream(self.speed.pieces()?);
        if let Some(seam) = &self.seam {
            let end = self.speed.offsets()?;
            halves = match &self.batch {
                None => self.rule.halves(&Seam {
                    end,
                    ..seam.clone()
                }),
                Some((kept, piece)) => {
                    folds.insert(0, kept.merged(view, kept.snapshot()?)?);
                    Halves {
                        batch: piece.clone(),
                        closed: seam.cut.clone(),
                        chained: false,
                        ..halves
                    }
                }
            };
        }
        Served::of(view, &patch(view, folds)?, halves)
    }

    /// Bytes of segments.
    pub(crate) fn bytes(&self) -> Result<u64, ComparisonError> {
        let batch = self
            .batch
            .as_ref()
            .map_or(Ok(0), |(kept, _)| kept.bytes())?;
        Ok(batch + self.speed.bytes()?)
    }
}
