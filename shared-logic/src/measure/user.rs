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
