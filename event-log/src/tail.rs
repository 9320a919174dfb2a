//! A live tail: the records of a topic as they come.
//!
//! An [`EventLog`] is asked for ranges that are there; a [`Tail`] hands over what
//! appears, in the partitions that its reader owns at the moment. Where a reader begins is not the
//! tail's business: the offsets come from the reader's manifest, and what is committed to a consumer
//! group is there for people who watch its lag.
//!
//! The reader's loop:
//!
//! 1. [`Tail::poll`] until [`TailEvent::Assigned`] names partitions.
//! 2. Claim them, look up in the manifest where they stand, [`Tail::start`] them there.
//! 3. Fold each [`TailEvent::Records`]; after a seal, [`Tail::commit`] what the manifest now says.
//! 4. At [`TailEvent::Revoked`] seal, then [`Tail::release`]; at [`TailEvent::Lost`] drop what is
//!    open in these partitions and seal nothing, because somebody else has them already.
//!
//! Back-pressure is not to poll: what is fetched ahead is bounded, so a tail that is not asked stops
//! fetching. A member of a group must poll again within its `max.poll.interval.ms`, five minutes.

pub mod memory;

use std::time::Duration;

use shared_logic::chunk::Chunk;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;

use crate::{EventLog, LogError};

/// What happened in a topic, in the order in which it happened to one partition.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a chunk, not one a record"
)]
pub enum TailEvent {
    /// Records of a partition that was started. The chunks of a partition tile: each begins where
    /// the one before ended, the first where the partition was started, and each ends behind the
    /// offsets that no record will ever have (markers and aborted records of transactions), so one
    /// may hold no records and still move on.
    Records(Chunk),
    /// These partitions are the reader's now. Nothing comes of them until they are started, and a
    /// consumer group stands still as long, so do it soon. Comes at the beginning, when members of
    /// the group come or go, and when partitions are added to the topic.
    Assigned(Vec<TopicPartition>),
    /// These partitions are to go to another member, as soon as they are released. Nothing comes of
    /// them any more, and little of the others until then.
    Revoked(Vec<TopicPartition>),
    /// These partitions have gone to others, or may have: the session was over before the reader
    /// came back. There is nothing to release and nothing to seal.
    Lost(Vec<TopicPartition>),
    /// Records cannot be fetched at the moment; said once, until [`TailEvent::Recovered`]. The tail
    /// goes on trying.
    Waiting {
        /// What is wrong.
        why: String,
    },
    /// What was waited for is there again.
    Recovered,
}

/// What a tail has seen since it began, to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TailStatistics {
    /// Records handed over.
    pub records: u64,
    /// The bytes of their keys and values.
    pub bytes: u64,
    /// How often partitions were assigned, revoked or lost.
    pub rebalances: u64,
    /// The next offset to hand over, of each partition that was started.
    pub positions: OffsetVector,
    /// The end of each partition that was started, as it was known about a second ago: behind the
    /// last record that may be read. A partition of which nothing is known yet is not named.
    pub ends: OffsetVector,
}

impl TailStatistics {
    /// How many offsets of a partition are not handed over yet, as far as is known.
    pub fn lag(&self, place: &TopicPartition) -> u64 {
        let (at, end) = (self.positions.get(place), self.ends.get(place));
        end.0.saturating_sub(at.0)
    }
}

/// The records of one topic as they come, in the partitions that are the reader's.
pub trait Tail: Send {
    /// What happened since the last call. Waits up to `wait` for the first thing to happen, then
    /// takes what is there already; an empty answer means that nothing happened.
    ///
    /// A failure of the network is not an error but [`TailEvent::Waiting`].
    ///
    /// # Errors
    /// [`LogError::Lost`] where retention has overtaken the reader,
    /// [`LogError::Recreated`] or [`LogError::Refused`] where the topic is another one now, or gone,
    /// or may not be read.
    fn poll(&mut self, wait: Duration) -> Result<Vec<TailEvent>, LogError>;

    /// Begins each partition that `from` names at its offset there: those that were assigned, all in
    /// one call, or those under way, which then go on from another place.
    ///
    /// # Errors
    /// [`LogError::Refused`] for a partition that is not this reader's, or where one that was
    /// assigned is left out. [`LogError::Lost`] where offsets are no longer in the log, and
    /// [`LogError::Recreated`] where one lies beyond the log's end; then nothing was started.
    fn start(&mut self, from: &OffsetVector) -> Result<(), LogError>;

    /// Gives up partitions that were revoked. Those that are not this reader's are passed over.
    ///
    /// # Errors
    /// The client fails.
    fn release(&mut self, places: &[TopicPartition]) -> Result<(), LogError>;

    /// Tells the group how far the reader is, so that the usual tools show its lag. Nobody begins
    /// there. It waits for nothing, and that it may fail is no reason to stop; without a group it
    /// does nothing.
    ///
    /// # Errors
    /// The offsets are not possible.
    fn commit(&mut self, reached: &OffsetVector) -> Result<(), LogError>;

    /// Tells the group how far the reader is and waits until it knows: for a reader that begins where
    /// the group is. Without a group it does nothing.
    ///
    /// # Errors
    /// The group does not take it: the broker is not there, or the partitions have gone to others.
    fn commit_durably(&mut self, reached: &OffsetVector) -> Result<(), LogError>;

    /// What the group knows of these partitions; those of which it knows nothing are not named.
    ///
    /// # Errors
    /// The broker is not there.
    fn committed(&mut self, places: &[TopicPartition]) -> Result<OffsetVector, LogError>;

    /// What it has seen.
    fn statistics(&self) -> TailStatistics;
}

/// Makes sure that all that was assigned is started.
pub(crate) fn complete<'a>(
    mut assigned: impl Iterator<Item = &'a TopicPartition>,
    from: &OffsetVector,
) -> Result<(), LogError> {
    match assigned.find(|place| !from.0.contains_key(place)) {
        Some(place) => Err(LogError::Refused(format!(
            "{place} was assigned and is not started: say where to begin in each partition"
        ))),
        None => Ok(()),
    }
}

/// What is said of a partition that may not be started.
pub(crate) fn not_ours(place: &TopicPartition) -> LogError {
    LogError::Refused(format!(
        "{place} cannot be started: it is not assigned to this reader"
    ))
}

/// Makes sure that a log has what comes next in each partition, or will have it.
pub(crate) fn reachable(log: &dyn EventLog, from: &OffsetVector) -> Result<(), LogError> {
    let mut gaps = Vec::new();
    for (place, at) in &from.0 {
        let bounds = log.bounds(place)?;
        if *at > bounds.end {
            return Err(LogError::Recreated {
                place: place.clone(),
                reached: *at,
                end: bounds.end,
            });
        }
        if *at < bounds.start {
            gaps.push((place.clone(), *at..bounds.start));
        }
    }
    match gaps.is_empty() {
        true => Ok(()),
        false => Err(LogError::Lost { gaps }),
    }
}
