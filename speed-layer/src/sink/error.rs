//! What can go wrong between a view and its changelog.

use arrow::error::ArrowError;
use event_log::LogError;
use shared_logic::answer::AnswerError;
use shared_logic::fold::FoldError;
use view_store::manifest::ManifestNumber;

/// Why a sink stopped; what it had committed stays.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The changelog cannot be written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store cannot be read, or the mark not be moved.
    #[error(transparent)]
    Store(#[from] view_store::error::Error),
    /// Partials could not be merged.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// Merged rows could not be shown.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// Rows could not be compared.
    #[error(transparent)]
    Compute(#[from] ArrowError),
    /// The view has no changes, or none of this kind.
    #[error("{0}")]
    Refused(String),
    /// The manifest that the changelog stands at is gone, or another than it was.
    #[error(
        "the changelog stands at manifest {number}, which this store {}: delete the topic and the consumer group {name} to write it anew, or name another topic", .why
    )]
    Lost {
        /// The manifest.
        number: ManifestNumber,
        /// What is the matter with it.
        why: &'static str,
        /// The name of the sink.
        name: String,
    },
}

impl SinkError {
    /// Whether the same may succeed later: the broker is away, another sink has come, or gc was
    /// faster.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Log(
                LogError::Broker { .. } | LogError::Unreachable { .. } | LogError::Fenced { .. }
            ) | Self::Store(view_store::error::Error::Retry { .. })
        )
    }
}
