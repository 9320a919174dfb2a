//! What a live speed layer does as a member of a consumer group: partitions come and go.

use event_log::tail::TailEvent;
use shared_logic::coverage::OffsetVector;
use shared_logic::fold::FoldError;
use shared_logic::identity::TopicPartition;
use view_store::error::Error;
use view_store::manifest::Manifest;

use super::Live;
use crate::error::SpeedError;
use crate::lane::Lane;
use crate::shift::Shift;
use crate::watch::Event;

impl Live {
    /// Deals with what is not records.
    pub(super) fn news(&mut self, news: TailEvent) -> Result<(), SpeedError> {
        match news {
            TailEvent::Assigned(places) => {
                self.unclaimed.extend(places);
                self.claim()
            }
            TailEvent::Revoked(places) => {
                // Where the store cannot be reached the next owner folds this again.
                self.checkpoint()?;
                self.forget(&places)?;
                self.ports.tail.release(&places)?;
                self.ports.watch.told(Event::Revoked(&places));
                Ok(())
            }
            TailEvent::Lost(places) => {
                self.forget(&places)?;
                self.ports.watch.told(Event::Lost(&places));
                Ok(())
            }
            TailEvent::Waiting { why } => {
                let on = "topic";
                self.ports.watch.told(Event::Waiting { on, why: &why });
                Ok(())
            }
            TailEvent::Recovered => {
                self.ports.watch.told(Event::Recovered { on: "topic" });
                Ok(())
            }
            TailEvent::Records(chunk) => self.fold(vec![chunk]),
        }
    }

    /// Claims what is assigned and begins to follow it where the manifest stands.
    pub(super) fn claim(&mut self) -> Result<(), SpeedError> {
        if self.unclaimed.is_empty() || self.ports.clock.now() < self.due.claim {
            return Ok(());
        }
        let places: Vec<_> = self.unclaimed.iter().cloned().collect();
        let claimed = match self.job.claim(self.generation, places.clone()) {
            Ok(claimed) => claimed,
            Err(Error::Storage(error)) => {
                self.unreachable(error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.unclaimed.clear();
        self.ownership.epochs.extend(claimed.epochs);
        self.ownership.manifest = claimed.manifest.clone();
        self.advance(claimed.manifest.clone())?;
        self.begin(&claimed.manifest)?;
        self.ports.watch.told(Event::Assigned(&places));
        Ok(())
    }

    /// Follows what is owned and not followed yet from where `manifest` says that it stands.
    pub(super) fn begin(&mut self, manifest: &Manifest) -> Result<(), SpeedError> {
        let owned = self.ownership.epochs.keys();
        let places: Vec<_> = owned
            .filter(|place| !self.lanes.contains_key(place))
            .cloned()
            .collect();
        if places.is_empty() {
            return Ok(());
        }
        let generation = manifest.generation(self.generation).map_err(Error::from)?;
        let covered = generation.coverage().map_err(FoldError::from)?;
        let committed = match self.options.delivery.is_exact() {
            true => generation.next.clone(),
            false => self.ports.tail.committed(&places)?,
        };
        let mut from = OffsetVector::default();
        for place in &places {
            let stands = generation.next.get(place);
            let at = committed.0.get(place).copied();
            let at = at.unwrap_or_else(|| match self.options.delivery.is_exact() {
                true => stands,
                false => generation.origin.get(place),
            });
            let watermark = (covered.0.get(place)).and_then(|span| span.watermark_after);
            let shift = Shift {
                from: at,
                to: stands,
            };
            let lane = Lane::new(
                &self.view,
                place.clone(),
                shift,
                watermark,
                self.options.strict,
            );
            self.lanes.insert(place.clone(), lane);
            from.set(place.clone(), at);
        }
        Ok(self.ports.tail.start(&from)?)
    }

    /// Drops what is open in partitions that are no longer this process's.
    fn forget(&mut self, places: &[TopicPartition]) -> Result<(), SpeedError> {
        for place in places {
            self.unclaimed.remove(place);
            self.lanes.remove(place);
            self.ownership.epochs.remove(place);
        }
        let snapshot = self.open.snapshot();
        let kept = (snapshot.runs.iter()).filter(|run| {
            run.coverage
                .0
                .keys()
                .all(|place| self.lanes.contains_key(place))
        });
        self.open.replace(kept.cloned())?;
        self.told.stale = true;
        Ok(())
    }
}
