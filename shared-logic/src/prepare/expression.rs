//! A compiled expression, and which rows it fails on.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::error::ArrowError;
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::Expr;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Column;

use crate::sql_error::lower_first;

/// An expression over the columns of a row.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    /// As it is written in SQL.
    pub(crate) text: String,
    /// The type of its values.
    pub(crate) data_type: DataType,
    /// As DataFusion plans it, types coerced, over columns by name.
    pub(crate) logical: Expr,
    /// As it is evaluated.
    pub(crate) run: Arc<dyn PhysicalExpr>,
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
    pub(crate) fn evaluate(
        &self,
        rows: &RecordBatch,
    ) -> std::result::Result<(ArrayRef, Vec<Failure>), ArrowError> {
        match self.at_once(rows) {
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
        match self.at_once(rows) {
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

    fn at_once(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        let values = self.run.evaluate(rows)?.into_array(rows.num_rows())?;
        // Arrow's arithmetic lets a decimal grow beyond its digits.
        if let DataType::Decimal128(precision, _) = self.data_type
            && self.run.downcast_ref::<Column>().is_none()
            && let Some(decimals) = values.as_primitive_opt::<Decimal128Type>()
        {
            decimals.validate_decimal_precision(precision)?;
        }
        Ok(values)
    }
}

/// What went wrong, in one line.
pub(crate) fn reason(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::DivideByZero => "division by zero".to_owned(),
            ArrowError::ArithmeticOverflow(text)
            | ArrowError::CastError(text)
            | ArrowError::ComputeError(text)
            | ArrowError::ParseError(text)
            | ArrowError::InvalidArgumentError(text) => text.clone(),
            other => other.to_string(),
        },
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::NotImplemented(text) => text.clone(),
        other => other.strip_backtrace(),
    };
    let line = text.lines().next().unwrap_or_default().trim();
    lower_first(line.trim_end_matches('.'))
}
