//! A lane: what one partition's records are folded into between two publishes.

use std::sync::Arc;

use event_log::part;
use shared_logic::chunk::Chunk;
use shared_logic::fold::Fold;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::Watermark;
use shared_logic::view::View;

use crate::error::SpeedError;
use crate::shift::Shift;

/// One partition of a live speed layer. What it has folded becomes a run when it is published.
#[derive(Debug)]
pub struct Lane {
    view: Arc<View>,
    place: TopicPartition,
    /// Where the open fold begins, or will begin.
    at: Offset,
    watermark: Option<Watermark>,
    fold: Option<Fold>,
    /// Runs that ended at a pin and are not published yet.
    ended: Vec<Partial>,
    shift: Shift,
    strict: bool,
}

impl Lane {
    /// A lane that goes on where `shift` leads to, with the watermark reached there.
    pub fn new(
        view: &Arc<View>,
        place: TopicPartition,
        shift: Shift,
        watermark: Option<Watermark>,
        strict: bool,
    ) -> Self {
        Self {
            view: Arc::clone(view),
            place,
            at: shift.to,
            watermark,
            fold: None,
            ended: vec![],
            shift,
            strict,
        }
    }

    /// How the log's offsets become those of the view.
    pub fn shift(&self) -> Shift {
        self.shift
    }

    /// Where what is not published begins, or will begin.
    pub fn published(&self) -> Offset {
        let ended = self.ended.first();
        ended.and_then(begin).unwrap_or(self.at)
    }

    /// Whether something is folded that is not published.
    pub fn is_open(&self) -> bool {
        self.fold.is_some() || !self.ended.is_empty()
    }

    /// Folds a chunk of the log. A run ends at the pin, because no segment may lie across it.
    ///
    /// # Errors
    /// The chunk does not follow or cannot be folded; with `strict`, the first record rejected.
    pub fn push(&mut self, chunk: &Chunk, pin: Option<Offset>) -> Result<(), SpeedError> {
        let chunk = self.shift.chunk(chunk);
        let cut = pin.filter(|pin| (chunk.start..chunk.next).contains(pin));
        let Some(cut) = cut else {
            return self.fold(&chunk);
        };
        if chunk.start < cut {
            self.fold(&part(&chunk, &(chunk.start..cut)))?;
        }
        self.end()?;
        self.fold(&part(&chunk, &(cut..chunk.next)))
    }

    fn fold(&mut self, chunk: &Chunk) -> Result<(), SpeedError> {
        let fold = match &mut self.fold {
            Some(fold) => fold,
            None => {
                let mut fold = Fold::new(&self.view)?;
                fold.begin(self.place.clone(), self.at, self.watermark);
                self.fold.insert(fold)
            }
        };
        let rejects = fold.push(chunk)?;
        match rejects.first() {
            Some(reject) if self.strict => Err(SpeedError::Rejected {
                place: chunk.place.clone(),
                offset: chunk.offset(reject.row),
                reason: reject.reason.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Ends the open fold as a run.
    fn end(&mut self) -> Result<(), SpeedError> {
        let Some(fold) = self.fold.take() else {
            return Ok(());
        };
        let run = fold.finish()?;
        if let Some(span) = run.coverage.0.get(&self.place) {
            self.at = span.next;
            self.watermark = span.watermark_after;
            if span.start < span.next {
                self.ended.push(run);
            }
        }
        Ok(())
    }

    /// What was folded since the last time, in the order of the log; the lane goes on behind it.
    ///
    /// # Errors
    /// A column that cannot be built, which a compiled view does not have.
    pub fn drain(&mut self) -> Result<Vec<Partial>, SpeedError> {
        self.end()?;
        Ok(std::mem::take(&mut self.ended))
    }
}

/// Where a run of one partition begins.
fn begin(run: &Partial) -> Option<Offset> {
    run.coverage.start().0.into_values().next()
}

/// Puts `fresh` on top of the runs of one partition and merges small ones, so that each run left
/// has more than twice as many rows as the next: their number grows with the logarithm of the
/// rows, and so does how often a row is merged. Nothing is merged across an offset of `borders`
/// or below `frozen`, where runs are on their way into a segment.
///
/// # Errors
/// The runs do not follow on each other.
pub fn stack(
    view: &Arc<View>,
    mut runs: Vec<Arc<Partial>>,
    fresh: Vec<Partial>,
    frozen: Offset,
    pin: Option<Offset>,
) -> Result<Vec<Arc<Partial>>, SpeedError> {
    for mut run in fresh {
        while let Some(below) = runs.last() {
            let may = begin(below) >= Some(frozen)
                && (pin.is_none() || begin(&run) != pin)
                && below.rows.num_rows() <= 2 * run.rows.num_rows();
            if !may {
                break;
            }
            run = merge(view, [below.as_ref(), &run])?;
            runs.pop();
        }
        runs.push(Arc::new(run));
    }
    Ok(runs)
}
