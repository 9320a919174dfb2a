//! From merged accumulators to the rows shown.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;

use crate::prepare::expression::Expression;

/// The SELECT list over keys, window and finished measures.
#[derive(Debug)]
pub struct Projection {
    /// The columns shown.
    pub(crate) schema: SchemaRef,
    /// What computes them, over `window_start`, `window_end`, the keys and the measures.
    pub(crate) columns: Vec<Expression>,
    /// The columns shown that depend on window and keys alone.
    pub(crate) keys_shown: Vec<usize>,
    /// What groups are called by in errors: `window_start`, `window_end` and the keys as written.
    pub(crate) group: Vec<String>,
}

/// Why finished measures could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// An expression of SELECT fails for a group.
    #[error("cannot show the group {group}: {reason}")]
    Group {
        /// The window and keys of the first such group.
        group: String,
        /// The expression, and why it fails.
        reason: String,
    },
    /// The measures are not those of the view.
    #[error("the finished measures do not fit the view: {0}")]
    Columns(#[from] ArrowError),
}

impl Projection {
    /// The columns of the answer that depend on window and keys alone: they name a row.
    pub fn keys_shown(&self) -> &[usize] {
        &self.keys_shown
    }

    /// The rows shown: one for each row of `finished`, in its order.
    ///
    /// `finished` holds `window_start` and `window_end` (timestamps in microseconds), the keys, and
    /// then one column for each of the view's measures in its output type.
    ///
    /// # Errors
    /// A group on which an expression fails, say by dividing by zero; columns of another view.
    pub fn apply(&self, finished: &RecordBatch) -> Result<RecordBatch, ProjectionError> {
        let mut columns = vec![];
        for expression in &self.columns {
            let (values, failures) = expression.evaluate(finished)?;
            if let Some((row, reason)) = failures.into_iter().next() {
                let group = self.group_name(finished, row)?;
                return Err(ProjectionError::Group { group, reason });
            }
            columns.push(values);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    /// `window_start 2024-01-01T00:00:00, origin LIS`.
    fn group_name(&self, finished: &RecordBatch, row: usize) -> Result<String, ArrowError> {
        let mut parts = vec![];
        for (name, column) in self.group.iter().zip(finished.columns()) {
            let value = match column.is_null(row) {
                true => "NULL".to_owned(),
                false => array_value_to_string(column, row)?,
            };
            parts.push(format!("{name} {value}"));
        }
        Ok(parts.join(", "))
    }
}

#[cfg(all(test, feature = "sql"))]
mod tests;
