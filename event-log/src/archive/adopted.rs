//! A file that was adopted: its records stay where they are, and the archive keeps how to read them.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use serde::{Deserialize, Serialize};
use shared_logic::identity::{Offset, Partition};

use super::reader::{Batches, Want};
use super::{OWN_COLUMNS, sums};
use crate::LogError;

/// Where the records of a range are that was adopted, and how to tell them apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The file, from the root of the file system on.
    pub path: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The CRC-32C of the whole file.
    pub crc32c: u32,
    /// The CRC-32C of its parts, as a file of the archive has it; absent where its column chunks are
    /// in no order that says which is which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<String>,
    /// The column of offsets. Without one, records are counted from the first offset on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets: Option<String>,
    /// The column that says which records are of this partition. Without one, all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<String>,
    /// The first and the last offset of this partition in each row group, null where it has none.
    pub groups: Vec<Option<(Offset, Offset)>>,
    /// Whether the table's columns have the table's own types there.
    pub exact: bool,
    /// Whether the offsets are no topic's: the records were numbered in the order of the files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub numbered: bool,
}

impl Adopted {
    /// The file, which must still have its size.
    pub(super) fn open(&self) -> Result<File, LogError> {
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => self.changed("it is gone"),
            _ => LogError::file(&self.path, "read", error),
        };
        let file = File::open(&self.path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        match bytes == self.bytes {
            true => Ok(file),
            false => {
                let before = self.bytes;
                Err(self.changed(format!("it has {bytes} bytes and had {before}")))
            }
        }
    }

    /// Makes sure that every byte of the file is as it was.
    ///
    /// # Errors
    /// [`LogError::Changed`] where it is not.
    pub(super) fn verify(&self) -> Result<(), LogError> {
        let failed = |error| LogError::file(&self.path, "read", error);
        let sum = sums::of_all(&mut self.open()?, self.bytes).map_err(failed)?;
        sums::same(sum, self.crc32c).map_err(|reason| self.changed(reason))
    }

    /// That the file is another one now.
    pub(super) fn changed(&self, reason: impl ToString) -> LogError {
        LogError::Changed {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }
}

/// A column of numbers that count from 0 on: whole ones of any type, or their text.
///
/// # Errors
/// A value that is no such number, or a column of another type.
pub(crate) fn whole(column: &ArrayRef) -> Result<UInt64Array, ArrowError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let plain = match column.data_type() {
        DataType::Dictionary(_, values) => &cast_with_options(column, values, &strict)?,
        _ => column,
    };
    let kind = plain.data_type();
    if !kind.is_integer() && !kind.is_string() {
        return Err(ArrowError::CastError(format!(
            "its type is {kind}, not one of whole numbers"
        )));
    }
    let numbers = cast_with_options(plain, &DataType::UInt64, &strict)?;
    Ok(numbers.as_primitive::<UInt64Type>().clone())
}

/// The records of one partition in an adopted file, as the archive's own files have them: offsets,
/// then columns of the table.
struct Rows<R> {
    rows: R,
    adopted: Adopted,
    partition: Partition,
    /// The columns wanted.
    names: Vec<String>,
    /// The offset of the next row, where rows are counted.
    counted: Offset,
}

/// Reads the columns `names`, as far as they are there, of the row groups of an adopted file that
/// hold what is wanted.
///
/// # Errors
/// The file cannot be read like this.
pub(super) fn rows(
    file: impl ChunkReader + 'static,
    metadata: ArrowReaderMetadata,
    adopted: &Adopted,
    names: Vec<String>,
    want: &Want,
) -> Result<Batches, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let own = [&adopted.offsets, &adopted.partitions];
    let needed = |name: &String| names.contains(name) || own.contains(&&Some(name.clone()));
    let fields = builder.schema().fields().iter().enumerate();
    let roots = fields.filter(|(_, field)| needed(field.name()));
    let roots = roots.map(|(at, _)| at).collect::<Vec<_>>();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let held = adopted.groups.iter().enumerate();
    let held = held.filter_map(|(nth, held)| Some((nth, (*held)?)));
    let wanted: Vec<(usize, Offset)> = held
        .filter(|(_, (first, last))| *last >= want.range.start && *first < want.range.end)
        .map(|(nth, (first, _))| (nth, first))
        .collect();
    let counted = wanted.first().map_or(want.range.end, |(_, first)| *first);
    let rows = builder
        .with_projection(mask)
        .with_batch_size(want.rows)
        .with_row_groups(wanted.into_iter().map(|(nth, _)| nth).collect())
        .build()?;
    Ok(Box::new(Rows {
        rows,
        adopted: adopted.clone(),
        partition: want.place.partition,
        names,
        counted,
    }))
}

impl<R: Iterator<Item = Result<RecordBatch, ArrowError>>> Iterator for Rows<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.rows.next()?;
        Some(rows.and_then(|rows| self.identified(&rows)))
    }
}

impl<R> Rows<R> {
    /// The rows of this partition, behind a column of their offsets.
    fn identified(&mut self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let rows = match &self.adopted.partitions {
            None => rows.clone(),
            Some(name) => {
                let ours = Some(u64::from(self.partition.0));
                let partitions = whole(column(rows, name)?)?;
                let ours = partitions.iter().map(|number| Some(number == ours));
                filter_record_batch(rows, &ours.collect::<BooleanArray>())?
            }
        };
        let offsets = match &self.adopted.offsets {
            Some(name) => whole(column(&rows, name)?)?,
            None => {
                let first = self.counted;
                self.counted = first.plus(rows.num_rows() as u64);
                UInt64Array::from_iter_values(first.0..self.counted.0)
            }
        };
        let [own, ..] = OWN_COLUMNS;
        let mut fields = vec![Arc::new(Field::new(own, DataType::UInt64, false))];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(offsets)];
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            if self.names.contains(field.name()) {
                fields.push(Arc::clone(field));
                columns.push(Arc::clone(column));
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
    }
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("it has no column {name}"));
    rows.column_by_name(name).ok_or_else(missing)
}
