//! The offsets of the consumer group: how far the view is, for those who watch the lag and, unless
//! events count exactly once, for whoever goes on.

use std::time::Duration;

use event_log::LogError;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use view_store::manifest::Delivery;

use super::{Live, ROUND};
use crate::error::SpeedError;
use crate::lane::Lane;
use crate::watch::Event;

/// How it stands with the group.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Why it cannot be reached.
    pub(super) outage: Option<String>,
    /// How far the view is, where the group could not be told.
    owed: Option<OffsetVector>,
}

impl Live {
    /// Tells the group how far the view is. Returns whether a new process would go on from there;
    /// where the group cannot be reached that is tried again in a while.
    pub(super) fn commit(&mut self, reached: &OffsetVector) -> Result<bool, SpeedError> {
        let log = |(place, lane): (&TopicPartition, &Lane)| {
            (place.clone(), lane.shift().log(reached.get(place)))
        };
        let offsets = OffsetVector(self.lanes.iter().map(log).collect());
        if self.options.delivery.is_exact() {
            // A new process goes on from the manifest.
            if let Err(error) = self.ports.tail.commit(&offsets) {
                let why = error.to_string();
                self.ports.watch.told(Event::Uncommitted { why: &why });
            }
            return Ok(true);
        }
        let committed = self.ports.tail.commit_durably(&offsets);
        let done = self.reached_group(committed)?.is_some();
        self.group.owed = (!done).then(|| reached.clone());
        Ok(done)
    }

    /// Where the group stands in these partitions; `None` where it cannot be asked at the moment.
    pub(super) fn committed(
        &mut self,
        places: &[TopicPartition],
    ) -> Result<Option<OffsetVector>, SpeedError> {
        let committed = self.ports.tail.committed(places);
        self.reached_group(committed)
    }

    /// Tries again what is sealed and the group does not know; what is committed before it is sealed
    /// is tried again with its seal.
    pub(super) fn commit_again(&mut self, now: Duration) -> Result<(), SpeedError> {
        if self.options.delivery == Delivery::AtMostOnce || now < self.due.refresh {
            return Ok(());
        }
        if let Some(reached) = self.group.owed.take() {
            self.commit(&reached)?;
        }
        Ok(())
    }

    /// An answer of the group, or none and another attempt later.
    fn reached_group<T>(&mut self, answer: Result<T, LogError>) -> Result<Option<T>, SpeedError> {
        match answer {
            Ok(answer) => {
                if self.group.outage.take().is_some() {
                    self.ports.watch.told(Event::Recovered { on: "group" });
                }
                Ok(Some(answer))
            }
            Err(error @ (LogError::Broker { .. } | LogError::Unreachable { .. })) => {
                let why = error.to_string();
                if self.group.outage.is_none() {
                    let on = "group";
                    self.ports.watch.told(Event::Waiting { on, why: &why });
                }
                self.group.outage = Some(why);
                let again = self.ports.clock.now() + ROUND;
                (self.due.refresh, self.due.begin) = (again, again);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}
