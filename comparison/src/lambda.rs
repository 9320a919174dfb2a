//! Lambda: a batch layer below the seam, a speed layer above it, one answer from both.
//!
//! ```text
//!   log ─┬─▶ batch-layer ──▶ one large segment ──┐
//!        └─▶ speed-layer ──▶ small segments ─────┴─▶ serving-layer ──▶ answer
//! ```
//!
//! Under the rule `offset` both halves are segments of one generation: the store has checked that
//! they tile, and the answer is a production answer. Under any other rule they are folds whose
//! ranges overlap or leave holes, which no production code merges; `patch` does.

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;

use crate::error::ComparisonError;
use crate::halves::{Halves, Piece};
use crate::kept::Kept;
use crate::patch::patch;
use crate::rule::{Handover, Rule};
use crate::run::{Architecture, Meter, Run, Served};
use crate::schedule::{Delivery, Step};
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
/// The log cannot be read, or the view cannot be folded.
pub fn lambda(
    view: &Arc<View>,
    log: &dyn EventLog,
    rule: Rule,
    seam: &Seam,
    options: &Options,
) -> Result<Run, ComparisonError> {
    let meter = Meter::start(log);
    let mut lambda = Lambda::new(view, &meter, rule, options, Delivery::ExactlyOnce)?;
    lambda.land(seam, &seam.cut, &OffsetVector::default())?;
    lambda.follow(&seam.end)?;
    lambda.checkpoint()?;
    Ok(Run {
        architecture: Architecture::Lambda,
        rule: Some(rule),
        served: lambda.serve()?,
        cost: meter.cost(lambda.bytes()?),
    })
}

/// A Lambda architecture over its life.
pub struct Lambda<'l> {
    rule: Rule,
    options: Options,
    running: Running<'l>,
    speed: Stream<'l>,
    /// A batch half in a store of its own, and what it holds.
    batch: Option<(Kept, Piece)>,
    seam: Option<Seam>,
}

impl<'l> Lambda<'l> {
    /// One that has folded nothing. `delivery` is how its speed layer keeps position and state, where
    /// the rule leaves that open.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn new(
        view: &'l Arc<View>,
        log: &'l dyn EventLog,
        rule: Rule,
        options: &Options,
        delivery: Delivery,
    ) -> Result<Self, ComparisonError> {
        let running = Running {
            view,
            log,
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
            speed: Stream::new(running, &OffsetVector::default())?,
            batch: None,
            seam: None,
        })
    }

    /// A batch run begins that will read everything below `cut`.
    pub fn begin(&mut self, cut: &OffsetVector) -> Result<(), ComparisonError> {
        if self.rule == Rule::OFFSET && !nothing(cut) {
            self.speed.follow(cut)?;
            let kept = self.speed.kept();
            kept.job.pin(kept.generation, cut.clone())?;
            self.speed.checkpoint()?;
        }
        Ok(())
    }

    /// The batch run lands, having read what is below `read`: its cut, or less if it died half-way.
    /// A speed half that is read from the log again finds nothing there before `earliest`.
    pub fn land(
        &mut self,
        seam: &Seam,
        read: &OffsetVector,
        earliest: &OffsetVector,
    ) -> Result<(), ComparisonError> {
        let one_write = self.rule.handover() == Handover::OneWrite;
        if nothing(&seam.cut) || (one_write && *read != seam.cut) {
            return Ok(());
        }
        let Running { view, log, .. } = self.running;
        let Halves { batch, speed, .. } = self.rule.halves(seam);
        let mut options = self.options.batch;
        options.admission = batch.admission;
        if self.rule == Rule::OFFSET {
            let Kept {
                job, generation, ..
            } = self.speed.kept();
            batch_layer::commit::run(view, log, job, *generation, read, &options)?;
            self.speed.checkpoint()?;
        } else {
            let kept = Kept::new(view, &OffsetVector::default())?;
            if !nothing(read) {
                batch_layer::commit::run(view, log, &kept.job, kept.generation, read, &options)?;
            }
            let piece = Piece::new(&OffsetVector::default(), read, &seam.end, batch.admission);
            self.batch = Some((kept, piece));
            for piece in speed {
                self.take_over(&piece, earliest)?;
            }
        }
        self.seam = Some(seam.clone());
        Ok(())
    }

    /// Puts a new speed half in the place of the old one.
    fn take_over(&mut self, piece: &Piece, earliest: &OffsetVector) -> Result<(), ComparisonError> {
        let mut running = self.running;
        running.options.admission = piece.admission;
        let from = match self.rule.handover() {
            Handover::OneWrite => piece.start(),
            Handover::Apart => piece.start().max(earliest),
        };
        let up = self.speed.is_up();
        self.speed = Stream::new(running, &from)?;
        if !up {
            self.speed.crash(Step::Fold)?;
        }
        Ok(())
    }

    /// The speed layer folds up to `end`.
    pub fn follow(&mut self, end: &OffsetVector) -> Result<(), ComparisonError> {
        self.speed.follow(end)
    }

    /// The speed layer seals what is open.
    pub fn checkpoint(&mut self) -> Result<(), ComparisonError> {
        self.speed.checkpoint()
    }

    /// What it serves now.
    pub fn serve(&self) -> Result<Served, ComparisonError> {
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
    pub fn bytes(&self) -> Result<u64, ComparisonError> {
        let batch = self
            .batch
            .as_ref()
            .map_or(Ok(0), |(kept, _)| kept.bytes())?;
        Ok(batch + self.speed.bytes()?)
    }

    /// Its seam rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The seam of the batch that is served; `None` before the first has landed.
    pub fn seam(&self) -> Option<&Seam> {
        self.seam.as_ref()
    }

    /// The speed layer.
    pub(crate) fn speed(&mut self) -> &mut Stream<'l> {
        &mut self.speed
    }
}

fn nothing(cut: &OffsetVector) -> bool {
    cut.0.values().all(|next| next.0 == 0)
}
