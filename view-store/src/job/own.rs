//! Ownership: of all processes that believe to own a partition, the last to claim it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;

use super::JobStore;
use crate::error::{Error, Stale};
use crate::manifest::{Epoch, GenerationId, Manifest};

/// The right to seal some partitions of a generation, until another process claims them.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// The generation.
    pub generation: GenerationId,
    /// The epoch of each partition claimed.
    pub epochs: BTreeMap<TopicPartition, Epoch>,
    /// The manifest that says so.
    pub manifest: Arc<Manifest>,
}

impl Ownership {
    /// Where to fold on in each partition claimed, as the claim's manifest says.
    ///
    /// # Errors
    /// None: the manifest has the generation.
    pub fn next(&self) -> Result<OffsetVector, Stale> {
        let generation = self.manifest.generation(self.generation)?;
        let next = |place: &TopicPartition| (place.clone(), generation.next.get(place));
        Ok(OffsetVector(self.epochs.keys().map(next).collect()))
    }
}

impl JobStore {
    /// Claims `places` of a generation, typically because a consumer group has assigned them.
    /// Whoever claimed them before can no longer seal.
    ///
    /// # Errors
    /// There is no such job or generation.
    pub fn claim(
        &self,
        generation: GenerationId,
        places: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<Ownership, Error> {
        let places: Vec<_> = places.into_iter().collect();
        let (manifest, epochs) = self.commit(self.manifest()?, |manifest| {
            let owners = &mut manifest.generation_mut(generation)?.owners;
            let claim = |place: &TopicPartition| {
                let epoch = owners.entry(place.clone()).or_default();
                *epoch = Epoch(epoch.0.saturating_add(1));
                (place.clone(), *epoch)
            };
            Ok(places.iter().map(claim).collect())
        })?;
        Ok(Ownership {
            generation,
            epochs,
            manifest,
        })
    }
}
