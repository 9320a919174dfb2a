//! What follows on a view: a table kept as a log of changes, each of one row.
//!
//! Whoever reads the changes in order and keeps the last of each key has the table. The writer keeps
//! its position in the same place and commits both together, so that it can go on after any crash
//! without repeating or losing a change.

use arrow::array::{BinaryArray, RecordBatch};

use crate::LogError;
use crate::row::Rows;

/// One row of the table is new, or other than before, or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What names the row.
    pub key: Vec<u8>,
    /// The row, or that there is none any more.
    pub value: Option<Vec<u8>>,
}

/// How far the writer of a changelog has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// A number that grows with each commit that moves it.
    pub number: u64,
    /// What the writer wants to find beside it.
    pub note: String,
}

/// A place for changes, with one writer at a time.
pub trait Changelog: Send {
    /// Shuts out every other writer of this changelog, this one's own past included, and then says
    /// how far the changes have been committed; `None` if they never were, or if the place does not
    /// keep positions.
    ///
    /// # Errors
    /// The place cannot be reached or refuses this writer.
    fn fence(&mut self) -> Result<Option<Position>, LogError>;

    /// Commits `changes` and `position` together: all or nothing. A place that does not keep
    /// positions takes the changes alone, and may still lose them until the next flush.
    ///
    /// # Errors
    /// [`LogError::Fenced`] where another writer has begun. After any error it is unknown whether
    /// the commit has happened: [`fence`](Self::fence) tells, and has to be called first.
    fn commit(&mut self, changes: &[Change], position: &Position) -> Result<(), LogError>;

    /// Waits until all changes taken are safe.
    ///
    /// # Errors
    /// Some are not.
    fn flush(&mut self) -> Result<(), LogError>;
}

/// Rows as JSON objects, one each, timestamps in ISO 8601.
///
/// # Errors
/// A column cannot be printed.
pub fn json(rows: &RecordBatch) -> Result<BinaryArray, LogError> {
    let rows = Rows::json(rows).map_err(|error| LogError::columns("a changelog", &error))?;
    Ok(rows.values())
}
