//! Bytes into columns: only the columns a job uses, and a fault for each value that does not convert.
//!
//! The rules are strict and the same for every form of input. A text is no number and a number no
//! text. A number is an INT where it is integral (`3.0` is) and in range, a DECIMAL where no digit
//! is lost. A TIMESTAMP is an ISO 8601 text (see [`instant`]) or a number since 1970 in the table's
//! unit of time, which names a whole number of microseconds; nanoseconds are floored. A DATE is a
//! text, too. DOUBLE and REAL also take the texts `NaN`, `Infinity` and `-Infinity`. An absent field
//! and `null` are NULL; of a field that a JSON object names twice the last one counts. Fields of a
//! CSV line are text that converts to any type (`TRUE` and `true` are a BOOLEAN); an empty one is
//! NULL, an empty one in quotes is `''`.
//!
//! Fields of an Avro datum convert as columns of their types do.
//!
//! A record that is broken is a fault as a whole, whichever columns were asked for.

mod avro;
mod column;
mod csv;
mod json;
mod number;
mod scan;
mod time;
mod token;
mod typed;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use crate::chunk::{BROKEN, Chunk, Payload};
use crate::identity::{Offset, TopicPartition};
use crate::table::{Format, Table};
use column::Column;

pub use avro::{Avro, AvroSchema, Framing};
pub use csv::split as csv_fields;
pub use time::{instant, write_instant};

/// The columns of a chunk, one row a record, whatever was wrong with some of them.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The columns asked for, in the table's types and the order asked for; NULL where a fault says
    /// why, so every column of its schema is nullable.
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

/// Input that no rejection of single records can express.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A table column is not among the columns of the input.
    #[error(
        "the input of {place} has no column {column:?}, which table {table} declares; it has {found}: correct CREATE TABLE or the input"
    )]
    NoColumn {
        /// What was read.
        place: TopicPartition,
        /// The table's name.
        table: String,
        /// The column that is missing.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// A column number that the table does not have.
    #[error("table {table} has no column number {index}, only {columns} columns from 0")]
    NoIndex {
        /// The table's name.
        table: String,
        /// The number asked for.
        index: usize,
        /// How many there are.
        columns: usize,
    },
    /// Arrow could not make the columns, for example because a text column exceeds 2 GiB.
    #[error(
        "the records of {place} from offset {start} do not fit into columns: {reason}; read smaller chunks"
    )]
    Columns {
        /// What was read.
        place: TopicPartition,
        /// The first offset of the chunk.
        start: Offset,
        /// What Arrow says.
        reason: String,
    },
}

/// Decodes chunks of one table into some of its columns.
#[derive(Clone, Debug)]
pub struct Decoder {
    table: Arc<Table>,
    wanted: Vec<Wanted>,
    schema: SchemaRef,
    /// An index asked for that the table does not have.
    absent: Option<usize>,
}

/// A column asked for.
#[derive(Clone, Debug)]
struct Wanted {
    /// Its index in the table.
    index: usize,
    name: String,
    required: bool,
    /// What numbers count where it is a timestamp.
    unit: TimeUnit,
    /// Whether texts may stay codes of a dictionary.
    coded: bool,
}

/// The raw values of a chunk.
struct Rows<'a> {
    values: &'a BinaryArray,
    /// All of them in a row, where that is text: then each value that begins and ends between two
    /// characters is text, too, and need not be looked at again.
    whole: Option<&'a str>,
}

impl<'a> Rows<'a> {
    fn new(values: &'a BinaryArray) -> Self {
        let bytes = match values.value_offsets() {
            [first, .., last] => values.value_data().get(*first as usize..*last as usize),
            _ => None,
        };
        Self {
            values,
            whole: bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()),
        }
    }

    /// The text of a record.
    #[inline]
    fn text(&self, row: usize) -> Result<&'a str, String> {
        if self.values.is_null(row) {
            return Err("no value, a tombstone".into());
        }
        let offsets = self.values.value_offsets();
        if let (Some(whole), Some(first), Some([start, end, ..])) =
            (self.whole, offsets.first(), offsets.get(row..))
            && let Some(text) = whole.get((start - first) as usize..(end - first) as usize)
        {
            return Ok(text);
        }
        std::str::from_utf8(self.values.value(row))
            .map_err(|error| format!("invalid UTF-8 at byte {}", error.valid_up_to()))
    }
}

/// Whether a column of this type has texts as codes of a dictionary.
pub(crate) fn is_coded(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Dictionary(codes, texts)
        if **codes == DataType::Int32 && **texts == DataType::Utf8)
}

/// The schema with the types that these columns have; the same one where nothing is coded.
pub(crate) fn with_types_of(schema: &SchemaRef, columns: &[ArrayRef]) -> SchemaRef {
    if !columns.iter().any(|column| is_coded(column.data_type())) {
        return Arc::clone(schema);
    }
    let fields = (schema.fields().iter().zip(columns)).map(|(field, column)| {
        match is_coded(column.data_type()) {
            true => Arc::new(Field::clone(field).with_data_type(column.data_type().clone())),
            false => Arc::clone(field),
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl Decoder {
    /// A decoder of `table` into its columns at `columns`, in that order.
    pub fn new(table: Arc<Table>, columns: &[usize]) -> Self {
        let fields: Vec<(usize, &Arc<Field>)> = (columns.iter())
            .filter_map(|index| Some((*index, table.schema.fields().get(*index)?)))
            .collect();
        let wanted = (fields.iter())
            .map(|(index, field)| Wanted {
                index: *index,
                name: field.name().clone(),
                required: !field.is_nullable(),
                unit: table.units.of(field.name()),
                coded: false,
            })
            .collect();
        let nullable =
            |(_, field): &(usize, &Arc<Field>)| field.as_ref().clone().with_nullable(true);
        let schema = Schema::new(fields.iter().map(nullable).collect::<Vec<_>>());
        let width = table.schema.fields().len();
        Self {
            absent: columns.iter().copied().find(|index| *index >= width),
            schema: Arc::new(schema),
            wanted,
            table,
        }
    }

    /// The same decoder, which leaves texts of these columns of the table as they come where they
    /// come as codes of a dictionary.
    pub(crate) fn coded(mut self, columns: &[usize]) -> Self {
        for wanted in &mut self.wanted {
            wanted.coded = columns.contains(&wanted.index);
        }
        self
    }

    /// The schema of the decoded columns: the table's, every column nullable.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The columns of a chunk's records.
    ///
    /// # Errors
    /// Only where rejecting single records would not do: a column that typed input lacks, or a
    /// column number beyond the table.
    pub fn decode(&self, chunk: &Chunk) -> Result<Decoded, DecodeError> {
        if let Some(index) = self.absent {
            return Err(DecodeError::NoIndex {
                table: self.table.name.clone(),
                index,
                columns: self.table.schema.fields().len(),
            });
        }
        let mut faults = Vec::new();
        let arrays = match &chunk.payload {
            Payload::Raw(raw) => self.raw(chunk, &raw.values, &mut faults)?,
            Payload::Typed(rows) => self.typed(chunk, rows, &mut faults)?,
        };
        self.require(&arrays, &mut faults);
        let rows = RecordBatchOptions::new().with_row_count(Some(chunk.rows()));
        let schema = with_types_of(&self.schema, &arrays);
        let columns = RecordBatch::try_new_with_options(schema, arrays, &rows)
            .map_err(|error| unfit(chunk, &error))?;
        Ok(Decoded { columns, faults })
    }

    fn raw(
        &self,
        chunk: &Chunk,
        values: &BinaryArray,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<ArrayRef>, DecodeError> {
        if let Format::Avro(avro) = &self.table.format {
            return self.avro(chunk, values, avro, faults);
        }
        let mut columns: Vec<Column> = (self.schema.fields().iter().zip(&self.wanted))
            .map(|(field, wanted)| Column::new(field.data_type(), wanted.unit, values.len()))
            .collect();
        let rows = Rows::new(values);
        if self.table.format == Format::Csv {
            let width = self.table.schema.fields().len();
            csv::decode(rows, width, &self.wanted, &mut columns, faults);
        } else {
            json::decode(rows, &self.wanted, &mut columns, faults);
        }
        Ok(columns.into_iter().map(Column::finish).collect())
    }

    fn avro(
        &self,
        chunk: &Chunk,
        values: &BinaryArray,
        avro: &Avro,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<ArrayRef>, DecodeError> {
        let unknown = |wanted: &&Wanted| !avro.schema.fields().any(|name| name == wanted.name);
        if let Some(wanted) = self.wanted.iter().find(unknown) {
            let fields: Vec<&str> = avro.schema.fields().collect();
            return Err(self.no_column(chunk, wanted, &fields));
        }
        let arrays = avro::decode(values, avro, &self.wanted, faults)
            .map_err(|error| unfit(chunk, &error))?;
        let arrays = (self.wanted.iter().zip(self.schema.fields())).zip(&arrays);
        let arrays = arrays.map(|((wanted, field), array)| {
            self.convert(wanted, field, array, faults)
                .map_err(|error| unfit(chunk, &error))
        });
        arrays.collect()
    }

    /// A column in the type of the table.
    fn convert(
        &self,
        wanted: &Wanted,
        field: &Field,
        array: &ArrayRef,
        faults: &mut Vec<Fault>,
    ) -> Result<ArrayRef, ArrowError> {
        if wanted.coded && is_coded(array.data_type()) && *field.data_type() == DataType::Utf8 {
            return Ok(Arc::clone(array));
        }
        let target = typed::Target {
            data_type: field.data_type(),
            unit: wanted.unit,
            texts: self.table.format == Format::Csv,
        };
        typed::convert(array, target, |row, reason| {
            faults.push(Fault {
                row,
                column: Some(wanted.index),
                reason,
            });
        })
    }

    fn no_column(&self, chunk: &Chunk, wanted: &Wanted, found: &[&str]) -> DecodeError {
        DecodeError::NoColumn {
            place: chunk.place.clone(),
            table: self.table.name.clone(),
            column: wanted.name.clone(),
            found: found.join(", "),
        }
    }

    fn typed(
        &self,
        chunk: &Chunk,
        rows: &RecordBatch,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<ArrayRef>, DecodeError> {
        let broken = broken(rows);
        for (row, reason) in broken.iter().flat_map(|reasons| reasons.iter().enumerate()) {
            if let Some(reason) = reason {
                faults.push(Fault {
                    row,
                    column: None,
                    reason: reason.to_owned(),
                });
            }
        }
        let arrays = (self.wanted.iter().zip(self.schema.fields())).map(|(wanted, field)| {
            let Some(array) = rows.column_by_name(&wanted.name) else {
                let fields = rows.schema();
                let names = fields.fields().iter().map(|field| field.name().as_str());
                return Err(self.no_column(chunk, wanted, &names.collect::<Vec<_>>()));
            };
            self.convert(wanted, field, array, faults)
                .map_err(|error| unfit(chunk, &error))
        });
        arrays.collect()
    }

    /// Adds a fault for each NULL in a column that forbids it, and puts all in order.
    fn require(&self, arrays: &[ArrayRef], faults: &mut Vec<Fault>) {
        faults.sort_by_key(|fault| (fault.row, fault.column));
        let known = faults.len();
        for (wanted, array) in self.wanted.iter().zip(arrays) {
            if !wanted.required || array.null_count() == 0 {
                continue;
            }
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                // A value that did not convert has its fault, and so has a malformed record.
                let explained = |column| {
                    let known = faults.get(..known).unwrap_or_default();
                    known
                        .binary_search_by_key(&(row, column), |fault| (fault.row, fault.column))
                        .is_ok()
                };
                if !explained(None) && !explained(Some(wanted.index)) {
                    faults.push(Fault {
                        row,
                        column: Some(wanted.index),
                        reason: format!("NULL, but column {} is NOT NULL", wanted.name),
                    });
                }
            }
        }
        if faults.len() > known {
            faults.sort_by_key(|fault| (fault.row, fault.column));
        }
    }
}

/// Why records in columns are broken, where the input has such records.
fn broken(rows: &RecordBatch) -> Option<&StringArray> {
    rows.column_by_name(BROKEN)?.as_string_opt()
}

fn unfit(chunk: &Chunk, error: &ArrowError) -> DecodeError {
    DecodeError::Columns {
        place: chunk.place.clone(),
        start: chunk.start,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
