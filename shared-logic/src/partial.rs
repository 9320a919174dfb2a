//! The fold of some ranges of events: what segments hold and what merges.

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;

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
