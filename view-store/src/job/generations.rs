//! Generations: building one beside the live one, swapping, swapping back, dropping.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared_logic::coverage::OffsetVector;
use shared_logic::view::Fingerprint;

use super::JobStore;
use crate::error::{Error, Refusal, Stale};
use crate::manifest::{Delivery, Generation, GenerationId, Manifest};
use crate::rule::{Rule, Rules};

/// What a new generation is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGeneration {
    /// The name of the view.
    pub view: String,
    /// The hash of its logic.
    pub fingerprint: Fingerprint,
    /// The job's SQL text, tables and views.
    pub sql: String,
    /// The first offset to fold in each partition; not named means 0.
    pub origin: OffsetVector,
    /// Whether to build it even if there is a generation of the same logic already.
    pub again: bool,
}

/// Whether a swap may make the answer go back in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// The target must have reached the live generation in every partition.
    Refused,
    /// The target may be behind.
    Allowed,
}

impl JobStore {
    /// Begins a generation without segments. The first one of a job becomes live at once.
    ///
    /// # Errors
    /// There is one of this logic already ([`Refusal::SameLogic`]) and `again` is not set.
    pub fn create_generation(
        &self,
        new: &NewGeneration,
    ) -> Result<(GenerationId, Arc<Manifest>), Error> {
        let newest = self.newest()?;
        let extended = newest.unwrap_or_else(|| Arc::new(Manifest::before_the_first(&self.name)));
        let (manifest, id) = self.commit(extended, |manifest| {
            if let Some(id) = manifest.generation_of(&new.fingerprint)
                && !new.again
            {
                return Err(Refusal::SameLogic(id).into());
            }
            let id = match manifest.generations.keys().next_back() {
                Some(last) if !self.store.rules.keep(Rule::FreshGeneration) => last.next(),
                _ => manifest.next_generation,
            };
            manifest.next_generation = id.next();
            if manifest.generations.is_empty() {
                manifest.live = id;
            }
            manifest.generations.insert(id, begin(new));
            Ok(id)
        })?;
        Ok((id, manifest))
    }

    /// Makes `to` the live generation and keeps the one that was live as the previous one.
    ///
    /// # Errors
    /// - [`Refusal::Behind`]: it has not caught up;
    /// - [`Refusal::AlreadyLive`];
    /// - there is no such job or generation.
    pub fn cut_over(&self, to: GenerationId, behind: Behind) -> Result<Arc<Manifest>, Error> {
        let (manifest, ()) = self.commit(self.manifest()?, |manifest| {
            swap(manifest, to, behind, self.store.rules, Rule::CaughtUp)
        })?;
        Ok(manifest)
    }

    /// Makes the previous generation live again, and the live one the previous one.
    ///
    /// # Errors
    /// - [`Refusal::NoPrevious`];
    /// - [`Refusal::Behind`]: nobody has fed the previous one since;
    /// - [`Stale::Live`]: somebody else has swapped during the call.
    pub fn rollback(&self, behind: Behind) -> Result<Arc<Manifest>, Error> {
        let rules = self.store.rules;
        let newest = self.manifest()?;
        let before = newest.live;
        let (manifest, ()) = self.commit(newest, |manifest| {
            let now = manifest.live;
            if rules.broken(Rule::SameLive, now == before) {
                return Err(Stale::Live { before, now }.into());
            }
            let to = manifest.previous.ok_or(Refusal::NoPrevious)?;
            swap(manifest, to, behind, rules, Rule::NotBehind)
        })?;
        Ok(manifest)
    }

    /// Says how a generation is fed from now on: once it has a segment, as it always was.
    ///
    /// # Errors
    /// - [`Refusal::Delivery`]: what it has was delivered in another way;
    /// - there is no such job or generation.
    pub fn deliver(&self, id: GenerationId, delivery: Delivery) -> Result<(), Error> {
        let newest = self.manifest()?;
        if newest.generation(id)?.delivery == delivery {
            return Ok(());
        }
        self.commit(newest, |manifest| {
            let generation = manifest.generation_mut(id)?;
            let found = generation.delivery;
            if found != delivery && !generation.segments.is_empty() {
                let asked = delivery;
                return Err(Error::Refused(Refusal::Delivery { id, found, asked }));
            }
            generation.delivery = delivery;
            Ok(())
        })?;
        Ok(())
    }

    /// Forgets a generation; gc deletes its segments later.
    ///
    /// # Errors
    /// It is live ([`Refusal::DropLive`]), or there is no such job or generation.
    pub fn drop_generation(&self, id: GenerationId) -> Result<Arc<Manifest>, Error> {
        let (manifest, ()) = self.commit(self.manifest()?, |manifest| {
            if self.store.rules.broken(Rule::KeepLive, manifest.live != id) {
                return Err(Refusal::DropLive(id).into());
            }
            manifest.generation(id)?;
            manifest.generations.remove(&id);
            if manifest.previous == Some(id) {
                manifest.previous = None;
            }
            Ok(())
        })?;
        Ok(manifest)
    }
}

fn begin(new: &NewGeneration) -> Generation {
    Generation {
        view: new.view.clone(),
        fingerprint: new.fingerprint.clone(),
        sql: new.sql.clone(),
        origin: new.origin.clone(),
        next: new.origin.clone(),
        owners: BTreeMap::new(),
        delivery: Delivery::ExactlyOnce,
        pin: None,
        segments: Vec::new(),
    }
}

fn swap(
    manifest: &mut Manifest,
    to: GenerationId,
    behind: Behind,
    rules: Rules,
    rule: Rule,
) -> Result<(), Error> {
    let live = manifest.live;
    if to == live {
        return Err(Refusal::AlreadyLive(to).into());
    }
    let (here, there) = (&manifest.generation(to)?.next, &manifest.live()?.next);
    let places: Vec<_> = (here.behind(there))
        .map(|place| (place.clone(), here.get(place), there.get(place)))
        .collect();
    if behind == Behind::Refused && rules.broken(rule, places.is_empty()) {
        return Err(Error::Refused(Refusal::Behind {
            to,
            live,
            behind: places,
        }));
    }
    manifest.live = to;
    manifest.previous = Some(live);
    Ok(())
}
