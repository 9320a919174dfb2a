//! A segment: the immutable file that holds one partial, sorted Parquet that any tool can read.

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};
use shared_logic::coverage::Coverage;
use shared_logic::partial::{Counters, Partial};
use shared_logic::view::Fingerprint;

use crate::manifest::GenerationId;

mod narrow;
mod order;
pub mod read;
pub mod write;

/// The version of the segment format that this code writes; it reads all up to this one.
pub const FORMAT: u32 = 2;

/// The key of the footer's metadata under which a segment says what it is, as JSON.
pub const METADATA_KEY: &str = "seamline";

/// The column that follows the window and the keys.
const FIRST_ACCUMULATOR: &str = "events";

/// What a segment says of itself in its footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The version of the format, at most [`FORMAT`].
    pub format: u32,
    /// The logic that made its rows.
    pub fingerprint: Fingerprint,
    /// The generation that it was made for.
    pub generation: GenerationId,
    /// The records that it stands for.
    pub coverage: Coverage,
    /// What became of the records that are in no row.
    pub counters: Counters,
    /// The columns of 38 digits that are written with fewer; the writer fills this in.
    #[serde(default)]
    pub narrow: Vec<String>,
}

/// What becomes one segment: a partial, or one whose rows are in several chunks.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The records that it stands for.
    pub coverage: &'a Coverage,
    /// What became of the records that are in no row.
    pub counters: Counters,
    /// The rows of a partial, sorted, in at least one chunk, one behind the other.
    pub chunks: &'a [RecordBatch],
}

impl<'a> From<&'a Partial> for Rows<'a> {
    fn from(partial: &'a Partial) -> Self {
        Self {
            coverage: &partial.coverage,
            counters: partial.counters,
            chunks: std::slice::from_ref(&partial.rows),
        }
    }
}

impl Rows<'_> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How many columns at the start of `rows` are the window and the keys, by which it is sorted;
/// `None` if the rows are not a partial's.
fn sort_columns(rows: &RecordBatch) -> Option<usize> {
    let columns = rows.schema().index_of(FIRST_ACCUMULATOR).ok()?;
    (columns > 0).then_some(columns)
}

#[cfg(test)]
mod tests;
