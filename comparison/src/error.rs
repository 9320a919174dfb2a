//! What can go wrong in a comparison.

use batch_layer::error::BatchError;
use serving_layer::error::ServingError;
use shared_logic::fold::FoldError;
use speed_layer::error::SpeedError;

use crate::truth::TruthError;

/// Why a comparison has no result.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// The schedule cannot be followed on these events.
    #[error("{0}")]
    Schedule(String),
    /// There is no such seam rule, slip or second code base.
    #[error("{0}")]
    Choice(String),
    /// The independent truth cannot be computed.
    #[error(transparent)]
    Truth(#[from] TruthError),
    /// The batch half failed.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The speed half failed.
    #[error(transparent)]
    Speed(#[from] SpeedError),
    /// The halves could not be merged.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The answer could not be served.
    #[error(transparent)]
    Serving(#[from] ServingError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] view_store::error::Error),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] event_log::LogError),
    /// Two answers could not be compared.
    #[error(transparent)]
    Compute(#[from] arrow::error::ArrowError),
}
