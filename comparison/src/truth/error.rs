//! Why the truth could not be told.

use std::path::PathBuf;

use polars::prelude::PolarsError;

/// What keeps Polars from evaluating a view.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// The SQL is not read, or does not fit together.
    #[error("{0}")]
    Sql(String),
    /// The SQL holds something that is not lowered to Polars.
    #[error(
        "the truth cannot say {construct}: write the view without it, or compare without the truth"
    )]
    Unsupported {
        /// The construct as it is written.
        construct: String,
    },
    /// The input file could not be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The input is no Avro file, or a broken one.
    #[error("{} cannot be read as Avro: {reason}", path.display())]
    Avro {
        /// The file.
        path: PathBuf,
        /// What the library says.
        reason: String,
    },
    /// The name of the input file does not say how it is written.
    #[error("{}: expected a file that ends in .parquet, .jsonl, .ndjson, .json, .csv or .avro", .0.display())]
    Format(PathBuf),
    /// The input has no column of this name.
    #[error("{} has no column {column:?}: correct CREATE TABLE, the option that names it, or the file", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// The column that orders the events, or says when they arrived, has no instant.
    #[error(
        "{}, record {record}: column {column:?} holds no instant: write ISO 8601 text or a number in the table's time_unit, or name another column",
        path.display()
    )]
    Order {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The number of the record in the file, from 1.
        record: usize,
    },
    /// A record of a topic does not say when it arrived, in the column that is to say so.
    #[error(
        "record {record} of the topic: column {column:?} holds no instant: write ISO 8601 text or a number in the table's time_unit, or leave its name out to take the records' own timestamps"
    )]
    Arrival {
        /// The column.
        column: String,
        /// Which record, from 1, partition by partition.
        record: usize,
    },
    /// The input has more records than row numbers.
    #[error("{} has more than 4,294,967,295 records: compare a part of it", .0.display())]
    TooLong(PathBuf),
    /// A sum or an expression over finished aggregates has no value of its type.
    #[error("{what} of the group {group} is out of range or undefined: cast to a wider type")]
    Group {
        /// The column of the answer, or the aggregate.
        what: String,
        /// Window and keys of the group.
        group: String,
    },
    /// Polars failed.
    #[error("Polars: {0}")]
    Polars(#[from] PolarsError),
    /// Arrow did not take the finished columns.
    #[error("the answer does not fit into Arrow's columns: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl TruthError {
    /// A construct that is not lowered.
    pub(super) fn unsupported(construct: impl std::fmt::Display) -> Self {
        Self::Unsupported {
            construct: construct.to_string(),
        }
    }
}
