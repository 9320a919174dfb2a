//! The rows of a file, in the order of the file.

use std::fs::{self, File};
use std::path::Path;

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

pub(super) type Payloads = Box<dyn Iterator<Item = Result<Payload, LogError>>>;

/// Opens a file for the columns of a table and those in `outside`.
pub(super) fn open(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
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

pub(super) fn wrong(path: &Path, reason: impl ToString) -> LogError {
    LogError::Input {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn file(path: &Path) -> Result<File, LogError> {
    File::open(path).map_err(|error| LogError::file(path, "read", error))
}

/// Fails where a column that is needed is not in a file.
pub(super) fn complete(
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
    let text = fs::read(path).map_err(|error| LogError::file(path, "read", error))?;
    let lines = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    if lines.trim_ascii_start().starts_with(b"[") {
        return Err(wrong(
            path,
            "it begins with '[': one JSON object a line is needed, not an array of objects",
        ));
    }
    let mut payloads = Vec::new();
    let mut values = BinaryBuilder::new();
    let mut bytes = 0;
    let mut records = 0;
    for line in lines.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        values.append_value(line);
        (bytes, records) = (bytes + line.len(), records + 1);
        if bytes >= BYTES || records == ROWS {
            payloads.push(raw(values.finish()));
            (bytes, records) = (0, 0);
        }
    }
    payloads.push(raw(values.finish()));
    Ok(Box::new(payloads.into_iter().map(Ok)))
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
