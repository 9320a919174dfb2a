//! What can go wrong in the speed layer.

use event_log::LogError;
use shared_logic::fold::FoldError;
use shared_logic::identity::{Offset, TopicPartition};

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
}
