//! Where the rows of an answer go: printed, or into a file.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::ipc::writer::FileWriter;
use clap::{Args, ValueEnum};
use event_log::generate::write_parquet;

use crate::failure::{Failure, OrInput, Outcome};
use crate::print::{self, Format};

/// How the rows of an answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// Aligned columns.
    Table,
    /// One JSON object a line, timestamps in ISO 8601 UTC.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC file, also known as Feather.
    Arrow,
}

/// Where rows go.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// How rows are written; by default as the ending of --output says, or as a table.
    #[arg(long, value_enum)]
    pub format: Option<RowFormat>,
    /// A file for the rows, which replaces an old one; parquet and arrow need it.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl OutputArgs {
    /// The format asked for.
    ///
    /// # Errors
    /// Columns in binary that no file is named for.
    pub fn format(&self) -> Outcome<RowFormat> {
        let ending = self.output.as_deref().and_then(ending);
        match (self.format.or(ending), &self.output) {
            (Some(format @ (RowFormat::Parquet | RowFormat::Arrow)), None) => {
                let name = if format == RowFormat::Arrow {
                    "arrow"
                } else {
                    "parquet"
                };
                Err(Failure::input(format!(
                    "--format {name} needs a file: add --output rows.{name}"
                )))
            }
            (format, _) => Ok(format.unwrap_or(RowFormat::Table)),
        }
    }

    /// Writes the rows.
    pub fn write(&self, rows: &RecordBatch) -> Outcome {
        let format = self.format()?;
        let text = match format {
            RowFormat::Table => Format::Table,
            RowFormat::Json => Format::Json,
            RowFormat::Csv => Format::Csv,
            RowFormat::Parquet | RowFormat::Arrow => {
                return self
                    .output
                    .as_deref()
                    .map_or(Ok(()), |path| file(path, format, rows));
            }
        };
        match &self.output {
            None => {
                let all = !stdout().is_terminal();
                let mut out = BufWriter::new(stdout().lock());
                print::rows(&mut out, rows, text, all)?;
                out.flush()?;
            }
            Some(path) => replace(path, |out| Ok(print::rows(out, rows, text, true)?))?,
        }
        Ok(())
    }
}

/// What the ending of a file's name says.
fn ending(path: &Path) -> Option<RowFormat> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" | "jsonl" | "ndjson" => Some(RowFormat::Json),
        "csv" => Some(RowFormat::Csv),
        "parquet" => Some(RowFormat::Parquet),
        "arrow" | "feather" | "ipc" => Some(RowFormat::Arrow),
        _ => None,
    }
}

fn file(path: &Path, format: RowFormat, rows: &RecordBatch) -> Outcome {
    if format == RowFormat::Parquet {
        write_parquet(path, &rows.schema(), [Ok(rows.clone())]).or_input()?;
        return Ok(());
    }
    replace(path, |out| {
        let mut writer = FileWriter::try_new(out, &rows.schema())?;
        writer.write(rows)?;
        Ok(writer.finish()?)
    })
}

/// A new file, in the place of an old one once it is whole.
fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> Outcome) -> Outcome {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let failed =
        |error: std::io::Error| Failure::input(format!("cannot write {}: {error}", path.display()));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut out = BufWriter::new(file.as_file());
    write(&mut out)?;
    out.flush().map_err(failed)?;
    drop(out);
    let path_shown = path.display();
    file.persist(path)
        .map_err(|error| Failure::input(format!("cannot write {path_shown}: {}", error.error)))?;
    Ok(())
}
