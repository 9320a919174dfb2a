//! A speed layer over its life: it follows, seals, dies and comes back.
//!
//! Seamline's own keeps state and position in one write, so it is one piece for ever. One that keeps
//! the two apart comes back at a position that its state does not have: then it is two pieces, which
//! overlap or leave a hole.

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::admission::Admission;
use shared_logic::coverage::OffsetVector;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use speed_layer::commit::Speed;
use speed_layer::fold::Options;

use crate::error::ComparisonError;
use crate::halves::Piece;
use crate::kept::Kept;
use crate::schedule::{Delivery, Step};

/// How a stream runs.
#[derive(Clone, Copy)]
pub(crate) struct Running<'l> {
    pub(crate) view: &'l Arc<View>,
    pub(crate) log: &'l dyn EventLog,
    pub(crate) options: Options,
    pub(crate) delivery: Delivery,
    /// Whether it refuses to go on where the log has dropped what it has not read.
    pub(crate) halts: bool,
}

/// A speed layer: the pieces that it has folded, the last of them still growing.
pub(crate) struct Stream<'l> {
    running: Running<'l>,
    old: Vec<(Kept, Piece)>,
    kept: Kept,
    from: OffsetVector,
    /// `None` while it is down.
    speed: Option<Speed>,
    /// Whether the log has dropped what it has not read, and it will not go on without.
    lost: bool,
}

impl<'l> Stream<'l> {
    /// One that begins at `from`, in a store of its own.
    pub(crate) fn new(running: Running<'l>, from: &OffsetVector) -> Result<Self, ComparisonError> {
        Self::on(running, Kept::new(running.view, from)?)
    }

    /// One that goes on where the generation of `kept` stands.
    pub(crate) fn on(running: Running<'l>, kept: Kept) -> Result<Self, ComparisonError> {
        let from = kept.snapshot()?.offsets.clone();
        let mut stream = Self {
            running,
            old: vec![],
            kept,
            from,
            speed: None,
            lost: false,
        };
        stream.restart()?;
        Ok(stream)
    }

    /// The one that takes its place: it begins at `from`, takes other events, and is down if this is.
    pub(crate) fn succeeded(
        &self,
        from: &OffsetVector,
        admission: Admission,
    ) -> Result<Self, ComparisonError> {
        let mut running = self.running;
        running.options.admission = admission;
        let mut next = Self::new(running, from)?;
        if !self.is_up() {
            next.speed = None;
        }
        Ok(next)
    }

    /// Whether it runs.
    pub(crate) fn is_up(&self) -> bool {
        self.speed.is_some()
    }

    /// Where it stands: what it has folded, or after a crash what it has sealed.
    pub(crate) fn offsets(&self) -> Result<OffsetVector, ComparisonError> {
        Ok(match &self.speed {
            Some(speed) => speed.snapshot().offsets.clone(),
            None => self.kept.snapshot()?.offsets.clone(),
        })
    }

    /// Folds up to `end`.
    pub(crate) fn follow(&mut self, end: &OffsetVector) -> Result<(), ComparisonError> {
        if let Some(speed) = &mut self.speed {
            speed.follow(self.running.log, end)?;
        }
        Ok(())
    }

    /// Seals what is open.
    pub(crate) fn checkpoint(&mut self) -> Result<(), ComparisonError> {
        if let Some(speed) = &mut self.speed {
            speed.checkpoint()?;
        }
        Ok(())
    }

    /// Dies at a step of a checkpoint.
    pub(crate) fn crash(&mut self, step: Step) -> Result<(), ComparisonError> {
        let Some(mut speed) = self.speed.take() else {
            return Ok(());
        };
        let (sealed, reached) = (self.kept.snapshot()?.offsets.clone(), speed.snapshot());
        match (step, self.running.delivery) {
            (Step::Fold, _) => {}
            (Step::Commit, _) => {
                speed.checkpoint()?;
            }
            (Step::Seal, Delivery::ExactlyOnce) => {
                // The segment is there and no manifest names it; where nothing was open, there is none.
                let died = self.kept.dying(|| speed.checkpoint());
                debug_assert!(died.is_err() || sealed == reached.offsets);
            }
            // The state is written first: it has events that the position does not know.
            (Step::Seal, Delivery::AtLeastOnce) => {
                speed.checkpoint()?;
                self.part(sealed)?;
            }
            // The position is written first: it is beyond events that no state has.
            (Step::Seal, Delivery::AtMostOnce) => self.part(reached.offsets.clone())?,
        }
        Ok(())
    }

    /// Leaves what is sealed as a piece, and goes on at `next` in another.
    fn part(&mut self, next: OffsetVector) -> Result<(), ComparisonError> {
        let piece = self.piece()?;
        let new = Kept::new(self.running.view, &next)?;
        self.old
            .push((std::mem::replace(&mut self.kept, new), piece));
        self.from = next;
        Ok(())
    }

    /// Comes back where the log begins at `earliest`. Where that has dropped what was not read yet,
    /// Seamline's own stays down until a batch has filled the gap; others go on behind it.
    pub(crate) fn come_back(&mut self, earliest: &OffsetVector) -> Result<(), ComparisonError> {
        if self.is_up() {
            return Ok(());
        }
        let offsets = self.offsets()?;
        self.lost = !offsets.reaches(earliest) && self.running.halts;
        if !offsets.reaches(earliest) && !self.running.halts {
            self.part(offsets.max(earliest))?;
        }
        match self.lost {
            true => Ok(()),
            false => self.restart(),
        }
    }

    /// Whether it stays down because the log has dropped what it has not read.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost
    }

    fn restart(&mut self) -> Result<(), ComparisonError> {
        let Running {
            view, log, options, ..
        } = self.running;
        let Kept {
            job, generation, ..
        } = &self.kept;
        self.speed = Some(Speed::resume(view, log, job, *generation, options)?);
        Ok(())
    }

    /// Forgets what is before `first`, by folding the rest again.
    pub(crate) fn forget(&mut self, first: &OffsetVector) -> Result<(), ComparisonError> {
        let down = !self.is_up();
        let old = std::mem::take(&mut self.old);
        for (kept, piece) in old {
            let (from, to) = (piece.start(), kept.snapshot()?.offsets.clone());
            if from.reaches(first) {
                self.old.push((kept, piece));
                continue;
            }
            let (kept, from) = self.again(&from, &to, first)?;
            let piece = Piece::new(&from, &to, &to, self.running.options.admission);
            self.old.push((kept, piece));
        }
        let (from, to) = (self.from.clone(), self.offsets()?);
        if from.reaches(first) {
            return Ok(());
        }
        (self.kept, self.from) = self.again(&from, &to, first)?;
        self.speed = None;
        match down {
            true => Ok(()),
            false => self.restart(),
        }
    }

    /// `[from, to)` without what is before `first`, sealed in a store of its own.
    fn again(
        &self,
        from: &OffsetVector,
        to: &OffsetVector,
        first: &OffsetVector,
    ) -> Result<(Kept, OffsetVector), ComparisonError> {
        let from = OffsetVector(
            (to.0.iter())
                .map(|(place, to)| {
                    (
                        place.clone(),
                        from.get(place).max(first.get(place)).min(*to),
                    )
                })
                .collect(),
        );
        let mut again = Self::new(self.running, &from)?;
        again.follow(to)?;
        again.checkpoint()?;
        Ok((again.kept, from))
    }

    fn piece(&self) -> Result<Piece, ComparisonError> {
        let offsets = self.offsets()?;
        let admission = self.running.options.admission;
        Ok(Piece::new(&self.from, &offsets, &offsets, admission))
    }

    /// The pieces that it has folded.
    pub(crate) fn pieces(&self) -> Result<Vec<Piece>, ComparisonError> {
        let old = self.old.iter().map(|(_, piece)| piece.clone());
        Ok(old.chain([self.piece()?]).collect())
    }

    /// The folds of its pieces.
    pub(crate) fn partials(&self) -> Result<Vec<Partial>, ComparisonError> {
        let view = self.running.view;
        let mut partials = vec![];
        for (kept, _) in &self.old {
            partials.push(kept.merged(view, kept.snapshot()?)?);
        }
        let now = match &self.speed {
            Some(speed) => speed.snapshot(),
            None => self.kept.snapshot()?,
        };
        partials.push(self.kept.merged(view, now)?);
        Ok(partials)
    }

    /// The store that it seals into.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Bytes of its segments.
    pub(crate) fn bytes(&self) -> Result<u64, ComparisonError> {
        let old: u64 = (self.old.iter())
            .map(|(kept, _)| kept.bytes())
            .sum::<Result<_, _>>()?;
        Ok(old + self.kept.bytes()?)
    }
}
