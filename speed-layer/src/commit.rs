//! The speed commit: claim partitions, publish runs, seal them into a segment at each checkpoint.

use std::sync::Arc;

use event_log::{EventLog, recreated};
use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::fold::FoldError;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::error::Error;
use view_store::job::JobStore;
use view_store::job::own::Ownership;
use view_store::manifest::{Delivery, GenerationId, Manifest, Side};
use view_store::open_fold::{OpenFold, Published};
use view_store::snapshot::Snapshot;

use crate::error::SpeedError;
use crate::fold::{Options, fold};
use crate::read::plan;

/// A speed layer at work on one generation.
///
/// It holds nothing that the manifest does not know, except the open fold, which it can fold again.
#[derive(Debug)]
pub struct Speed {
    view: Arc<View>,
    job: JobStore,
    generation: GenerationId,
    ownership: Ownership,
    open: OpenFold,
    options: Options,
}

/// What a speed layer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records folded, those of a dropped open fold included.
    pub records: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Records that came too late for the view.
    pub late: u64,
    /// Segments sealed.
    pub segments: u64,
    /// How often the open fold was dropped because the manifest had moved on.
    pub restarts: u64,
}

impl Speed {
    /// Claims the partitions of `log` and takes up where the manifest stands.
    ///
    /// # Errors
    /// The log or the store cannot be read, the log is another one than was folded
    /// ([`LogError::Replaced`](event_log::LogError::Replaced)), or the generation is gone.
    pub fn resume(
        view: &Arc<View>,
        log: &dyn EventLog,
        job: &JobStore,
        generation: GenerationId,
        options: Options,
    ) -> Result<Self, SpeedError> {
        job.deliver(generation, Delivery::ExactlyOnce)?;
        let manifest = job.manifest()?;
        let stands = manifest.generation(generation).map_err(Error::from)?;
        recreated::verify(log, &stands.coverage().map_err(FoldError::from)?)?;
        let ownership = job.claim(generation, log.partitions()?)?;
        let open = OpenFold::new(job.manifest()?, generation)?;
        Ok(Self {
            view: Arc::clone(view),
            job: job.clone(),
            generation,
            ownership,
            open,
            options,
        })
    }

    /// The readers' end of the open fold.
    pub fn published(&self) -> Published {
        self.open.published()
    }

    /// What a query sees now, the open fold included.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.open.snapshot()
    }

    /// Folds up to `end`, publishing and sealing on the way; what is open then stays open.
    ///
    /// # Errors
    /// The log cannot be read, another process owns a partition now, or the store fails.
    pub fn follow(
        &mut self,
        log: &dyn EventLog,
        end: &OffsetVector,
    ) -> Result<Progress, SpeedError> {
        let mut progress = Progress::default();
        loop {
            let at = self.snapshot();
            let pin = self.pin(&at.manifest)?;
            let pieces = plan(&at.offsets, end, pin.as_ref(), self.options.publish_every);
            if pieces.is_empty() {
                return Ok(progress);
            }
            for run in fold(&self.view, log, &pieces, &at.coverage, &self.options)? {
                progress.records += run.coverage.records();
                progress.rejected += run.counters.rejected;
                progress.late += run.counters.late;
                self.open.publish(run)?;
            }
            if self.unsealed() >= self.options.checkpoint_every {
                let sealed = self.checkpoint()?;
                progress.segments += sealed.segments;
                progress.restarts += sealed.restarts;
            }
        }
    }

    /// Seals the open fold: from here on the store knows it.
    ///
    /// When the manifest has moved on in a way that does not fit the open fold, that is dropped;
    /// following on from the manifest folds it again.
    ///
    /// # Errors
    /// Another process owns a partition now, or the store fails.
    pub fn checkpoint(&mut self) -> Result<Progress, SpeedError> {
        let mut progress = Progress::default();
        self.open
            .advance(self.job.manifest()?)
            .or_else(|error| self.restart(error, &mut progress))?;
        loop {
            let snapshot = self.snapshot();
            let Some(partial) = self.next_segment(&snapshot)? else {
                return Ok(progress);
            };
            match self.job.seal(&self.ownership, &partial) {
                Ok(manifest) => {
                    progress.segments += 1;
                    self.open
                        .advance(manifest)
                        .or_else(|error| self.restart(error, &mut progress))?;
                }
                Err(error) => self.restart(error, &mut progress)?,
            }
        }
    }

    /// The runs to seal next, merged: those below the pin first, as no segment may lie across it.
    fn next_segment(&self, snapshot: &Snapshot) -> Result<Option<Partial>, SpeedError> {
        let pin = self.pin(&snapshot.manifest)?;
        let below = |run: &&Arc<Partial>| {
            pin.as_ref()
                .is_none_or(|cut| Side::of(&run.coverage, cut) == Side::Below)
        };
        let mut runs: Vec<&Partial> = snapshot
            .runs
            .iter()
            .filter(below)
            .map(Arc::as_ref)
            .collect();
        if runs.is_empty() {
            runs = snapshot.runs.iter().map(Arc::as_ref).collect();
        }
        Ok(if runs.is_empty() {
            None
        } else {
            Some(merge(&self.view, runs)?)
        })
    }

    fn pin(&self, manifest: &Manifest) -> Result<Option<OffsetVector>, SpeedError> {
        let generation = manifest.generation(self.generation).map_err(Error::from)?;
        Ok(generation.pin.as_ref().map(|pin| pin.cut.clone()))
    }

    /// Drops the open fold if that is what the error asks for.
    fn restart(&mut self, error: Error, progress: &mut Progress) -> Result<(), Error> {
        match error {
            // A lost partition is not won back by folding again.
            Error::Stale(view_store::error::Stale::Owner { .. }) => Err(error),
            Error::Stale(_) => {
                progress.restarts += 1;
                self.open.restart(self.job.manifest()?)
            }
            other => Err(other),
        }
    }

    /// The longest stretch of one partition, in offsets, that is folded and not sealed.
    fn unsealed(&self) -> u64 {
        let snapshot = self.snapshot();
        let open = Coverage::union(snapshot.runs.iter().map(|run| &run.coverage));
        let spans = open.iter().flat_map(|open| open.0.values());
        spans
            .map(|span| span.next.0.saturating_sub(span.start.0))
            .max()
            .unwrap_or_default()
    }
}
