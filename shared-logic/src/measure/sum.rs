//! `SUM(x)`: integers in 128 bits, decimals in 256, floats with compensation.
//!
//! Integers and decimals cannot wrap, so the order of events does not matter; whether the sum fits
//! its SQL type is asked once, when it is shown.

mod integers;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Decimal128Array, Decimal256Array,
    Float64Array, Int64Array, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Float64Type, Int64Type, UInt64Type, i256,
};
use datafusion_common::{DataFusionError, Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};

use super::seen::{Seen, each, valid};
use super::{Accumulator, StateColumn};
use integers::Integers;

/// A sum that its SQL type cannot hold, found when it is shown.
#[derive(Debug, thiserror::Error)]
#[error("the sum {sum} does not fit {data_type}")]
pub struct SumOverflow {
    /// The row of the answer.
    pub row: usize,
    /// The exact sum, without the decimal point.
    pub sum: String,
    /// The type it should have.
    pub data_type: DataType,
}

/// The accumulator columns of a sum over values of this type.
pub(super) fn state(input: &DataType) -> Vec<StateColumn> {
    match input {
        DataType::Decimal128(_, scale) => vec![("sum", DataType::Decimal256(76, *scale))],
        input if input.is_integer() => vec![("sum", DataType::Decimal128(38, 0))],
        _ => vec![("sum", DataType::Float64), ("error", DataType::Float64)],
    }
}

/// The accumulator for values of this type.
pub(super) fn accumulator(input: &DataType) -> Result<Accumulator> {
    Ok(match input {
        DataType::Decimal128(..) => Box::new(Sum::<i256>::new(input)),
        input if input.is_integer() => Box::new(Sum::<i128>::new(input)),
        input if input.is_floating() => Box::new(Sum::<Compensated>::new(input)),
        other => return exec_err!("SUM and AVG take numbers, not {other}"),
    })
}

/// A float sum and what rounding has lost of it so far.
///
/// Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen",
/// ZAMM 54 (1974).
#[derive(Clone, Copy, Debug, Default)]
pub struct Compensated {
    sum: f64,
    error: f64,
}

impl Compensated {
    #[inline]
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.error += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    /// The sum; infinities and NaN are not compensated.
    pub fn value(self) -> f64 {
        if self.sum.is_finite() {
            self.sum + self.error
        } else {
            self.sum
        }
    }
}

/// A number that sums are kept in.
pub(super) trait Total: Copy + Default + std::fmt::Debug + Send + 'static {
    /// The sums of all groups.
    type Sums: Sums<Self>;

    /// Adds the values to their groups' sums.
    fn add_all(
        sums: &mut Self::Sums,
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        seen: &mut Seen,
    ) -> Result<()>;

    /// Adds other sums, as [`Self::save`] wrote them.
    fn merge_all(
        sums: &mut Self::Sums,
        states: &[ArrayRef],
        groups: &[usize],
        seen: &mut Seen,
    ) -> Result<()>;

    /// The accumulator columns; NULL where a group has no value.
    fn save(sums: Vec<Self>, seen: &mut Seen, input: &DataType) -> Result<Vec<ArrayRef>>;

    /// The sums in the SQL type of the result.
    fn finish(sums: Vec<Self>, seen: &mut Seen, output: &DataType) -> Result<ArrayRef>;

    /// The averages in the SQL type of the result.
    fn average(sums: Vec<Self>, counts: &[u64], output: &DataType) -> Result<ArrayRef>;
}

/// Sums by the number of their group.
pub(super) trait Sums<T>: Default + std::fmt::Debug + Send {
    /// Room for `total` groups.
    fn resize(&mut self, total: usize);

    /// The sums of the groups that leave.
    fn take(&mut self, emit: EmitTo) -> Vec<T>;

    /// Bytes held.
    fn size(&self) -> usize;
}

impl<T: Total> Sums<T> for Vec<T> {
    fn resize(&mut self, total: usize) {
        self.resize(total, T::default());
    }

    fn take(&mut self, emit: EmitTo) -> Vec<T> {
        emit.take_needed(self)
    }

    fn size(&self) -> usize {
        self.capacity() * size_of::<T>()
    }
}

/// Sums per group, in numbers of type `T`.
#[derive(Debug)]
pub(super) struct Sum<T: Total> {
    input: DataType,
    pub(super) sums: T::Sums,
    seen: Seen,
}

impl<T: Total> Sum<T> {
    pub(super) fn new(input: &DataType) -> Self {
        Self {
            input: input.clone(),
            sums: T::Sums::default(),
            seen: Seen::default(),
        }
    }
}

impl<T: Total> GroupsAccumulator for Sum<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total);
        let [values] = values else {
            return exec_err!("SUM takes one argument, got {}", values.len());
        };
        T::add_all(&mut self.sums, values, groups, filter, &mut self.seen)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let measure = super::Measure {
            function: super::Function::Sum,
            inputs: vec![self.input.clone()],
        };
        let sums = self.sums.take(emit);
        T::finish(sums, &mut self.seen, &measure.output())
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = self.sums.take(emit);
        T::save(sums, &mut self.seen, &self.input)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.sums.resize(total);
        T::merge_all(&mut self.sums, states, groups, &mut self.seen)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut single = Self::new(&self.input);
        let rows = values.first().map_or(0, |values| values.len());
        let groups: Vec<usize> = (0..rows).collect();
        single.update_batch(values, &groups, filter, rows)?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.sums.size() + self.seen.size()
    }
}

fn column(states: &[ArrayRef], at: usize) -> Result<&ArrayRef> {
    match states.get(at) {
        Some(column) => Ok(column),
        None => exec_err!("the state of SUM lacks column {at}"),
    }
}

fn overflow(row: usize, sum: impl ToString, data_type: &DataType) -> DataFusionError {
    DataFusionError::External(Box::new(SumOverflow {
        row,
        sum: sum.to_string(),
        data_type: data_type.clone(),
    }))
}

fn add_column<P: ArrowPrimitiveType, T: Copy>(
    values: &ArrayRef,
    groups: &[usize],
    filter: Option<&BooleanArray>,
    seen: &mut Seen,
    sums: &mut [T],
    mut add: impl FnMut(&mut T, P::Native),
) {
    let valid = valid(values, filter);
    seen.note(groups, valid.as_ref(), sums.len());
    each(
        groups,
        values.as_primitive::<P>().values(),
        valid.as_ref(),
        |group, value| {
            if let Some(sum) = sums.get_mut(group) {
                add(sum, value);
            }
        },
    );
}

impl Total for i128 {
    type Sums = Integers;

    fn add_all(
        sums: &mut Integers,
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        seen: &mut Seen,
    ) -> Result<()> {
        macro_rules! add {
            ($type:ty) => {
                integers::add_column::<$type>(sums, values, groups, filter, seen)
            };
        }
        use arrow::datatypes::{Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type};
        match values.data_type() {
            DataType::Int8 => add!(Int8Type),
            DataType::Int16 => add!(Int16Type),
            DataType::Int32 => add!(Int32Type),
            DataType::Int64 => add!(Int64Type),
            DataType::UInt8 => add!(UInt8Type),
            DataType::UInt16 => add!(UInt16Type),
            DataType::UInt32 => add!(UInt32Type),
            DataType::UInt64 => add!(UInt64Type),
            other => return exec_err!("SUM over integers was given {other}"),
        }
        Ok(())
    }

    fn merge_all(
        sums: &mut Integers,
        states: &[ArrayRef],
        groups: &[usize],
        seen: &mut Seen,
    ) -> Result<()> {
        let states = column(states, 0)?;
        integers::add_column::<Decimal128Type>(sums, states, groups, None, seen);
        Ok(())
    }

    fn save(sums: Vec<Self>, seen: &mut Seen, _: &DataType) -> Result<Vec<ArrayRef>> {
        let nulls = seen.take(sums.len());
        let saved = Decimal128Array::new(sums.into(), nulls).with_precision_and_scale(38, 0)?;
        Ok(vec![Arc::new(saved)])
    }

    fn finish(sums: Vec<Self>, seen: &mut Seen, output: &DataType) -> Result<ArrayRef> {
        macro_rules! fit {
            ($array:ty, $native:ty) => {{
                let nulls = seen.take(sums.len());
                let fitted = (sums.into_iter().enumerate())
                    .map(|(row, sum)| {
                        <$native>::try_from(sum).map_err(|_| overflow(row, sum, output))
                    })
                    .collect::<Result<Vec<$native>>>()?;
                Arc::new(<$array>::new(fitted.into(), nulls))
            }};
        }
        Ok(match output {
            DataType::UInt64 => fit!(UInt64Array, u64),
            _ => fit!(Int64Array, i64),
        })
    }

    fn average(sums: Vec<Self>, counts: &[u64], _: &DataType) -> Result<ArrayRef> {
        let averages = (sums.into_iter().zip(counts))
            .map(|(sum, count)| (*count > 0).then(|| sum as f64 / *count as f64));
        Ok(Arc::new(Float64Array::from_iter(averages)))
    }
}

impl Total for i256 {
    type Sums = Vec<Self>;

    fn add_all(
        sums: &mut Vec<Self>,
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        seen: &mut Seen,
    ) -> Result<()> {
        add_column::<Decimal128Type, _>(values, groups, filter, seen, sums, |sum, value| {
            *sum = sum.wrapping_add(Self::from_i128(value));
        });
        Ok(())
    }

    fn merge_all(
        sums: &mut Vec<Self>,
        states: &[ArrayRef],
        groups: &[usize],
        seen: &mut Seen,
    ) -> Result<()> {
        let states = column(states, 0)?;
        add_column::<Decimal256Type, _>(states, groups, None, seen, sums, |sum, state| {
            *sum = sum.wrapping_add(state);
        });
        Ok(())
    }

    fn save(sums: Vec<Self>, seen: &mut Seen, input: &DataType) -> Result<Vec<ArrayRef>> {
        let nulls = seen.take(sums.len());
        let scale = match input {
            DataType::Decimal128(_, scale) => *scale,
            _ => 0,
        };
        let saved = Decimal256Array::new(sums.into(), nulls).with_precision_and_scale(76, scale)?;
        Ok(vec![Arc::new(saved)])
    }

    fn finish(sums: Vec<Self>, seen: &mut Seen, output: &DataType) -> Result<ArrayRef> {
        let nulls = seen.take(sums.len());
        let fitted: Vec<i128> = (sums.into_iter().enumerate())
            .map(|(row, sum)| fit(sum, output).ok_or_else(|| overflow(row, sum, output)))
            .collect::<Result<_>>()?;
        let fitted = Decimal128Array::new(fitted.into(), nulls).with_data_type(output.clone());
        Ok(Arc::new(fitted))
    }

    fn average(sums: Vec<Self>, counts: &[u64], output: &DataType) -> Result<ArrayRef> {
        // The result has four more digits after the point than the sum, further ones are cut off.
        let more = Self::from_i128(10_000);
        let averages = (sums.into_iter().zip(counts).enumerate())
            .map(|(row, (sum, count))| {
                if *count == 0 {
                    return Ok(None);
                }
                let average = sum
                    .checked_mul(more)
                    .and_then(|sum| sum.checked_div(Self::from_i128(i128::from(*count))))
                    .and_then(|average| fit(average, output));
                average.map(Some).ok_or_else(|| overflow(row, sum, output))
            })
            .collect::<Result<Vec<Option<i128>>>>()?;
        let averages = Decimal128Array::from(averages).with_data_type(output.clone());
        Ok(Arc::new(averages))
    }
}

fn fit(sum: i256, output: &DataType) -> Option<i128> {
    let digits = match output {
        DataType::Decimal128(precision, _) => u32::from(*precision),
        _ => 38,
    };
    let limit = 10_i128.checked_pow(digits)?;
    sum.to_i128()
        .filter(|sum| sum.unsigned_abs() < limit.unsigned_abs())
}

impl Total for Compensated {
    type Sums = Vec<Self>;

    fn add_all(
        sums: &mut Vec<Self>,
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        seen: &mut Seen,
    ) -> Result<()> {
        let values = cast(values, &DataType::Float64)?;
        add_column::<Float64Type, _>(&values, groups, filter, seen, sums, Self::add);
        Ok(())
    }

    fn merge_all(
        sums: &mut Vec<Self>,
        states: &[ArrayRef],
        groups: &[usize],
        seen: &mut Seen,
    ) -> Result<()> {
        add_column::<Float64Type, _>(column(states, 0)?, groups, None, seen, sums, Self::add);
        let errors = column(states, 1)?;
        add_column::<Float64Type, _>(errors, groups, None, seen, sums, |sum, error| {
            sum.error += error;
        });
        Ok(())
    }

    fn save(sums: Vec<Self>, seen: &mut Seen, _: &DataType) -> Result<Vec<ArrayRef>> {
        let nulls = seen.take(sums.len());
        let (sums, errors): (Vec<f64>, Vec<f64>) = sums
            .into_iter()
            .map(|total| (total.sum, total.error))
            .unzip();
        Ok(vec![
            Arc::new(Float64Array::new(sums.into(), nulls.clone())),
            Arc::new(Float64Array::new(errors.into(), nulls)),
        ])
    }

    fn finish(sums: Vec<Self>, seen: &mut Seen, _: &DataType) -> Result<ArrayRef> {
        let nulls = seen.take(sums.len());
        let sums: Vec<f64> = sums.into_iter().map(Self::value).collect();
        Ok(Arc::new(Float64Array::new(sums.into(), nulls)))
    }

    fn average(sums: Vec<Self>, counts: &[u64], _: &DataType) -> Result<ArrayRef> {
        let averages = (sums.into_iter().zip(counts))
            .map(|(sum, count)| (*count > 0).then(|| sum.value() / *count as f64));
        Ok(Arc::new(Float64Array::from_iter(averages)))
    }
}
