//! A checkpoint on its way: runs become segments on a thread of their own, and folding goes on.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::error::Error;
use view_store::job::JobStore;
use view_store::job::own::Ownership;
use view_store::manifest::{Manifest, Side};

use crate::compaction::compact;
use crate::error::SpeedError;

/// What a checkpoint has left.
#[derive(Debug)]
pub struct Sealed {
    /// The newest manifest; the last one that was written, if any was.
    pub manifest: Arc<Manifest>,
    /// Segments written.
    pub segments: u64,
    /// Bytes of these segments.
    pub bytes: u64,
}

/// A checkpoint that is being made.
#[derive(Debug)]
pub struct Sealing {
    /// When it began.
    pub since: Duration,
    answer: Receiver<Result<Sealed, SpeedError>>,
}

impl Sealing {
    /// Begins to seal `runs`; without any, the newest manifest is read. With `aside` it is done on
    /// another thread.
    ///
    /// # Errors
    /// The machine has no thread to spare.
    pub fn start(work: Work, since: Duration, aside: bool) -> Result<Self, SpeedError> {
        let (answers, answer) = sync_channel(1);
        // The only way in which nobody takes the answer is that the layer is gone.
        let work = move || drop(answers.send(work.seal()));
        match aside {
            true => {
                let thread = std::thread::Builder::new().name("seal".into());
                thread.spawn(work).map_err(SpeedError::Thread)?;
            }
            false => work(),
        }
        Ok(Self { since, answer })
    }

    /// What came of it, if it is done.
    pub fn poll(&self) -> Option<Result<Sealed, SpeedError>> {
        match self.answer.try_recv() {
            Ok(sealed) => Some(sealed),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(SpeedError::Panicked)),
        }
    }

    /// Waits for what comes of it.
    ///
    /// # Errors
    /// Those of the checkpoint.
    pub fn wait(self) -> Result<Sealed, SpeedError> {
        self.answer.recv().unwrap_or(Err(SpeedError::Panicked))
    }
}

/// What is to be sealed, and on whose behalf.
#[derive(Debug)]
pub struct Work {
    /// The view.
    pub view: Arc<View>,
    /// Its job.
    pub job: JobStore,
    /// The right to seal.
    pub ownership: Ownership,
    /// The runs to seal.
    pub runs: Vec<Arc<Partial>>,
    /// Whether to merge segments, too.
    pub compact: bool,
}

impl Work {
    /// Seals what the newest manifest does not cover yet: what is below its pin first, as no segment
    /// may lie across it.
    fn seal(self) -> Result<Sealed, SpeedError> {
        let generation = self.ownership.generation;
        let manifest = self.job.manifest()?;
        let now = manifest.generation(generation).map_err(Error::from)?;
        // A checkpoint whose answer was lost may have taken effect.
        let open = |run: &&Arc<Partial>| !now.next.reaches(&run.coverage.next());
        let side = |run: &&Arc<Partial>| {
            let pin = now.pin.as_ref();
            pin.is_none_or(|pin| Side::of(&run.coverage, &pin.cut) == Side::Below)
        };
        let (below, above): (Vec<_>, Vec<_>) = self.runs.iter().filter(open).partition(side);
        let mut sealed = Sealed {
            manifest: Arc::clone(&manifest),
            segments: 0,
            bytes: 0,
        };
        for runs in [below, above] {
            if runs.is_empty() {
                continue;
            }
            let segment = merge(&self.view, runs.into_iter().map(Arc::as_ref))?;
            sealed.manifest = self.job.seal(&self.ownership, &segment)?;
            sealed.segments += 1;
            let named = &sealed
                .manifest
                .generation(generation)
                .map_err(Error::from)?;
            sealed.bytes += named.segments.last().map_or(0, |entry| entry.bytes);
        }
        if self.compact {
            let (view, job) = (&self.view, &self.job);
            sealed.manifest = compact(view, job, &self.ownership, sealed.manifest)?;
        }
        Ok(sealed)
    }
}

/// Where runs that are being sealed end.
pub fn end(runs: &[Arc<Partial>]) -> OffsetVector {
    let ends = runs.iter().map(|run| run.coverage.next());
    ends.fold(OffsetVector::default(), |all, end| all.max(&end))
}
