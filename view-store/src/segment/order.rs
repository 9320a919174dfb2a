//! Whether rows are in the order that look-ups rely on.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, make_comparator};
use arrow::buffer::BooleanBuffer;
use arrow::compute::SortOptions;
use arrow::compute::kernels::cmp::{lt, not_distinct};
use arrow::error::ArrowError;
use rayon::prelude::*;

use crate::error::Refusal;

/// How many rows are looked at at once.
const ROWS: usize = 65_536;

/// Checks that rows ascend by their first `columns` columns, NULLs first, no two alike: a fold that
/// breaks the order must not become a file.
pub(super) fn check(chunks: &[RecordBatch], columns: usize) -> Result<(), Refusal> {
    let failed = |source: ArrowError| Refusal::Rows(source.to_string());
    let mut before: Option<&RecordBatch> = None;
    let mut first = 0;
    for chunk in chunks.iter().filter(|chunk| chunk.num_rows() > 0) {
        let follows = before.map_or(Ok(true), |before| follows(before, chunk, columns));
        if !follows.map_err(failed)? {
            return Err(out_of_order(first));
        }
        let starts: Vec<usize> = (0..chunk.num_rows() - 1).step_by(ROWS).collect();
        let wrong = match starts.as_slice() {
            [] => None,
            [start] => first_wrong(chunk, *start, columns).map_err(failed)?,
            many => (many.par_iter())
                .map(|start| first_wrong(chunk, *start, columns))
                .collect::<Result<Vec<_>, _>>()
                .map_err(failed)?
                .into_iter()
                .flatten()
                .next(),
        };
        if let Some(row) = wrong {
            return Err(out_of_order(first + row));
        }
        first += chunk.num_rows();
        before = Some(chunk);
    }
    Ok(())
}

fn out_of_order(row: usize) -> Refusal {
    Refusal::Rows(format!(
        "row {row} is not after the one before it: sort by window and key and merge equal ones"
    ))
}

/// Whether the first row of `after` comes after the last one of `before`.
fn follows(before: &RecordBatch, after: &RecordBatch, columns: usize) -> Result<bool, ArrowError> {
    let last = before.num_rows() - 1;
    for (left, right) in (before.columns().iter().zip(after.columns())).take(columns) {
        match make_comparator(left, right, SortOptions::default())?(last, 0) {
            Ordering::Less => return Ok(true),
            Ordering::Equal => {}
            Ordering::Greater => return Ok(false),
        }
    }
    Ok(false)
}

/// The first of the [`ROWS`] rows behind row `start` that is not after the one before it.
fn first_wrong(
    rows: &RecordBatch,
    start: usize,
    columns: usize,
) -> Result<Option<usize>, ArrowError> {
    let length = ROWS.min(rows.num_rows() - 1 - start);
    let mut equal = BooleanBuffer::new_set(length);
    let mut after = BooleanBuffer::new_unset(length);
    for column in rows.columns().iter().take(columns) {
        let (left, right) = (column.slice(start, length), column.slice(start + 1, length));
        after = &after | &(&equal & &before(&left, &right)?);
        equal = &equal & not_distinct(&left, &right)?.values();
    }
    let wrong = after.iter().position(|after| !after);
    Ok(wrong.map(|at| start + 1 + at))
}

/// Where a value of `left` is less than the one of `right`, NULLs least.
fn before(left: &ArrayRef, right: &ArrayRef) -> Result<BooleanBuffer, ArrowError> {
    let less: BooleanArray = lt(left, right)?;
    let (values, nulls) = less.into_parts();
    let Some(known) = nulls else {
        return Ok(values);
    };
    let valid = |array: &ArrayRef| match array.logical_nulls() {
        Some(nulls) => nulls.into_inner(),
        None => BooleanBuffer::new_set(array.len()),
    };
    let null_first = &!&valid(left) & &valid(right);
    Ok(&(&values & known.inner()) | &null_first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<i64>, Option<i64>);

    fn chunk(rows: &[Row]) -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [
            (
                "a",
                Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
            ),
            (
                "b",
                Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()),
            ),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
            .unwrap()
    }

    proptest! {
        #[test]
        fn the_first_row_out_of_order_is_found(
            mut rows in proptest::collection::vec((any::<Option<bool>>(), any::<Option<u8>>()), 1..20),
            sorted in any::<bool>(),
            cut in 0..20_usize,
        ) {
            if sorted {
                rows.sort();
            }
            let rows: Vec<Row> =
                rows.into_iter().map(|(a, b)| (a.map(i64::from), b.map(i64::from))).collect();
            let wrong = (1..rows.len()).find(|row| rows.get(row - 1) >= rows.get(*row));
            let (low, high) = rows.split_at(cut.min(rows.len()));
            let found = check(&[chunk(low), chunk(high)], 2);
            prop_assert_eq!(
                found.map_err(|error| error.to_string()),
                wrong.map_or(Ok(()), |row| Err(out_of_order(row).to_string()))
            );
        }
    }
}
