//! A compiled expression, and which rows it fails on.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::DataType;

use crate::error::{Result, reason};

/// What computes a column from other columns, whole chunks at a time: an expression of SQL, or code.
pub trait Compute: Debug + Send + Sync {
    /// One value for each row.
    ///
    /// # Errors
    /// There is no value for some row. The rows are then tried again in halves, until those that
    /// fail are alone; they are rejected with this error as the reason.
    fn compute(&self, rows: &RecordBatch) -> Result<ArrayRef>;

    /// The same as DataFusion plans it, over columns by name, for engines that have their own way to
    /// evaluate it; `None` where it is code.
    #[cfg(feature = "sql")]
    fn logical(&self) -> Option<&datafusion_expr::Expr> {
        None
    }
}

/// An expression over the columns of a row.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    /// As it is written in SQL.
    pub(crate) text: String,
    /// The type of its values.
    pub(crate) data_type: DataType,
    /// As it is evaluated.
    pub(crate) run: Arc<dyn Compute>,
}

/// A row that an expression fails on, by its number, and why.
pub(crate) type Failure = (usize, String);

impl Expression {
    /// One value for each row, NULL where it fails, and the failures by row.
    ///
    /// All rows are tried at once. Where that fails the rows are halved until the failing ones are
    /// alone, so the same rows fail however events are grouped into chunks.
    ///
    /// # Errors
    /// The values do not make one array.
    pub(crate) fn evaluate(&self, rows: &RecordBatch) -> Result<(ArrayRef, Vec<Failure>)> {
        match self.run.compute(rows) {
            Ok(values) => Ok((values, vec![])),
            Err(_) => {
                let mut parts = vec![];
                let mut failures = vec![];
                self.halve(rows, 0, &mut parts, &mut failures);
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                Ok((concat(&parts)?, failures))
            }
        }
    }

    fn halve(
        &self,
        rows: &RecordBatch,
        first: usize,
        parts: &mut Vec<ArrayRef>,
        failures: &mut Vec<Failure>,
    ) {
        match self.run.compute(rows) {
            Ok(values) => parts.push(values),
            Err(error) if rows.num_rows() <= 1 => {
                parts.push(new_null_array(&self.data_type, rows.num_rows()));
                failures.push((first, format!("{}: {}", self.text, reason(&error))));
            }
            Err(_) => {
                let half = rows.num_rows() / 2;
                self.halve(&rows.slice(0, half), first, parts, failures);
                let rest = rows.slice(half, rows.num_rows() - half);
                self.halve(&rest, first + half, parts, failures);
            }
        }
    }
}

/// A column taken as it is.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its place among the columns of the rows.
    at: usize,
    #[cfg(feature = "sql")]
    logical: datafusion_expr::Expr,
}

impl Column {
    /// The column `name` at this place.
    #[cfg_attr(not(feature = "sql"), expect(unused_variables))]
    pub(crate) fn new(at: usize, name: &str) -> Self {
        Self {
            at,
            #[cfg(feature = "sql")]
            logical: datafusion_expr::Expr::Column(datafusion_common::Column::from_name(name)),
        }
    }
}

impl Compute for Column {
    fn compute(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        match rows.columns().get(self.at) {
            Some(column) => Ok(Arc::clone(column)),
            None => crate::error::fail!("column {} is missing", self.at),
        }
    }

    #[cfg(feature = "sql")]
    fn logical(&self) -> Option<&datafusion_expr::Expr> {
        Some(&self.logical)
    }
}
