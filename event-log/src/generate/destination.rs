//! Where generated events go.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use shared_logic::identity::Topic;

use super::avro;
use crate::LogError;
use crate::row::Rows;

/// A file or a topic, as `--to` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A Parquet file, `NAME.parquet`.
    Parquet(PathBuf),
    /// A file of one JSON object a line, `NAME.jsonl`.
    JsonLines(PathBuf),
    /// An Avro object container file, `NAME.avro`.
    Avro(PathBuf),
    /// A topic of Kafka, `kafka:TOPIC`.
    Kafka(Topic),
}

impl FromStr for Destination {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let path = PathBuf::from(text);
        let ending = path.extension().and_then(|ending| ending.to_str());
        match (text.strip_prefix("kafka:"), ending) {
            (Some(topic), _) if !topic.is_empty() => Ok(Self::Kafka(Topic::new(topic))),
            (None, Some("parquet")) => Ok(Self::Parquet(path)),
            (None, Some("jsonl")) => Ok(Self::JsonLines(path)),
            (None, Some("avro")) => Ok(Self::Avro(path)),
            _ => Err(LogError::Refused(format!(
                "{text:?} is no place for events: name FILE.parquet, FILE.jsonl, FILE.avro or kafka:TOPIC"
            ))),
        }
    }
}

/// Writes rows into a new Parquet file, which replaces an old one when it is whole. Returns how
/// many rows there were.
///
/// # Errors
/// The rows fail, or the file cannot be written.
pub fn write_parquet(
    path: &Path,
    schema: &SchemaRef,
    rows: impl IntoIterator<Item = Result<RecordBatch, LogError>>,
) -> Result<u64, LogError> {
    replace(path, |file| {
        let failed = |error: parquet::errors::ParquetError| {
            LogError::file(path, "written", std::io::Error::other(error))
        };
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let mut writer =
            ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(failed)?;
        let mut count = 0;
        for rows in rows {
            let rows = rows?;
            writer.write(&rows).map_err(failed)?;
            count += rows.num_rows() as u64;
        }
        writer.close().map_err(failed)?;
        Ok(count)
    })
}

/// Writes rows into a new file of one JSON object a line, which replaces an old one when it is
/// whole. Returns how many rows there were.
///
/// # Errors
/// The rows fail, or the file cannot be written.
pub fn write_json_lines(
    path: &Path,
    rows: impl IntoIterator<Item = Result<RecordBatch, LogError>>,
) -> Result<u64, LogError> {
    replace(path, |file| {
        let mut line = String::new();
        let mut count = 0;
        for rows in rows {
            let rows = rows?;
            let lines =
                Rows::json(&rows).map_err(|error| LogError::columns(path.display(), &error))?;
            for row in 0..rows.num_rows() {
                line.clear();
                lines.write(row, &mut line);
                line.push('\n');
                file.write_all(line.as_bytes())
                    .map_err(|error| LogError::file(path, "written", error))?;
            }
            count += rows.num_rows() as u64;
        }
        Ok(count)
    })
}

/// Writes rows into a new Avro object container file, which replaces an old one when it is whole.
/// Returns how many rows there were.
///
/// # Errors
/// The rows fail, or the file cannot be written.
pub fn write_avro(
    path: &Path,
    schema: &SchemaRef,
    rows: impl IntoIterator<Item = Result<RecordBatch, LogError>>,
) -> Result<u64, LogError> {
    replace(path, |file| {
        let mut write = |bytes: Result<Vec<u8>, ArrowError>| {
            let bytes = bytes.map_err(|error| LogError::columns(path.display(), &error))?;
            (file.write_all(&bytes)).map_err(|error| LogError::file(path, "written", error))
        };
        write(avro::header(schema))?;
        let mut count = 0;
        for rows in rows {
            let rows = rows?;
            write(avro::block(&rows))?;
            count += rows.num_rows() as u64;
        }
        Ok(count)
    })
}

/// Fills a file beside the one at `path` and puts it there once it is whole.
fn replace(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<u64, LogError>,
) -> Result<u64, LogError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let failed = |error| LogError::file(path, "written", error);
    let mut file = BufWriter::new(File::create(&unfinished).map_err(failed)?);
    let filled = fill(&mut file).and_then(|count| {
        file.flush().map_err(failed)?;
        fs::rename(&unfinished, path).map_err(failed)?;
        Ok(count)
    });
    if filled.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&unfinished);
    }
    filled
}
