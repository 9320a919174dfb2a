//! Two answers side by side, group by group.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};

/// Floats are equal within this share of their size, whatever else is said of them.
const TOLERANCE: f64 = 1e-9;

/// How an answer differs from another, in groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Groups of either side.
    pub groups: usize,
    /// Groups that only one side has, or whose values differ.
    pub wrong: usize,
    /// The rows of `answer` and of `truth` for each wrong group.
    pub rows: Vec<(Option<usize>, Option<usize>)>,
}

/// Compares `answer` with `truth`; the columns at `keys` say which rows belong together. `bounds`
/// says for each column that need not be equal how far each row of the truth may be off.
///
/// # Errors
/// The two have not the same columns.
pub fn difference(
    answer: &RecordBatch,
    truth: &RecordBatch,
    bounds: &[Option<Vec<f64>>],
    keys: &[usize],
) -> Result<Difference, ArrowError> {
    if answer.num_columns() != truth.num_columns() {
        return Err(ArrowError::SchemaError(format!(
            "answers with {} and {} columns cannot be compared",
            answer.num_columns(),
            truth.num_columns()
        )));
    }
    let truth_columns = cast_like(answer, truth)?;
    let bounds = bounds
        .iter()
        .map(Option::as_deref)
        .chain(std::iter::repeat(None));
    let equal = (answer.columns().iter().zip(&truth_columns).zip(bounds))
        .map(|((left, right), bound)| equality(left, right, bound))
        .collect::<Result<Vec<_>, _>>()?;

    let converter = converter(answer, keys)?;
    let mine = index(&converter, answer.columns(), keys)?;
    let other = index(&converter, &truth_columns, keys)?;

    let mut rows = Vec::new();
    for (key, row) in &mine {
        match other.get(key) {
            Some(its) if equal.iter().all(|equal| equal(*row, *its)) => {}
            its => rows.push((Some(*row), its.copied())),
        }
    }
    let lost = other.iter().filter(|(key, _)| !mine.contains_key(*key));
    rows.extend(lost.map(|(_, row)| (None, Some(*row))));
    rows.sort_unstable();
    let only_theirs = rows.iter().filter(|(mine, _)| mine.is_none()).count();
    Ok(Difference {
        groups: mine.len() + only_theirs,
        wrong: rows.len(),
        rows,
    })
}

/// The columns of `truth` in the types of `answer`.
pub(crate) fn cast_like(
    answer: &RecordBatch,
    truth: &RecordBatch,
) -> Result<Vec<ArrayRef>, ArrowError> {
    (answer.columns().iter().zip(truth.columns()))
        .map(|(like, column)| cast(column, like.data_type()))
        .collect()
}

/// What makes the columns at `keys` comparable.
pub(crate) fn converter(answer: &RecordBatch, keys: &[usize]) -> Result<RowConverter, ArrowError> {
    let fields = keys.iter().filter_map(|key| answer.columns().get(*key));
    let fields = fields
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    RowConverter::new(fields)
}

/// Whether a row of one side and one of the other have equal values.
pub(crate) type Equality<'s> = Box<dyn Fn(usize, usize) -> bool + 's>;

/// Compares a column of an answer with one of the truth, each row of which may be off by so much.
pub(crate) fn equality<'s>(
    left: &ArrayRef,
    right: &ArrayRef,
    bounds: Option<&'s [f64]>,
) -> Result<Equality<'s>, ArrowError> {
    let float = matches!(left.data_type(), DataType::Float32 | DataType::Float64);
    if !float && bounds.is_none() {
        let compare = make_comparator(left, right, SortOptions::default())?;
        return Ok(Box::new(move |a, b| compare(a, b).is_eq()));
    }
    let numbers = |column: &ArrayRef| -> Result<Float64Array, ArrowError> {
        let numbers = cast(column, &DataType::Float64)?;
        Ok(numbers.as_primitive::<Float64Type>().clone())
    };
    let (left, right) = (numbers(left)?, numbers(right)?);
    Ok(Box::new(move |a, b| {
        if left.is_null(a) || right.is_null(b) {
            return left.is_null(a) && right.is_null(b);
        }
        let bound = bounds.and_then(|bounds| bounds.get(b).copied());
        let (a, b) = (left.value(a), right.value(b));
        if !(a.is_finite() && b.is_finite()) {
            return a == b || (a.is_nan() && b.is_nan());
        }
        let own = match float {
            true => TOLERANCE * a.abs().max(b.abs()),
            false => 0.0,
        };
        (a - b).abs() <= own.max(bound.unwrap_or_default())
    }))
}

/// Rows by key; a view that does not show all its keys has several rows of one key, told apart by
/// their order.
pub(crate) fn index(
    converter: &RowConverter,
    columns: &[ArrayRef],
    keys: &[usize],
) -> Result<HashMap<(OwnedRow, usize), usize>, ArrowError> {
    let keys: Vec<ArrayRef> = keys
        .iter()
        .filter_map(|key| columns.get(*key).cloned())
        .collect();
    let mut index = HashMap::new();
    let mut met: HashMap<OwnedRow, usize> = HashMap::new();
    for (number, row) in converter.convert_columns(&keys)?.iter().enumerate() {
        let row = row.owned();
        let times = met.entry(row.clone()).or_default();
        index.insert((row, *times), number);
        *times += 1;
    }
    Ok(index)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    fn rows(keys: &[i64], values: &[Option<f64>]) -> RecordBatch {
        let keys: ArrayRef = Arc::new(Int64Array::from(keys.to_vec()));
        let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("key", keys), ("value", values)]).unwrap()
    }

    #[test]
    fn lost_extra_and_changed_groups_are_wrong() {
        let answer = rows(&[1, 2, 3, 4], &[Some(1.0), Some(2.0), None, Some(1e20)]);
        let truth = rows(
            &[1, 2, 4, 5],
            &[Some(1.0), Some(2.1), Some(1e20 + 1e5), None],
        );
        let found = difference(&answer, &truth, &[], &[0]).unwrap();
        assert_eq!((found.groups, found.wrong), (5, 3));
        assert_eq!(
            found.rows,
            [(None, Some(3)), (Some(1), Some(1)), (Some(2), None)]
        );
    }

    #[test]
    fn null_is_not_zero() {
        let found = difference(&rows(&[1], &[None]), &rows(&[1], &[Some(0.0)]), &[], &[0]).unwrap();
        assert_eq!(found.wrong, 1);
    }
}
