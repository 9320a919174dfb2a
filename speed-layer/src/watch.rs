//! What a live speed layer tells about itself, for logs and metrics.

use std::time::Duration;

use event_log::tail::TailStatistics;
use shared_logic::identity::TopicPartition;
use shared_logic::partial::Counters;
use view_store::snapshot::Snapshot;

use crate::sealing::Sealed;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Partitions were claimed.
    Assigned(&'a [TopicPartition]),
    /// Partitions were sealed and given up.
    Revoked(&'a [TopicPartition]),
    /// Partitions were lost; what was open in them was dropped.
    Lost(&'a [TopicPartition]),
    /// Records are visible now.
    Published {
        /// How many.
        records: u64,
        /// What became of those that are in no row.
        counters: Counters,
        /// How many runs the open fold has.
        runs: usize,
    },
    /// A checkpoint is durable.
    Sealed {
        /// What it left.
        sealed: &'a Sealed,
        /// From its beginning until it was seen to be done.
        took: Duration,
    },
    /// The open fold was dropped because the manifest had moved on in a way that does not fit.
    Restarted {
        /// What did not fit.
        why: &'a str,
    },
    /// Something cannot be reached; it is tried again.
    Waiting {
        /// What: `topic`, `store` or `group`.
        on: &'static str,
        /// What is wrong.
        why: &'a str,
    },
    /// What was waited for is there again.
    Recovered {
        /// What: `topic`, `store` or `group`.
        on: &'static str,
    },
    /// The group could not be told how far the view is; nothing else depends on it.
    Uncommitted {
        /// What is wrong.
        why: &'a str,
    },
    /// Where it stands, about once a second.
    Standing {
        /// What the tail has seen.
        tail: &'a TailStatistics,
        /// What a query sees.
        snapshot: &'a Snapshot,
    },
    /// All is sealed, and the group is left.
    Stopped,
}

/// Whoever is told.
pub trait Watch: Send {
    /// Is told what happened.
    fn told(&mut self, event: Event<'_>);
}

/// Nobody watches.
impl Watch for () {
    fn told(&mut self, _: Event<'_>) {}
}
