//! How far two tables agree, as feature stores report it between their offline and online values.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;

use super::level::{Level, Scale, wide};
use crate::difference::{cast_like, converter, equality, index};

/// Ratios of groups, and the mean relative error of each column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consistency {
    /// Groups of both sides whose values differ, of those of both sides.
    pub mismatch: f64,
    /// Groups that the answer lacks, of those of the truth.
    pub missing: f64,
    /// Groups that only the answer has, of those of the answer.
    pub extra: f64,
    /// The symmetric mean absolute percentage error of each measured column that holds numbers,
    /// from 0 to 2: the mean of 2·|a − t| / (|a| + |t|) over the groups of both sides, where equal
    /// values have none. As Chronon reports it.
    pub smape: Vec<(String, f64)>,
}

/// Compares `answer` with `truth`; see [`difference`](crate::difference::difference).
///
/// # Errors
/// The two have not the same columns.
pub fn consistency(
    answer: &RecordBatch,
    truth: &RecordBatch,
    bounds: &[Option<Vec<f64>>],
    keys: &[usize],
) -> Result<Consistency, ArrowError> {
    let columns = cast_like(answer, truth)?;
    let converter = converter(answer, keys)?;
    let mine = index(&converter, answer.columns(), keys)?;
    let its = index(&converter, &columns, keys)?;
    let mut both: Vec<(usize, usize)> = (mine.iter())
        .filter_map(|(key, row)| Some((*row, *its.get(key)?)))
        .collect();
    both.sort_unstable();
    let mut equal = vec![true; both.len()];
    let mut smape = vec![];
    for (number, (left, right)) in answer.columns().iter().zip(&columns).enumerate() {
        let bound = bounds.get(number).and_then(Option::as_deref);
        let same = equality(left, right, bound)?;
        let scale = Scale::of(left.data_type());
        let (left, right) = (wide(left)?, wide(right)?);
        let mut sum = 0.0;
        for ((a, t), equal) in both.iter().zip(&mut equal) {
            if same(*a, *t) {
                continue;
            }
            *equal = false;
            let (a, t) = (Level::of(&left, *a)?, Level::of(&right, *t)?);
            let from_zero = |level: &Level| scale.change(&Level::Absent, level).size();
            let size = from_zero(&a) + from_zero(&t);
            if size > 0.0 {
                sum += 2.0 * scale.change(&t, &a).size() / size;
            }
        }
        if !keys.contains(&number) && scale != Scale::Counted {
            let name = answer.schema().field(number).name().clone();
            smape.push((name, ratio(sum, both.len())));
        }
    }
    let unequal = equal.iter().filter(|equal| !**equal).count();
    Ok(Consistency {
        mismatch: ratio(unequal as f64, both.len()),
        missing: ratio((its.len() - both.len()) as f64, its.len()),
        extra: ratio((mine.len() - both.len()) as f64, mine.len()),
        smape,
    })
}

fn ratio(part: f64, of: usize) -> f64 {
    match of {
        0 => 0.0,
        of => part / of as f64,
    }
}
