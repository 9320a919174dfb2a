//! WHERE: which rows are wanted, and which it fails on.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, prep_null_mask_filter};
use arrow::error::ArrowError;

use super::expression::{Expression, Failure};

/// The condition of WHERE.
///
/// `a AND b` is decided from left to right: a row that `a` is not true for is out, and `b` never
/// sees it. So `b <> 0 AND a / b > 1` rejects no row.
#[derive(Debug)]
pub(crate) struct Filter {
    /// The whole condition.
    pub(crate) whole: Expression,
    /// Its parts around the outermost ANDs.
    pub(crate) parts: Vec<Expression>,
}

impl Filter {
    /// True for each wanted row, without NULLs, and the rows that a part fails on; those are not
    /// wanted.
    ///
    /// The whole condition is tried first; where it succeeds, the parts would give the same.
    pub(super) fn wanted(
        &self,
        rows: &RecordBatch,
    ) -> Result<(BooleanArray, Vec<Failure>), ArrowError> {
        match self.whole.run.compute(rows) {
            Ok(values) => Ok((truth(values.as_ref()), vec![])),
            Err(_) => self.part_by_part(rows),
        }
    }

    fn part_by_part(&self, rows: &RecordBatch) -> Result<(BooleanArray, Vec<Failure>), ArrowError> {
        let mut alive: Vec<usize> = (0..rows.num_rows()).collect();
        let mut seen = rows.clone();
        let mut failures = vec![];
        for part in &self.parts {
            let (values, failed) = part.evaluate(&seen)?;
            let failed = failed
                .into_iter()
                .filter_map(|(row, reason)| Some((*alive.get(row)?, reason)));
            failures.extend(failed);
            let keep = truth(values.as_ref());
            seen = filter_record_batch(&seen, &keep)?;
            alive = (alive.into_iter().zip(keep.values()))
                .filter_map(|(row, keep)| keep.then_some(row))
                .collect();
        }
        let mut wanted = vec![false; rows.num_rows()];
        for row in alive {
            wanted
                .get_mut(row)
                .into_iter()
                .for_each(|wanted| *wanted = true);
        }
        Ok((BooleanArray::from(wanted), failures))
    }
}

/// True where the value is true; NULL counts as not.
fn truth(values: &dyn Array) -> BooleanArray {
    match values.as_boolean_opt() {
        Some(values) if values.null_count() > 0 => prep_null_mask_filter(values),
        Some(values) => values.clone(),
        None => BooleanArray::from(vec![false; values.len()]),
    }
}
