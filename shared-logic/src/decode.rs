//! Bytes into columns: only the columns a job uses, and a fault for each value that does not convert.

use arrow::array::RecordBatch;

/// The columns of a chunk, one row a record, whatever was wrong with some of them.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The columns asked for, in the table's types and the order asked for; NULL where a fault says why.
    pub columns: RecordBatch,
    /// What could not be read, by row, then by column; usually empty.
    pub faults: Vec<Fault>,
}

/// Why a record, or one of its values, could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The row within the chunk.
    pub row: usize,
    /// The column of the table (its index there) that did not convert; `None` where the whole
    /// record is malformed, which rejects it for every view.
    pub column: Option<usize>,
    /// What was found and what was expected, in one line, with the value shortened.
    pub reason: String,
}
