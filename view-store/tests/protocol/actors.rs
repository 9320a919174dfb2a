//! Everybody who works on a job at once. Each life is a handful of rounds with a pause between.

use std::sync::Arc;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::Offset;
use view_store::error::{Error, Refusal};
use view_store::job::generations::NewGeneration;
use view_store::manifest::{GenerationId, Manifest};

use crate::sim::{Actor, Rng};
use crate::toy::{LENGTH, Version, places};

pub mod batch;
pub mod compactor;
pub mod keeper;
pub mod operator;
pub mod reader;
pub mod speed;

pub type Result<T> = std::result::Result<T, Error>;

impl Actor {
    /// The newest manifest; whoever comes first begins the job.
    pub fn manifest(&self) -> Result<Arc<Manifest>> {
        match self.job.manifest() {
            Err(Error::Refused(Refusal::NoJob(_))) => {}
            read => return read,
        }
        let first = self.generation(Version(1));
        match self.job.create_generation(&first) {
            Ok((_, manifest)) => {
                self.committed(&manifest);
                Ok(manifest)
            }
            Err(Error::Refused(Refusal::SameLogic(_))) => self.job.manifest(),
            Err(error) => Err(error),
        }
    }

    pub fn generation(&self, version: Version) -> NewGeneration {
        NewGeneration {
            view: "toy".into(),
            fingerprint: version.fingerprint(),
            sql: format!("version {}", version.0),
            origin: OffsetVector::default(),
            again: false,
        }
    }

    /// Checks that what an operation says it wrote is in force.
    pub fn committed(&self, manifest: &Manifest) {
        if let Err(why) = self.history(|history| history.committed(manifest)) {
            self.red(why);
        }
    }

    /// A generation of the manifest, more often the live one.
    pub fn choose(&mut self, manifest: &Manifest) -> GenerationId {
        let all: Vec<_> = manifest.generations.keys().copied().collect();
        if self.rng.chance(50) {
            return manifest.live;
        }
        *self.rng.pick(&all).unwrap()
    }

    pub fn pauses(&mut self, most: u64) {
        for _ in 0..self.rng.below(most) {
            self.pause();
        }
    }

    pub fn seen(&self, what: &'static str) {
        self.history(|history| history.seen(what));
    }
}

/// `from`, moved on by up to `most` records in each partition.
pub fn ahead(rng: &mut Rng, from: &OffsetVector, most: u64) -> OffsetVector {
    let mut next = OffsetVector::default();
    for place in places() {
        let moved = from.get(&place).0 + rng.below(most + 1);
        next.set(place, Offset(moved.min(LENGTH)));
    }
    next
}
