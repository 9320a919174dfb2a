//! The open fold: what a speed layer has folded and not yet sealed, readable at any moment.
//!
//! The speed layer publishes runs, immutable partials; a checkpoint seals them into a segment. A
//! reader loads one [`Snapshot`], so it sees a run either as a run or within a segment: never
//! twice, never not at all.

use std::sync::Arc;

use arc_swap::ArcSwap;
use shared_logic::coverage::OffsetVector;
use shared_logic::partial::Partial;

use crate::error::{Error, Stale};
use crate::manifest::{GenerationId, Manifest};
use crate::snapshot::Snapshot;

/// The writer's end: one per speed layer and generation.
#[derive(Debug)]
pub struct OpenFold {
    /// The newest manifest published, without a run.
    sealed: Snapshot,
    published: Arc<ArcSwap<Snapshot>>,
}

/// The readers' end; cheap to clone.
#[derive(Clone, Debug)]
pub struct Published {
    published: Arc<ArcSwap<Snapshot>>,
}

impl Published {
    /// What is published now. A query loads it once and reads nothing else.
    pub fn load(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }
}

impl OpenFold {
    /// An empty open fold above what `manifest` says of the generation.
    ///
    /// # Errors
    /// The manifest has no such generation.
    pub fn new(manifest: Arc<Manifest>, generation: GenerationId) -> Result<Self, Error> {
        let sealed = Snapshot::of(manifest, generation)?;
        Ok(Self {
            published: Arc::new(ArcSwap::from_pointee(sealed.clone())),
            sealed,
        })
    }

    /// The readers' end.
    pub fn published(&self) -> Published {
        Published {
            published: Arc::clone(&self.published),
        }
    }

    /// What is published now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }

    /// Publishes one more run.
    ///
    /// # Errors
    /// It does not start where the snapshot ends ([`Stale::Next`]), or its watermark does not
    /// follow; nothing is published then.
    pub fn publish(&mut self, run: Partial) -> Result<(), Error> {
        let next = self.published.load().with([Arc::new(run)])?;
        self.published.store(Arc::new(next));
        Ok(())
    }

    /// Publishes `runs` in place of all that there are: with new ones at the end, small ones
    /// merged, or those of a partition left out that another process owns now. A reader that holds
    /// the snapshot before keeps it.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish); nothing is published then.
    pub fn replace(&mut self, runs: impl IntoIterator<Item = Arc<Partial>>) -> Result<(), Error> {
        let next = self.sealed.with(runs)?;
        self.published.store(Arc::new(next));
        Ok(())
    }

    /// Publishes a newer manifest, together with the runs that it does not cover. An older one
    /// than published changes nothing.
    ///
    /// # Errors
    /// A landing went beyond the start of a run and not beyond its end, or the generation is gone
    /// ([`Error::Stale`]): nothing is published; [`restart`](Self::restart) drops the runs.
    pub fn advance(&mut self, manifest: Arc<Manifest>) -> Result<(), Error> {
        let old = self.published.load_full();
        if manifest.number <= old.manifest.number {
            return Ok(());
        }
        let sealed = Snapshot::of(manifest, old.generation)?;
        let mut open = vec![];
        for run in &old.runs {
            if !covered(run, &sealed.offsets)? {
                open.push(Arc::clone(run));
            }
        }
        let new = sealed.with(open)?;
        self.sealed = sealed;
        self.published.store(Arc::new(new));
        Ok(())
    }

    /// Drops all runs and publishes `manifest` alone, to fold on from where it stands.
    ///
    /// # Errors
    /// The generation is gone; nothing is published.
    pub fn restart(&mut self, manifest: Arc<Manifest>) -> Result<(), Error> {
        let generation = self.published.load().generation;
        let sealed = Snapshot::of(manifest, generation)?;
        self.published.store(Arc::new(sealed.clone()));
        self.sealed = sealed;
        Ok(())
    }
}

/// Whether all records of `run` are below `stands`.
///
/// # Errors
/// Some are and some are not.
fn covered(run: &Partial, stands: &OffsetVector) -> Result<bool, Stale> {
    let open = (run.coverage.0.iter()).any(|(place, span)| span.next > stands.get(place));
    let cut = (run.coverage.0.iter()).find(|(place, span)| span.start < stands.get(place));
    match cut {
        Some((place, span)) if open => Err(Stale::Next {
            place: place.clone(),
            start: span.start,
            next: stands.get(place),
        }),
        _ => Ok(!open),
    }
}

#[cfg(test)]
mod tests;
