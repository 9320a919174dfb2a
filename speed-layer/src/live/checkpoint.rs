//! Checkpoints of a live speed layer: when they are due, what they leave, and what may go wrong.

use std::sync::Arc;
use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::partial::Partial;
use view_store::error::{Error, Stale};
use view_store::manifest::{Delivery, Manifest};

use super::{Live, ROUND};
use crate::error::SpeedError;
use crate::sealing::{Sealed, Sealing, Work, end};
use crate::watch::Event;

impl Live {
    /// Begins what is due and is done aside: to seal the open fold, to read the newest manifest, to
    /// merge segments.
    pub(super) fn begin_work(&mut self) -> Result<(), SpeedError> {
        let now = self.ports.clock.now();
        let aside = self.options.seal_aside;
        if self.sealing.is_some() {
            return Ok(());
        }
        self.commit_again(now)?;
        if self.is_due(now) {
            self.seal(aside)?;
        } else if now >= self.due.refresh || self.due.compact {
            self.due.refresh = now + ROUND;
            let compact = std::mem::take(&mut self.due.compact);
            self.work(vec![], compact, aside)?;
        }
        self.settle(false)
    }

    /// Whether the open fold is to be sealed.
    fn is_due(&self, now: Duration) -> bool {
        let snapshot = self.open.snapshot();
        if snapshot.runs.is_empty() {
            return false;
        }
        if self.outage.is_some() || self.group.outage.is_some() {
            return now >= self.due.refresh;
        }
        let sealed = snapshot.manifest.generation(self.generation).ok();
        let unsealed = (self.lanes.iter()).any(|(place, lane)| {
            let stands = sealed.map_or(lane.published(), |sealed| sealed.next.get(place));
            lane.published().0.saturating_sub(stands.0) >= self.options.checkpoint_every
        });
        now >= self.due.seal || unsealed
    }

    /// Begins to seal the open fold.
    pub(super) fn seal(&mut self, aside: bool) -> Result<(), SpeedError> {
        self.publish()?;
        self.due.refresh = self.ports.clock.now() + ROUND;
        let snapshot = self.open.snapshot();
        let runs = snapshot.runs.clone();
        // What is not committed first is not sealed: it may come again.
        if self.options.delivery == Delivery::AtMostOnce
            && !runs.is_empty()
            && !self.commit(&snapshot.offsets)?
        {
            return Ok(());
        }
        self.work(runs, false, aside)
    }

    fn work(
        &mut self,
        runs: Vec<Arc<Partial>>,
        compact: bool,
        aside: bool,
    ) -> Result<(), SpeedError> {
        self.frozen = end(&runs);
        let work = Work {
            view: Arc::clone(&self.view),
            job: self.job.clone(),
            ownership: self.ownership.clone(),
            runs,
            compact,
        };
        self.sealing = Some(Sealing::start(work, self.ports.clock.now(), aside)?);
        Ok(())
    }

    /// Seals all that is open before it returns, if the store can be reached.
    pub(super) fn checkpoint(&mut self) -> Result<(), SpeedError> {
        self.settle(true)?;
        self.seal(false)?;
        self.settle(true)
    }

    /// Takes what a checkpoint has left, if it is done or `wait` is set.
    pub(super) fn settle(&mut self, wait: bool) -> Result<(), SpeedError> {
        let Some(sealing) = self.sealing.take() else {
            return Ok(());
        };
        let since = sealing.since;
        let answer = match wait {
            true => sealing.wait(),
            false => match sealing.poll() {
                Some(answer) => answer,
                None => {
                    self.sealing = Some(sealing);
                    return Ok(());
                }
            },
        };
        match answer {
            Ok(sealed) => self.sealed(&sealed, since),
            Err(SpeedError::Store(Error::Storage(error))) => {
                self.unreachable(error.to_string());
                Ok(())
            }
            Err(SpeedError::Store(Error::Stale(stale))) => self.stale(&stale),
            Err(error) => Err(error),
        }
    }

    fn sealed(&mut self, sealed: &Sealed, since: Duration) -> Result<(), SpeedError> {
        if self.outage.take().is_some() {
            self.ports.watch.told(Event::Recovered { on: "store" });
        }
        self.frozen = OffsetVector::default();
        self.advance(Arc::clone(&sealed.manifest))?;
        if sealed.segments == 0 {
            return Ok(());
        }
        self.due.compact = true;
        let now = self.ports.clock.now();
        self.due.seal = now + self.options.checkpoint_within;
        self.ports.watch.told(Event::Sealed {
            sealed,
            took: now.saturating_sub(since),
        });
        if self.options.delivery != Delivery::AtMostOnce {
            let generation = sealed.manifest.generation(self.generation);
            self.commit(&generation.map_err(Error::from)?.next.clone())?;
        }
        Ok(())
    }

    /// Goes on above a newer manifest, which others may have written.
    pub(super) fn advance(&mut self, manifest: Arc<Manifest>) -> Result<(), SpeedError> {
        self.told.stale = true;
        let generation = manifest.generation(self.generation).map_err(Error::from)?;
        for (place, held) in &self.ownership.epochs {
            let now = generation.owners.get(place).copied().unwrap_or_default();
            if now > *held {
                let (place, held) = (place.clone(), *held);
                return Err(SpeedError::Fenced { place, held, now });
            }
        }
        match self.open.advance(Arc::clone(&manifest)) {
            Ok(()) => {}
            Err(Error::Stale(stale)) => return self.restart(manifest, &stale.to_string()),
            Err(error) => return Err(error.into()),
        }
        // A landing may have gone beyond what is folded.
        let stands = self.open.snapshot();
        match (self.lanes.iter())
            .find(|(place, lane)| lane.published() != stands.offsets.get(place))
        {
            Some((place, lane)) => {
                let next = stands.offsets.get(place);
                let why = format!(
                    "{place} stands at {next}, the open fold at {}",
                    lane.published()
                );
                self.restart(manifest, &why)
            }
            None => Ok(()),
        }
    }

    fn stale(&mut self, stale: &Stale) -> Result<(), SpeedError> {
        // One that was lost in the meantime is no longer in question, nor one that was claimed again.
        let held = |place| self.ownership.epochs.get(place);
        match stale {
            Stale::Owner { place, now, .. } if held(place).is_some_and(|held| held < now) => {
                Err(SpeedError::Fenced {
                    place: place.clone(),
                    held: held(place).copied().unwrap_or_default(),
                    now: *now,
                })
            }
            stale => match self.job.manifest() {
                Ok(manifest) => self.restart(manifest, &stale.to_string()),
                // The next attempt comes here again.
                Err(Error::Storage(error)) => {
                    self.unreachable(error.to_string());
                    Ok(())
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Drops the open fold and folds it again from where a newer manifest stands, in the
    /// next step.
    fn restart(&mut self, manifest: Arc<Manifest>, why: &str) -> Result<(), SpeedError> {
        self.ports.watch.told(Event::Restarted { why });
        self.frozen = OffsetVector::default();
        self.open.restart(manifest)?;
        self.lanes.clear();
        self.ahead.clear();
        Ok(())
    }

    /// The store is tried again in a while; what is folded stays.
    pub(super) fn unreachable(&mut self, why: String) {
        let again = self.ports.clock.now() + ROUND;
        self.due.refresh = again;
        self.due.claim = again;
        if self.outage.is_none() {
            self.ports.watch.told(Event::Waiting {
                on: "store",
                why: &why,
            });
        }
        self.outage = Some(why);
    }
}
