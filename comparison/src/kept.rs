//! A store in memory with one generation: where an architecture, or one half of it, keeps its folds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serving_layer::reading::Reading;
use shared_logic::coverage::OffsetVector;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::blobs::memory::Memory;
use view_store::blobs::{BlobError, Blobs, Creation};
use view_store::entropy::Seeded;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::GenerationId;
use view_store::snapshot::Snapshot;
use view_store::store::Store;

use crate::error::ComparisonError;

/// A generation of a store of its own.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) job: JobStore,
    pub(crate) generation: GenerationId,
    blobs: Arc<Faulty>,
}

impl Kept {
    /// An empty generation of `view` that begins at `origin`.
    pub(crate) fn new(view: &View, origin: &OffsetVector) -> Result<Self, ComparisonError> {
        let blobs = Arc::new(Faulty::default());
        let port: Arc<dyn Blobs> = Arc::<Faulty>::clone(&blobs);
        let job = Store::with(port, Arc::new(Seeded::new(0))).job("comparison")?;
        let (generation, _) = job.create_generation(&NewGeneration {
            view: view.name.clone(),
            fingerprint: view.fingerprint.clone(),
            sql: String::new(),
            origin: origin.clone(),
            again: false,
        })?;
        Ok(Self {
            job,
            generation,
            blobs,
        })
    }

    /// What is durable.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, ComparisonError> {
        Ok(Arc::new(self.job.snapshot(Some(self.generation))?))
    }

    /// The fold that a snapshot of it stands for.
    pub(crate) fn merged(
        &self,
        view: &Arc<View>,
        snapshot: Arc<Snapshot>,
    ) -> Result<Partial, ComparisonError> {
        Ok(Reading::of(view, &self.job, snapshot)?.merged()?)
    }

    /// Bytes of the segments that count.
    pub(crate) fn bytes(&self) -> Result<u64, ComparisonError> {
        let manifest = self.job.manifest()?;
        Ok(manifest.segments().map(|segment| segment.bytes).sum())
    }

    /// Whoever commits in `work` dies between writing its segment and writing the manifest.
    pub(crate) fn dying<T>(&self, work: impl FnOnce() -> T) -> T {
        self.blobs.dies.store(true, Ordering::Relaxed);
        let done = work();
        self.blobs.dies.store(false, Ordering::Relaxed);
        done
    }
}

/// Blobs in memory that fail on a manifest while they are told so.
#[derive(Default)]
struct Faulty {
    blobs: Memory,
    dies: AtomicBool,
}

impl Blobs for Faulty {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        self.blobs.list(folder)
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        self.blobs.get(path)
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        if path.contains("/manifest/") && self.dies.load(Ordering::Relaxed) {
            return Err(BlobError::new("create", path, "the process has died"));
        }
        self.blobs.create(path, bytes)
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        self.blobs.delete(path)
    }
}
