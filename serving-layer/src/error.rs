//! What can go wrong while answering.

use datafusion::error::DataFusionError;
use shared_logic::answer::AnswerError;
use shared_logic::fold::FoldError;
use shared_logic::sql_error::SqlError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// The store cannot be read, or holds what it should not.
    #[error(transparent)]
    Store(#[from] view_store::error::Error),
    /// The segments of the snapshot do not make one answer.
    #[error(transparent)]
    Merge(#[from] FoldError),
    /// The merged accumulators cannot be shown.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The question itself is wrong: where, what, and what could be meant.
    #[error("{0}")]
    Sql(SqlError),
    /// The question cannot be answered.
    #[error("{0}")]
    Question(String),
    /// A view reads a fold that is not in the store.
    #[error(
        "view {view} reads {fold}, which is not in the store yet: run seam batch or seam speed for {view}"
    )]
    Missing {
        /// The view.
        view: String,
        /// The fold.
        fold: String,
    },
    /// A view reads a fold that is live with another version's logic.
    #[error(
        "view {view} reads {fold}, which is live with other logic: run seam reprocess for {view}, or roll {fold} back"
    )]
    OtherLogic {
        /// The view.
        view: String,
        /// The fold.
        fold: String,
    },
    /// Two folds of a view have not stood at the same offsets in any manifest that is kept.
    #[error(
        "the folds of view {view} stand apart: {ahead}, {behind}; run seam speed for {view}, which brings them to the same offsets"
    )]
    Apart {
        /// The view.
        view: String,
        /// The fold that is ahead, and where it stands.
        ahead: String,
        /// The fold that is behind, and where it stands.
        behind: String,
    },
    /// There is no runtime to answer on.
    #[error("the query engine could not start: {0}")]
    Start(#[from] std::io::Error),
}

impl From<DataFusionError> for ServingError {
    fn from(error: DataFusionError) -> Self {
        let text = error.strip_backtrace();
        let line: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        Self::Question(line.join(" "))
    }
}

impl From<arrow::error::ArrowError> for ServingError {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}
