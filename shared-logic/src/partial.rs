//! The fold of some ranges of events: what segments hold and what merges.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::view::View;
use crate::window::Window;

/// The fold of the events that `coverage` names: one row per slice and key, accumulators in columns.
///
/// The columns of `rows` are `window_start` (timestamp, microseconds), `key_0`, `key_1`, … (the
/// grouping keys), `events` (how many events were folded into the group, `UInt64`) and then the
/// accumulator columns of each measure. Where windows share slices the first column is
/// `slice_start`; sessions have `session_start` and `session_last`, the times of their first and
/// last event. Rows are sorted by time, then by key, NULLs first.
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
    let times: &[&str] = match view.window {
        Window::Tumble { .. } => &["window_start"],
        Window::Session { .. } => &["session_start", "session_last"],
        _ => &["slice_start"],
    };
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    let mut fields: Vec<Field> = (times.iter())
        .map(|name| Field::new(*name, timestamp.clone(), false))
        .collect();
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
    /// Wanted, and too late for the view.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late: u64,
}

/// Views without a bound on lateness write nothing about it.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counters {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            rejected: self.rejected + other.rejected,
            filtered: self.filtered + other.filtered,
            late: self.late + other.late,
        }
    }
}
