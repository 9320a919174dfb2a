//! The rows of a file, in the order of the file.

use std::fs::{self, File};
use std::io::{BufReader, Seek};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{BinaryArray, BinaryBuilder};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format as CsvFormat;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use shared_logic::chunk::{Payload, Raw};
use shared_logic::table::{Format, Table};

use crate::LogError;

/// How many rows are handled at once.
const ROWS: usize = 65_536;

/// How many bytes of lines are handled at once, at most; Arrow's arrays end at 2 GB.
const BYTES: usize = 64 << 20;

type Payloads = Box<dyn Iterator<Item = Result<Payload, LogError>>>;

/// Opens a file for the columns of a table and those in `outside`.
pub(super) fn open(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("parquet") => parquet(path, table, outside),
        Some("csv") => csv(path, table, outside),
        Some("jsonl" | "ndjson" | "json") => json(path, table),
        _ => Err(wrong(path, "the name must end in .parquet, .jsonl or .csv")),
    }
}

fn wrong(path: &Path, reason: impl ToString) -> LogError {
    LogError::Input {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn file(path: &Path) -> Result<File, LogError> {
    File::open(path).map_err(|error| LogError::file(path, "read", error))
}

/// Fails where a column that is needed is not in a file.
fn complete(path: &Path, schema: &Schema, table: &Table, outside: &[&str]) -> Result<(), LogError> {
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

fn csv(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let failed = {
        let path = path.to_owned();
        move |error: ArrowError| wrong(&path, format!("it cannot be read as CSV: {error}"))
    };
    let mut file = BufReader::new(file(path)?);
    let (header, _) = (CsvFormat::default().with_header(true))
        .infer_schema(&mut file, Some(0))
        .map_err(&failed)?;
    if header.fields().is_empty() {
        return Err(wrong(
            path,
            "it is empty; a CSV file needs a line with the names of its columns",
        ));
    }
    complete(path, &header, table, outside)?;
    file.rewind()
        .map_err(|error| LogError::file(path, "read", error))?;
    let texts = header
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), DataType::Utf8, true));
    let rows = ReaderBuilder::new(Arc::new(Schema::new(texts.collect::<Vec<_>>())))
        .with_header(true)
        .with_batch_size(ROWS)
        .build_buffered(file)
        .map_err(&failed)?;
    Ok(Box::new(rows.map(move |rows| {
        rows.map(Payload::Typed).map_err(&failed)
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
fn raw(values: BinaryArray) -> Payload {
    let rows = arrow::array::Array::len(&values);
    Payload::Raw(Raw {
        keys: BinaryArray::new_null(rows),
        values,
        headers: BinaryArray::new_null(rows),
    })
}
