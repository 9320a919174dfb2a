//! What a live speed layer does as a member of a consumer group: partitions come and go.

use std::sync::Arc;

use event_log::tail::TailEvent;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use view_store::error::Error;

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
                Ok(())
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

    /// Claims what is assigned.
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
        self.ownership.manifest = Arc::clone(&claimed.manifest);
        self.advance(claimed.manifest)?;
        self.ports.watch.told(Event::Assigned(&places));
        Ok(())
    }

    /// Follows what is owned and not followed yet from where the manifest stands. What is still to
    /// be claimed begins together with the rest.
    pub(super) fn begin(&mut self) -> Result<(), SpeedError> {
        let owned = self.ownership.epochs.keys();
        let places: Vec<_> = owned
            .filter(|place| !self.lanes.contains_key(place))
            .cloned()
            .collect();
        let now = self.ports.clock.now();
        if places.is_empty() || !self.unclaimed.is_empty() || now < self.due.begin {
            return Ok(());
        }
        let stands = self.open.snapshot();
        let generation = stands.manifest.generation(self.generation);
        let origin = generation.map_err(Error::from)?.origin.clone();
        let exact = self.options.delivery.is_exact();
        let committed = match exact {
            true => OffsetVector::default(),
            false => match self.committed(&places)? {
                Some(committed) => committed,
                None => return Ok(()),
            },
        };
        let mut from = OffsetVector::default();
        for place in places {
            let to = stands.offsets.get(&place);
            let known = committed.0.get(&place).copied();
            let at = match exact {
                true => to,
                false => known.unwrap_or_else(|| origin.get(&place)),
            };
            from.set(place.clone(), at);
            let covered = stands.coverage.0.get(&place);
            let watermark = covered.and_then(|span| span.watermark_after);
            let (shift, strict) = (Shift { from: at, to }, self.options.strict);
            let lane = Lane::new(&self.view, place.clone(), shift, watermark, strict);
            self.lanes.insert(place, lane);
        }
        Ok(self.ports.tail.start(&from)?)
    }

    /// Drops what is open in partitions that are no longer this process's.
    fn forget(&mut self, places: &[TopicPartition]) -> Result<(), SpeedError> {
        for place in places {
            self.unclaimed.remove(place);
            self.lanes.remove(place);
            self.ahead.retain(|chunk| chunk.place != *place);
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
