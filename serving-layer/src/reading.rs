//! One reading of a view: a snapshot, its segments and runs, and the answer they make.

use std::sync::Arc;

use arrow::array::RecordBatch;
use shared_logic::answer::answer;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::snapshot::Snapshot;

use crate::error::ServingError;

/// All partials of one snapshot, read and checked.
#[derive(Clone, Debug)]
pub struct Reading {
    view: Arc<View>,
    /// What they are the partials of; its offsets say how far the answer goes.
    pub snapshot: Arc<Snapshot>,
    /// Segments first, then the runs of the open fold.
    pub partials: Vec<Arc<Partial>>,
}

impl Reading {
    /// Reads every segment of `snapshot`.
    ///
    /// # Errors
    /// A segment is damaged, was made by other logic, or has been deleted since.
    pub fn of(
        view: &Arc<View>,
        job: &JobStore,
        snapshot: Arc<Snapshot>,
    ) -> Result<Self, ServingError> {
        let segments = snapshot.segments.iter();
        let mut partials = segments
            .map(|entry| Ok(Arc::new(job.read(entry, &view.fingerprint)?)))
            .collect::<Result<Vec<_>, ServingError>>()?;
        partials.extend(snapshot.runs.iter().cloned());
        Ok(Self {
            view: Arc::clone(view),
            snapshot,
            partials,
        })
    }

    /// The fold of everything below the snapshot's offsets.
    ///
    /// # Errors
    /// The partials do not tile.
    pub fn merged(&self) -> Result<Partial, ServingError> {
        Ok(merge(&self.view, self.partials.iter().map(Arc::as_ref))?)
    }

    /// The whole answer, sorted by window, then by key.
    ///
    /// # Errors
    /// The partials do not tile, or the SELECT list fails on them.
    pub fn rows(&self) -> Result<RecordBatch, ServingError> {
        Ok(answer(&self.view, &self.merged()?)?)
    }
}
