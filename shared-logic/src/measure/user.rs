//! A measure that a user brings.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::error::Result;
use arrow::datatypes::DataType;

use super::{Accumulator, Algebra, StateColumn};

/// A measure of a user's own. [`crate::laws`] tells whether it may be split and merged.
///
/// The accumulator can be any `GroupsAccumulator`; where speed does not matter,
/// [`Grouped`](super::grouped::Grouped) makes one of a state per group.
///
/// How far the values of a group are apart:
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{ArrayRef, AsArray, Int64Array};
/// use arrow::datatypes::{DataType, Int64Type};
/// use shared_logic::builder::user;
/// use shared_logic::error::Result;
/// use shared_logic::laws;
/// use shared_logic::measure::grouped::{GroupState, Grouped};
/// use shared_logic::measure::user::{User, UserMeasure};
/// use shared_logic::measure::{Accumulator, Algebra, Function, Measure, StateColumn};
///
/// #[derive(Clone, Debug)]
/// struct Spread;
///
/// impl UserMeasure for Spread {
///     fn name(&self) -> &str {
///         "SPREAD"
///     }
///     fn version(&self) -> u32 {
///         1
///     }
///     fn output(&self, _: &[DataType]) -> DataType {
///         DataType::Int64
///     }
///     fn state(&self, _: &[DataType]) -> Vec<StateColumn> {
///         vec![("least", DataType::Int64), ("most", DataType::Int64)]
///     }
///     fn algebra(&self, _: &[DataType]) -> Algebra {
///         Algebra::Exact
///     }
///     fn accumulator(&self, _: &[DataType]) -> Result<Accumulator> {
///         Ok(Box::new(Grouped::new(self.clone())))
///     }
/// }
///
/// impl GroupState for Spread {
///     /// The least and the greatest value.
///     type Group = Option<(i64, i64)>;
///     type Arguments = Int64Array;
///     type Saved = [Int64Array; 2];
///
///     fn arguments(&self, columns: &[ArrayRef]) -> Result<Int64Array> {
///         Ok(columns[0].as_primitive::<Int64Type>().clone())
///     }
///     fn update(&self, group: &mut Self::Group, values: &Int64Array, row: usize) {
///         let value = values.value(row);
///         let (least, most) = group.unwrap_or((value, value));
///         *group = Some((least.min(value), most.max(value)));
///     }
///     fn saved(&self, columns: &[ArrayRef]) -> Result<[Int64Array; 2]> {
///         Ok([0, 1].map(|at| columns[at].as_primitive::<Int64Type>().clone()))
///     }
///     fn merge(&self, group: &mut Self::Group, [least, most]: &[Int64Array; 2], row: usize) -> Result<()> {
///         self.update(group, least, row);
///         self.update(group, most, row);
///         Ok(())
///     }
///     fn save(&self, groups: Vec<Self::Group>) -> Result<Vec<ArrayRef>> {
///         let (least, most): (Vec<_>, Vec<_>) = groups.into_iter().map(Option::unzip).unzip();
///         Ok(vec![Arc::new(Int64Array::from(least)), Arc::new(Int64Array::from(most))])
///     }
///     fn finish(&self, groups: Vec<Self::Group>) -> Result<ArrayRef> {
///         let spreads = groups.into_iter().map(|group| group.and_then(|(least, most)| most.checked_sub(least)));
///         Ok(Arc::new(spreads.collect::<Int64Array>()))
///     }
/// }
///
/// // In a view it is written `.measure("spread", user(Spread, ["delay"]))`.
/// let call = user(Spread, ["delay"]);
///
/// // Its law test: three lines.
/// let measure = Measure { function: Function::User(User(Arc::new(Spread))), inputs: vec![DataType::Int64] };
/// let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), None, Some(-5), Some(i64::MAX), Some(3)]));
/// laws::check(&measure, &[values]).unwrap();
/// ```
pub trait UserMeasure: fmt::Debug + Send + Sync {
    /// Its name, for SQL, messages and fingerprints.
    fn name(&self) -> &str;

    /// The version of its state; another version does not merge with it.
    fn version(&self) -> u32;

    /// The type of the finished value over arguments of these types.
    fn output(&self, inputs: &[DataType]) -> DataType;

    /// The accumulator columns that segments hold for it: names, unique within the measure, and
    /// types that Parquet can hold.
    fn state(&self, inputs: &[DataType]) -> Vec<StateColumn>;

    /// How its value behaves when events are split and parts are merged.
    fn algebra(&self, inputs: &[DataType]) -> Algebra;

    /// A fresh accumulator.
    ///
    /// # Errors
    /// The measure does not apply to arguments of these types.
    fn accumulator(&self, inputs: &[DataType]) -> Result<Accumulator>;

    /// Whether its value depends on the order of events; see
    /// [`Function::ordered`](super::Function::ordered).
    fn ordered(&self) -> bool {
        false
    }
}

/// A user's measure as a function; equal where name and version are.
#[derive(Clone, Debug)]
pub struct User(pub Arc<dyn UserMeasure>);

impl User {
    fn key(&self) -> (&str, u32) {
        (self.0.name(), self.0.version())
    }
}

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for User {}

impl Hash for User {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
