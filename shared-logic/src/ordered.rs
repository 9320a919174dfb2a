//! Ordered state: code that sees the events of a key one after another, and remembers.
//!
//! A fold forgets the order of events, which is why folds merge. Ordered state depends on it: what is
//! the duplicate and what the first, where a number is missing, which step of a funnel comes next.
//! It does not merge. A lambda *continues* it: the batch layer runs it up to the cut and saves it,
//! the speed layer restores it there and goes on, and what it put out above the cut is put out again
//! after each landing.
//!
//! State is kept per partition and key, as a partition is what has an order. So the number of
//! partitions is part of it: with another number, keys are in other partitions, and only a run from
//! the beginning of the log is right.
//!
//! ```
//! # use std::sync::Arc;
//! # use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
//! use shared_logic::builder::ViewBuilder;
//! use shared_logic::chunk::Chunk;
//! use shared_logic::identity::{Offset, TopicPartition};
//! use shared_logic::ordered::Row;
//! # use shared_logic::table::Table;
//!
//! # let columns = Schema::new(vec![
//! #     Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, None), false),
//! #     Field::new("sensor", DataType::Utf8, false),
//! #     Field::new("number", DataType::Int64, false),
//! # ]);
//! # let table = Arc::new(Table::new("readings", columns, "at")?);
//! // Which numbers of each sensor are missing.
//! let gaps = ViewBuilder::over(&table).key("sensor").flat_map_with_state(
//!     "gaps",
//!     ["number"],
//!     |row: Row<'_>, last: Option<i64>| {
//!         let number: Option<i64> = row.get(0);
//!         let next = last.map(|last| last + 1);
//!         let gap = next.zip(number).filter(|(next, number)| next < number);
//!         (gap, number.max(last))
//!     },
//! )?;
//! let place = TopicPartition::new("readings", 0);
//! let events = [1, 2, 5].map(|n| format!(r#"{{"at": 0, "sensor": "a", "number": {n}}}"#));
//!
//! // The batch layer runs it up to a cut …
//! let mut batch = gaps.start(1);
//! batch.push(&Chunk::raw(place.clone(), Offset(0), &events[..2]))?;
//! let saved = batch.save()?;
//! // … and the speed layer goes on from there.
//! let mut speed = gaps.restore(&saved, 1)?;
//! let pushed = speed.push(&Chunk::raw(place, Offset(2), &events[2..]))?;
//! assert_eq!(pushed.outputs, [(Offset(2), (3, 5))]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Two runs cannot be merged; there is nothing that takes them:
//!
//! ```compile_fail,E0308
//! # use std::sync::Arc;
//! # use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
//! # use shared_logic::builder::{ViewBuilder, count};
//! # use shared_logic::merge::merge;
//! # use shared_logic::ordered::Row;
//! # use shared_logic::table::Table;
//! # let time = DataType::Timestamp(TimeUnit::Microsecond, None);
//! # let columns = Schema::new(vec![Field::new("at", time, false)]);
//! # let table = Arc::new(Table::new("readings", columns, "at").unwrap());
//! # let view = ViewBuilder::over(&table).measure("n", count()).build().unwrap();
//! # let logic = ViewBuilder::over(&table).map_with_state("n", ["at"], |_: Row<'_>, n: u64| (n, n + 1)).unwrap();
//! let (first, second) = (logic.start(1), logic.start(1));
//! merge(&view, [&first, &second]).unwrap();
//! ```
//!
//! where two folds can:
//!
//! ```
//! # use std::sync::Arc;
//! # use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
//! # use shared_logic::builder::{ViewBuilder, count};
//! # use shared_logic::fold::Fold;
//! # use shared_logic::merge::merge;
//! # use shared_logic::table::Table;
//! # let time = DataType::Timestamp(TimeUnit::Microsecond, None);
//! # let columns = Schema::new(vec![Field::new("at", time, false)]);
//! # let table = Arc::new(Table::new("readings", columns, "at").unwrap());
//! # let view = ViewBuilder::over(&table).measure("n", count()).build().unwrap();
//! let (first, second) = (Fold::new(&view)?.finish()?, Fold::new(&view)?.finish()?);
//! merge(&view, [&first, &second]).unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::coverage::CoverageError;
use crate::decode::DecodeError;
use crate::identity::TopicPartition;
use crate::prepare::{Prepare, PrepareError};
use crate::table::Table;
use crate::view::Fingerprint;

mod code;
mod row;
mod run;
mod states;

pub use code::{FlatMap, Map};
pub use row::Row;
pub use run::{Pushed, Run};

/// A state that can be kept: its default is that of a key without events.
pub trait State: Default + Serialize + DeserializeOwned {}

impl<S: Default + Serialize + DeserializeOwned> State for S {}

/// What is done with each event: `(input, state) => (outputs, state)`.
pub trait Step {
    /// What is remembered of a key.
    type State: State;
    /// What is put out.
    type Output;
    /// Looks at an event, puts out what is to be put out, and returns what is to be remembered.
    fn step(&self, row: Row<'_>, state: Self::State, out: impl FnMut(Self::Output)) -> Self::State;
}

/// Ordered state over a table: which events, by which key, and what is done with each.
///
/// [`ViewBuilder`](crate::builder::ViewBuilder) makes it.
pub struct Ordered<S> {
    pub(crate) plan: Arc<Plan>,
    pub(crate) step: Arc<S>,
}

/// What is the same in all runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) table: Arc<Table>,
    pub(crate) prepare: Prepare,
    pub(crate) keys: Vec<DataType>,
    pub(crate) fingerprint: Fingerprint,
}

/// Why events could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum OrderedError {
    /// The input lacks what the table declares.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The columns cannot be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The events do not follow on those before.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
    /// The partition is not one of those that the state is kept for.
    #[error(
        "the state is kept for {partitions} partitions and {place} is another: with more partitions keys have moved, rebuild it from the log as seam reprocess does"
    )]
    Partition {
        /// The partition.
        place: TopicPartition,
        /// How many there are.
        partitions: u32,
    },
    /// The code asks for an input in another type than it has; a mistake in the program. What was
    /// put out since the run began is not to be trusted.
    #[error("input {input} is {found}, the code asks for {asked}")]
    Input {
        /// The number of the input, from 0.
        input: usize,
        /// Its type.
        found: String,
        /// The type asked for.
        asked: DataType,
    },
    /// A computation on columns failed.
    #[error(transparent)]
    Compute(#[from] ArrowError),
}

impl<S> Ordered<S> {
    /// A hash of table, conditions, keys, inputs, and the name of the code: saved state is continued
    /// by the same logic alone.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.plan.fingerprint
    }
}

impl<S> Clone for Ordered<S> {
    fn clone(&self) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            step: Arc::clone(&self.step),
        }
    }
}

impl<S> fmt::Debug for Ordered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ordered({})", self.plan.fingerprint)
    }
}

/// The inputs of an event, as columns.
pub(crate) type Inputs = [ArrayRef];

#[cfg(test)]
mod tests;
