//! What is computed per group: a measure's state, algebra and accumulator.

use arrow::datatypes::DataType;

use crate::error::{Result, fail};

pub mod accumulator;
pub mod algebra;
mod arg;
pub mod avg;
mod collect;
pub mod count;
mod distinct;
pub mod extreme;
pub mod function;
pub mod grouped;
pub mod histogram;
pub mod hyperloglog;
#[cfg(feature = "sql")]
pub mod library;
mod median;
mod moment;
mod percentile;
mod pick;
mod scalar;
mod seen;
mod sequence;
pub mod spread;
pub mod sum;
mod types;
pub mod user;
mod value;

pub use accumulator::{EmitTo, GroupsAccumulator};
pub use algebra::Algebra;
use collect::Keep;
use extreme::Side;
pub use function::Function;
use grouped::Grouped;
use pick::{End, Pick};
use sequence::Shown;
pub(crate) use types::unfit;

/// One aggregate of a view: a function over values of these types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Measure {
    /// The function.
    pub function: Function,
    /// The types of its arguments; none for `COUNT(*)`.
    pub inputs: Vec<DataType>,
}

/// The accumulator of a measure: grows with the groups, leaves as Arrow arrays.
pub type Accumulator = Box<dyn GroupsAccumulator>;

/// One accumulator column: a short name and its type.
pub type StateColumn = (&'static str, DataType);

impl Measure {
    /// The type of an argument; `Null` where there is none.
    fn input(&self, at: usize) -> &DataType {
        self.inputs.get(at).unwrap_or(&DataType::Null)
    }

    /// The type of the finished value.
    pub fn output(&self) -> DataType {
        let input = self.input(0);
        match &self.function {
            Function::CountRows
            | Function::Count
            | Function::CountDistinct
            | Function::ApproxCountDistinct => DataType::Int64,
            Function::Sum => match input {
                DataType::Decimal128(precision, scale) => {
                    DataType::Decimal128(precision.saturating_add(10).min(38), *scale)
                }
                input if input.is_signed_integer() => DataType::Int64,
                input if input.is_unsigned_integer() => DataType::UInt64,
                _ => DataType::Float64,
            },
            Function::Avg => match input {
                DataType::Decimal128(precision, scale) => DataType::Decimal128(
                    precision.saturating_add(4).min(38),
                    scale.saturating_add(4).min(38),
                ),
                _ => DataType::Float64,
            },
            Function::Spread(_) | Function::ApproxPercentile(_) => DataType::Float64,
            Function::Min
            | Function::Max
            | Function::First
            | Function::Last
            | Function::ArgMin
            | Function::ArgMax => input.clone(),
            Function::Median => median::output(input),
            Function::ArrayAgg | Function::TopK(_) => value::list_type(input),
            Function::StringAgg(_) => DataType::Utf8,
            Function::BoolAnd | Function::BoolOr => DataType::Boolean,
            Function::User(user) => user.0.output(&self.inputs),
        }
    }

    /// How its value behaves when the events are split and merged.
    pub fn algebra(&self) -> Algebra {
        match &self.function {
            Function::Sum | Function::Avg if self.input(0).is_floating() => Algebra::Bounded,
            Function::Spread(_) if !self.input(0).is_integer() => Algebra::Bounded,
            Function::ApproxCountDistinct | Function::ApproxPercentile(_) => Algebra::Canonical,
            Function::User(user) => user.0.algebra(&self.inputs),
            _ => Algebra::Exact,
        }
    }

    /// The accumulator columns that segments hold for it; none for `COUNT(*)`, which every group
    /// counts anyway.
    pub fn state(&self) -> Vec<StateColumn> {
        let input = self.input(0);
        match &self.function {
            Function::CountRows => vec![],
            Function::Count => vec![("count", DataType::UInt64)],
            Function::Sum => sum::state(input),
            Function::Min => vec![("min", input.clone())],
            Function::Max => vec![("max", input.clone())],
            Function::Avg => {
                let mut columns = sum::state(input);
                columns.push(("count", DataType::UInt64));
                columns
            }
            Function::Spread(_) => spread::state(input),
            Function::First | Function::Last => pick::state(input),
            Function::ArgMin | Function::ArgMax => arg::state(input, self.input(1)),
            Function::CountDistinct | Function::Median | Function::TopK(_) => collect::state(input),
            Function::ApproxCountDistinct => vec![("sketch", DataType::LargeBinary)],
            Function::ApproxPercentile(_) => percentile::state(),
            Function::ArrayAgg | Function::StringAgg(_) => sequence::state(input),
            Function::BoolAnd => vec![("all", DataType::Boolean)],
            Function::BoolOr => vec![("any", DataType::Boolean)],
            Function::User(user) => user.0.state(&self.inputs),
        }
    }

    /// A fresh accumulator; `None` for `COUNT(*)`.
    ///
    /// # Errors
    /// The function does not apply to values of this type.
    pub fn accumulator(&self) -> Result<Option<Accumulator>> {
        let input = self.input(0);
        Ok(Some(match &self.function {
            Function::CountRows => return Ok(None),
            Function::Count => Box::new(count::Count::default()),
            Function::Sum => sum::accumulator(input)?,
            Function::Min => extreme::accumulator(input, Side::Min)?,
            Function::Max => extreme::accumulator(input, Side::Max)?,
            Function::Avg => Box::new(avg::Avg::new(input)?),
            Function::Spread(spread) => spread::accumulator(input, *spread)?,
            Function::First => Box::new(Grouped::new(Pick::new(End::First, input))),
            Function::Last => Box::new(Grouped::new(Pick::new(End::Last, input))),
            Function::ArgMin => arg::accumulator(Side::Min, input, self.input(1))?,
            Function::ArgMax => arg::accumulator(Side::Max, input, self.input(1))?,
            Function::CountDistinct => collect::accumulator(input, Keep::Distinct)?,
            Function::ApproxCountDistinct => distinct::accumulator(input)?,
            Function::ApproxPercentile(share) => {
                Box::new(Grouped::new(percentile::Percentile(*share)))
            }
            Function::Median => collect::accumulator(input, Keep::All)?,
            Function::ArrayAgg => sequence::accumulator(input, &Shown::List)?,
            Function::StringAgg(separator) => {
                sequence::accumulator(input, &Shown::Joined(separator.clone()))?
            }
            Function::TopK(k) => collect::accumulator(input, Keep::Top(*k as usize))?,
            Function::BoolAnd | Function::BoolOr if *input != DataType::Boolean => {
                return fail!("{} takes booleans, not {input}", self.function);
            }
            // False is less than true.
            Function::BoolAnd => extreme::accumulator(input, Side::Min)?,
            Function::BoolOr => extreme::accumulator(input, Side::Max)?,
            Function::User(user) => user.0.accumulator(&self.inputs)?,
        }))
    }
}

#[cfg(test)]
mod tests;
