//! The rows of a file, in the order of the file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use arrow::array::{BinaryArray, BinaryBuilder};
use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use shared_logic::chunk::{Payload, Raw};
use shared_logic::table::{Format, Table};

use super::{avro, csv};
use crate::LogError;

/// How many rows are handled at once.
pub(super) const ROWS: usize = 65_536;

/// How many bytes of lines are handled at once, at most; Arrow's arrays end at 2 GB.
pub(super) const BYTES: usize = 64 << 20;

pub(crate) type Payloads = Box<dyn Iterator<Item = Result<Payload, LogError>>>;

/// Opens a file for the columns of a table and those in `outside`.
pub(crate) fn open(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let ending = ending.as_ref().and_then(|ending| ending.to_str());
    if matches!(table.format, Format::Avro(_)) && ending != Some("avro") {
        let reason = format!(
            "table {} says format = '{}', so its file must be .avro; format = 'json' reads any",
            table.name, table.format
        );
        return Err(wrong(path, reason));
    }
    match ending {
        Some("parquet") => parquet(path, table, outside),
        Some("avro") => avro::open(path, table, outside),
        Some("csv") => csv::open(path, table, outside),
        Some("jsonl" | "ndjson" | "json") => json(path, table),
        _ => Err(wrong(
            path,
            "the name must end in .parquet, .jsonl, .csv or .avro",
        )),
    }
}

pub(crate) fn wrong(path: &Path, reason: impl ToString) -> LogError {
    LogError::Input {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn file(path: &Path) -> Result<File, LogError> {
    File::open(path).map_err(|error| LogError::file(path, "read", error))
}

/// Fails where a column that is needed is not in a file.
pub(crate) fn complete(
    path: &Path,
    schema: &Schema,
    table: &Table,
    outside: &[&str],
) -> Result<(), LogError> {
    let there: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let declared = table
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    let missing = |name: &&str| !there.contains(name);
    if let Some(name) = declared.clone().find(missing) {
        return Err(wrong(
            path,
            format!(
                "it has no column {name:?}, which table {} declares; it has {}",
                table.name,
                there.join(", ")
            ),
        ));
    }
    match outside.iter().copied().find(missing) {
        Some(name) => Err(wrong(
            path,
            format!("it has no column {name:?}; it has {}", there.join(", ")),
        )),
        None => Ok(()),
    }
}

fn parquet(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let failed = {
        let path = path.to_owned();
        move |error: String| wrong(&path, format!("it cannot be read as Parquet: {error}"))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file(path)?)
        .map_err(|error| failed(error.to_string()))?;
    complete(path, builder.schema(), table, outside)?;
    let rows =
        (builder.with_batch_size(ROWS).build()).map_err(|error| failed(error.to_string()))?;
    Ok(Box::new(rows.map(move |rows| {
        rows.map(Payload::Typed)
            .map_err(|error| failed(error.to_string()))
    })))
}

fn json(path: &Path, table: &Table) -> Result<Payloads, LogError> {
    if table.format != Format::Json {
        return Err(wrong(
            path,
            format!(
                "it holds JSON, but table {} says format = '{}'",
                table.name, table.format
            ),
        ));
    }
    let mut lines = Lines::open(path)?;
    if lines.peek()?.trim_ascii_start().starts_with(b"[") {
        return Err(wrong(
            path,
            "it begins with '[': one JSON object a line is needed, not an array of objects",
        ));
    }
    let mut ended = false;
    let payload = move || {
        let mut values = BinaryBuilder::new();
        let (mut bytes, mut records) = (0, 0);
        while bytes < BYTES && records < ROWS {
            let Some(line) = lines.next()? else {
                ended = true;
                break;
            };
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            values.append_value(line);
            (bytes, records) = (bytes + line.len(), records + 1);
        }
        Ok((raw(values.finish()), ended))
    };
    Ok(until_ended(payload))
}

/// The payloads that `next` gives, each with whether it is the last, up to the first error.
pub(super) fn until_ended(
    mut next: impl FnMut() -> Result<(Payload, bool), LogError> + 'static,
) -> Payloads {
    let mut over = false;
    Box::new(std::iter::from_fn(move || {
        if over {
            return None;
        }
        let payload = next();
        over = !matches!(payload, Ok((_, false)));
        Some(payload.map(|(payload, _)| payload))
    }))
}

/// The lines of a file one by one, without a byte-order mark and without their line feeds.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let mut lines = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 20, file(path)?),
            line: vec![],
        };
        if lines.peek()?.starts_with(b"\xEF\xBB\xBF") {
            lines.file.consume(3);
        }
        Ok(lines)
    }

    /// What comes next, as far as it is in memory; empty at the end.
    fn peek(&mut self) -> Result<&[u8], LogError> {
        (self.file.fill_buf()).map_err(|error| LogError::file(&self.path, "read", error))
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, LogError> {
        self.line.clear();
        let read = (self.file.read_until(b'\n', &mut self.line))
            .map_err(|error| LogError::file(&self.path, "read", error))?;
        if read == 0 {
            return Ok(None);
        }
        self.line.pop_if(|last| *last == b'\n');
        Ok(Some(&self.line))
    }
}

/// Records without keys and headers.
pub(super) fn raw(values: BinaryArray) -> Payload {
    let rows = arrow::array::Array::len(&values);
    Payload::Raw(Raw {
        keys: BinaryArray::new_null(rows),
        values,
        headers: BinaryArray::new_null(rows),
    })
}
