//! The fold of some ranges of events: what segments hold and what merges.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::view::View;

/// The fold of the events that `coverage` names: one row per window and key, accumulators in columns.
///
/// The columns of `rows` are `window_start` (timestamp, microseconds), `key_0`, `key_1`, … (the
/// grouping keys), `events` (how many events were folded into the group, `UInt64`) and then the
/// accumulator columns of each measure. Rows are sorted by window, then by key, NULLs first.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    /// The records it stands for.
    pub coverage: Coverage,
    /// What became of the records that are not in any row.
    pub counters: Counters,
    /// One row per window and key.
    pub rows: RecordBatch,
}

/// The columns of the partials of a view, as [`Partial`] describes them.
pub fn columns(view: &View) -> SchemaRef {
    let window_start = DataType::Timestamp(TimeUnit::Microsecond, None);
    let mut fields = vec![Field::new("window_start", window_start, false)];
    for (n, key) in view.keys.iter().enumerate() {
        fields.push(Field::new(format!("key_{n}"), key.clone(), true));
    }
    fields.push(Field::new("events", DataType::UInt64, false));
    for (n, measure) in view.measures.iter().enumerate() {
        for (name, data_type) in measure.state() {
            fields.push(Field::new(format!("measure_{n}_{name}"), data_type, true));
        }
    }
    Arc::new(Schema::new(fields))
}

/// Records that were read and not folded, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Malformed, not convertible, NULL where that is forbidden, or failing in an expression.
    pub rejected: u64,
    /// Not wanted by WHERE.
    pub filtered: u64,
}

impl Counters {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            rejected: self.rejected + other.rejected,
            filtered: self.filtered + other.filtered,
        }
    }
}
