//! `VAR_POP(x)`, `VAR_SAMP(x)`, `STDDEV_POP(x)` and `STDDEV_SAMP(x)`.
//!
//! Integers are kept as sum and sum of squares, both exact; other numbers as doubles, by count, mean
//! and sum of squared differences from the mean (Welford, "Note on a method for calculating
//! corrected sums of squares and products", Technometrics 4 (1962); merged as in Chan, Golub and
//! LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).

use std::sync::Arc;

use crate::error::{Result, fail};
use arrow::array::{
    ArrayRef, AsArray, Decimal128Array, Decimal256Array, Float64Array, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, UInt64Type, i256};

use super::grouped::{GroupState, Grouped};
use super::types::is_number;
use super::value::column;
use super::{Accumulator, StateColumn};

/// What is made of the variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spread {
    /// `VAR_POP`: over all values.
    VarPop,
    /// `VAR_SAMP`: of a sample, one degree of freedom less.
    VarSamp,
    /// `STDDEV_POP`: the root of `VAR_POP`.
    StddevPop,
    /// `STDDEV_SAMP`: the root of `VAR_SAMP`.
    StddevSamp,
}

impl Spread {
    /// What the squared differences from the mean are divided by; NULL is shown where it is 0.
    fn divisor(self, count: u64) -> u64 {
        match self {
            Self::VarPop | Self::StddevPop => count,
            Self::VarSamp | Self::StddevSamp => count.saturating_sub(1),
        }
    }

    fn shown(self, variance: f64) -> f64 {
        match self {
            Self::VarPop | Self::VarSamp => variance,
            Self::StddevPop | Self::StddevSamp => variance.sqrt(),
        }
    }
}

/// The accumulator columns over values of this type.
pub(super) fn state(input: &DataType) -> Vec<StateColumn> {
    if input.is_integer() {
        return vec![
            ("count", DataType::UInt64),
            ("sum", DataType::Decimal128(38, 0)),
            ("squares", DataType::Decimal256(76, 0)),
        ];
    }
    vec![
        ("count", DataType::UInt64),
        ("mean", DataType::Float64),
        ("differences", DataType::Float64),
    ]
}

/// The accumulator for values of this type.
pub(super) fn accumulator(input: &DataType, spread: Spread) -> Result<Accumulator> {
    Ok(match input {
        input if input.is_integer() => Box::new(Grouped::new(Integers(spread))),
        input if is_number(input) => Box::new(Grouped::new(Floats(spread))),
        other => return fail!("variances are of numbers, not of {other}"),
    })
}

#[derive(Clone, Debug)]
struct Floats(Spread);

/// Count, mean, and sum of squared differences from the mean.
#[derive(Clone, Copy, Debug, Default)]
struct Centred {
    count: u64,
    mean: f64,
    differences: f64,
}

impl Centred {
    fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.differences += before * (value - self.mean);
    }

    fn merge(&mut self, other: Self) {
        // Not only faster: with an empty side the formula below can overflow to NaN.
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                *self = other;
            }
            return;
        }
        let (mine, its) = (self.count as f64, other.count as f64);
        let both = mine + its;
        let apart = other.mean - self.mean;
        self.count += other.count;
        self.mean += apart * (its / both);
        self.differences += other.differences + apart * apart * (mine * (its / both));
    }
}

impl GroupState for Floats {
    type Group = Centred;
    type Arguments = Float64Array;
    type Saved = (UInt64Array, Float64Array, Float64Array);

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        let values = cast(column(columns, 0)?, &DataType::Float64)?;
        Ok(values.as_primitive::<Float64Type>().clone())
    }

    fn update(&self, group: &mut Centred, arguments: &Float64Array, row: usize) {
        group.add(arguments.value(row));
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Self::Saved> {
        match columns {
            [count, mean, differences] => Ok((
                count.as_primitive::<UInt64Type>().clone(),
                mean.as_primitive::<Float64Type>().clone(),
                differences.as_primitive::<Float64Type>().clone(),
            )),
            _ => fail!(
                "the state of a variance is three columns, got {}",
                columns.len()
            ),
        }
    }

    fn merge(&self, group: &mut Centred, saved: &Self::Saved, row: usize) -> Result<()> {
        group.merge(Centred {
            count: saved.0.value(row),
            mean: saved.1.value(row),
            differences: saved.2.value(row),
        });
        Ok(())
    }

    fn save(&self, groups: Vec<Centred>) -> Result<Vec<ArrayRef>> {
        let some = |part: fn(&Centred) -> f64| {
            let each = groups
                .iter()
                .map(|group| (group.count > 0).then(|| part(group)));
            Arc::new(Float64Array::from_iter(each))
        };
        Ok(vec![
            counts(groups.iter().map(|group| group.count)),
            some(|group| group.mean),
            some(|group| group.differences),
        ])
    }

    fn finish(&self, groups: Vec<Centred>) -> Result<ArrayRef> {
        let shown = groups.iter().map(|group| {
            let divisor = self.0.divisor(group.count);
            (divisor > 0).then(|| self.0.shown(group.differences / divisor as f64))
        });
        Ok(Arc::new(Float64Array::from_iter(shown)))
    }
}

#[derive(Clone, Debug)]
struct Integers(Spread);

/// Count, sum, and sum of squares.
#[derive(Clone, Copy, Debug, Default)]
struct Powers {
    count: u64,
    sum: i128,
    squares: i256,
}

impl Powers {
    /// The sum of squared differences from the mean: (count · squares − sum²) / count.
    ///
    /// Values have at most 64 bits, so 256 bits hold both products for any count below 2^63.
    fn differences(&self) -> f64 {
        let count = i256::from_i128(i128::from(self.count));
        let sum = i256::from_i128(self.sum);
        let scaled = (count.wrapping_mul(self.squares)).wrapping_sub(sum.wrapping_mul(sum));
        let (low, high) = scaled.to_parts();
        // Two 128-bit halves, so that what is subtracted is exact and only the result is rounded.
        let scaled = high as f64 * (u128::MAX as f64) + low as f64;
        scaled / self.count as f64
    }
}

impl GroupState for Integers {
    type Group = Powers;
    type Arguments = Decimal128Array;
    type Saved = (UInt64Array, Decimal128Array, Decimal256Array);

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Decimal128Array> {
        let values = cast(column(columns, 0)?, &DataType::Decimal128(38, 0))?;
        Ok(values.as_primitive::<Decimal128Type>().clone())
    }

    fn update(&self, group: &mut Powers, arguments: &Decimal128Array, row: usize) {
        let value = arguments.value(row);
        let wide = i256::from_i128(value);
        group.count += 1;
        group.sum += value;
        group.squares = group.squares.wrapping_add(wide.wrapping_mul(wide));
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Self::Saved> {
        match columns {
            [count, sum, squares] => Ok((
                count.as_primitive::<UInt64Type>().clone(),
                sum.as_primitive::<Decimal128Type>().clone(),
                squares.as_primitive::<Decimal256Type>().clone(),
            )),
            _ => fail!(
                "the state of a variance is three columns, got {}",
                columns.len()
            ),
        }
    }

    fn merge(&self, group: &mut Powers, saved: &Self::Saved, row: usize) -> Result<()> {
        group.count += saved.0.value(row);
        group.sum += saved.1.value(row);
        group.squares = group.squares.wrapping_add(saved.2.value(row));
        Ok(())
    }

    fn save(&self, groups: Vec<Powers>) -> Result<Vec<ArrayRef>> {
        let some = |group: &Powers| group.count > 0;
        let sums = groups.iter().map(|group| some(group).then_some(group.sum));
        let squares = groups
            .iter()
            .map(|group| some(group).then_some(group.squares));
        Ok(vec![
            counts(groups.iter().map(|group| group.count)),
            Arc::new(Decimal128Array::from_iter(sums).with_precision_and_scale(38, 0)?),
            Arc::new(Decimal256Array::from_iter(squares).with_precision_and_scale(76, 0)?),
        ])
    }

    fn finish(&self, groups: Vec<Powers>) -> Result<ArrayRef> {
        let shown = groups.iter().map(|group| {
            let divisor = self.0.divisor(group.count);
            (divisor > 0).then(|| self.0.shown(group.differences() / divisor as f64))
        });
        Ok(Arc::new(Float64Array::from_iter(shown)))
    }
}

/// Counts, NULL for a group without values.
fn counts(counts: impl Iterator<Item = u64>) -> ArrayRef {
    let counts: UInt64Array = counts.map(|count| (count > 0).then_some(count)).collect();
    Arc::new(counts)
}
