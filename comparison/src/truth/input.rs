//! The events as the file holds them, in the table's types.
//!
//! Parquet is read by Polars, Avro by the library of its project. Text is read here, record by record, because Polars' own readers
//! cannot say which values did not convert: they make them NULL, or they refuse the file. The rules
//! are those of a view, written a second time:
//!
//! - A line that is no JSON object, or no CSV of as many fields as the header, is broken: it is a
//!   record and in no view. Lines of white space alone are no records.
//! - A value that does not convert marks its row in its column. A text is no number and a number no
//!   text; an integer is an integral number in range, `3.0` among them; a decimal loses no digit; a
//!   timestamp is ISO 8601 text or a number in the unit that the table names. CSV fields convert to
//!   any type, and an empty one without quotes is NULL, as is a field that JSON leaves out.
//!
//! Not covered: JSON numbers go through a double unless they are integers of 64 bits, so that
//! digits behind the seventeenth are lost and a number beyond the doubles breaks its line.

mod avro;
mod csv;
mod form;
mod json;

use std::fs::{self, File};
use std::path::Path;

use polars::prelude::{ParquetReader, SerReader};

use super::TruthError;
use super::column::{Builder, Read, convert};
use super::kind::Kind;
use super::unit::Units;
use super::value::Value;

pub(super) use form::Form;

/// Some columns of a file, all of the same length.
#[derive(Debug)]
pub(super) struct Input {
    /// The records that are broken as a whole; all their values are NULL.
    pub(super) broken: Vec<bool>,
    /// The columns asked for, in that order.
    pub(super) columns: Vec<Read>,
}

/// Reads the columns `wanted` from a file, its name saying how it is written.
///
/// # Errors
/// A file that cannot be read, of unknown form, or without one of the columns; JSON lacks none.
pub(super) fn read(
    path: &Path,
    wanted: &[(&str, Kind)],
    units: &Units,
) -> Result<Input, TruthError> {
    let extension = path
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default();
    match extension.to_lowercase().as_str() {
        "parquet" => parquet(path, wanted, units),
        "jsonl" | "ndjson" | "json" => json_lines(unmarked(&load(path)?), wanted, units),
        "csv" => {
            let text = load(path)?;
            let mut records = csv::Records::new(unmarked(&text));
            let header = csv::header(records.next(), path, wanted)?;
            let mut rows = Rows::new(wanted, units);
            for record in records {
                rows.push(header.record(record));
            }
            rows.finish()
        }
        "avro" => {
            let mut rows = Rows::new(wanted, units);
            avro::read(path, wanted, &mut rows)?;
            rows.finish()
        }
        _ => Err(TruthError::Format(path.to_owned())),
    }
}

/// Reads the columns `wanted` from JSON lines.
///
/// # Errors
/// Values that Polars does not take as a column.
pub(super) fn json_lines(
    text: &[u8],
    wanted: &[(&str, Kind)],
    units: &Units,
) -> Result<Input, TruthError> {
    let mut rows = Rows::new(wanted, units);
    for line in lines(text) {
        rows.push(json::record(line, wanted));
    }
    rows.finish()
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> TruthError {
    move |source| TruthError::File {
        path: path.to_owned(),
        source,
    }
}

fn load(path: &Path) -> Result<Vec<u8>, TruthError> {
    fs::read(path).map_err(failed(path))
}

/// The text without a byte order mark.
fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// The lines that hold something, without their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.trim_ascii().is_empty())
}

fn parquet(path: &Path, wanted: &[(&str, Kind)], units: &Units) -> Result<Input, TruthError> {
    let mut reader = ParquetReader::new(File::open(path).map_err(failed(path))?);
    let schema = reader.schema()?;
    for (name, _) in wanted {
        if !schema.contains(name) {
            let column = (*name).to_owned();
            return Err(TruthError::NoColumn {
                path: path.to_owned(),
                column,
            });
        }
    }
    let mut names: Vec<String> = wanted.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    names.dedup();
    let frame = reader.with_columns(Some(names)).finish()?;
    let columns = (wanted.iter())
        .map(|(name, kind)| {
            let series = frame.column(name)?.as_materialized_series();
            convert(series, name, *kind, units.of(name))
        })
        .collect::<Result<_, _>>()?;
    Ok(Input {
        broken: vec![false; frame.height()],
        columns,
    })
}

/// Records of text on their way into columns.
#[derive(Debug)]
pub(super) struct Rows {
    broken: Vec<bool>,
    columns: Vec<Builder>,
}

impl Rows {
    pub(super) fn new(wanted: &[(&str, Kind)], units: &Units) -> Self {
        let columns = wanted
            .iter()
            .map(|(name, kind)| Builder::new(name, *kind, units.of(name)))
            .collect();
        Self {
            broken: vec![],
            columns,
        }
    }

    /// A record's values, or `None` where it is broken.
    pub(super) fn push(&mut self, values: Option<Vec<Value>>) {
        self.broken.push(values.is_none());
        let mut values = values.unwrap_or_default().into_iter();
        for column in &mut self.columns {
            column.push(&values.next().unwrap_or(Value::Null));
        }
    }

    pub(super) fn finish(self) -> Result<Input, TruthError> {
        let columns = self
            .columns
            .into_iter()
            .map(Builder::finish)
            .collect::<Result<_, _>>()?;
        Ok(Input {
            broken: self.broken,
            columns,
        })
    }
}
