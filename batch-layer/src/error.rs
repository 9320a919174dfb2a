//! What can go wrong in the batch layer.

use event_log::LogError;
use shared_logic::fold::FoldError;
use shared_logic::identity::{Offset, TopicPartition};

use crate::engine::{HandOver, Unlowered};

/// Why the batch layer stopped; what it had committed stays.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
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
    /// The view is not one that Polars computes.
    #[error(transparent)]
    Unlowered(#[from] Unlowered),
    /// Polars could not fold a stretch of the archive.
    #[error("cannot fold {place} from offset {start} to {next}: {source}; use --engine fold")]
    Engine {
        /// The partition.
        place: TopicPartition,
        /// The first offset.
        start: Offset,
        /// The first offset behind.
        next: Offset,
        /// What failed.
        source: HandOver,
    },
    /// No thread pool.
    #[error("the threads of the batch could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
