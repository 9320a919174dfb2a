//! A compiled view: everything that batch, speed and serving need to know.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};

use crate::measure::Measure;
use crate::prepare::Prepare;
use crate::present::Projection;
use crate::table::Table;
use crate::time::Tumble;

/// One windowed GROUP BY over one table, taken apart into what is maintained and what is shown.
#[derive(Debug)]
pub struct View {
    /// Its name in SQL.
    pub name: String,
    /// The table it reads.
    pub table: Arc<Table>,
    /// Its windows.
    pub window: Tumble,
    /// From decoded columns to keys and arguments: WHERE and computed columns.
    pub prepare: Prepare,
    /// The types of the grouping keys besides the window, in GROUP BY order.
    pub keys: Vec<DataType>,
    /// The aggregates maintained, without repetition.
    pub measures: Vec<Measure>,
    /// From merged accumulators to the rows shown.
    pub projection: Projection,
    /// The columns of the answer.
    pub schema: SchemaRef,
    /// A hash of all that decides what is maintained.
    pub fingerprint: Fingerprint,
}

/// A hash of the maintained plan in our own canonical form, in 32 hexadecimal digits: equal for
/// views whose segments may be merged.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
