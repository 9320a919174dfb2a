//! What can go wrong in the speed layer.

use event_log::LogError;
use shared_logic::fold::FoldError;
use shared_logic::identity::{Offset, TopicPartition};
use view_store::manifest::Epoch;

/// Why the speed layer stopped; what it had committed stays.
#[derive(Debug, thiserror::Error)]
pub enum SpeedError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Events could not be folded.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] view_store::error::Error),
    /// A record could not be read and the run is strict.
    #[error(
        "record {place}@{offset} is rejected: {reason}; run without --strict to count and skip it"
    )]
    Rejected {
        /// The partition.
        place: TopicPartition,
        /// The record.
        offset: Offset,
        /// Why.
        reason: String,
    },
    /// What follows on the speed layer cannot go on.
    #[error("what follows on the speed layer stopped: {0}")]
    Downstream(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another process has claimed a partition, so this one is a zombie: what it holds is dropped.
    #[error(
        "fenced: {place} was claimed by another process (epoch {now}, this one had {held}), nothing was written: start this one again to take part anew"
    )]
    Fenced {
        /// The partition.
        place: TopicPartition,
        /// The epoch that this process had claimed.
        held: Epoch,
        /// The newest epoch.
        now: Epoch,
    },
    /// The store could not be reached at the end.
    #[error(
        "stopped with an open fold that the store did not take ({why}): nothing is lost, the next start folds it again"
    )]
    Unsealed {
        /// Why not.
        why: String,
    },
    /// The machine has no thread to spare.
    #[error("no thread to seal on: {0}")]
    Thread(#[source] std::io::Error),
    /// The thread that seals is gone.
    #[error("the thread that seals has panicked, report this")]
    Panicked,
}
