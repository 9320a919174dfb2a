//! Rows of columns as the raw records they would have been.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, RecordBatch};
use arrow::error::ArrowError;
use shared_logic::chunk::{BROKEN, SOURCE};
use shared_logic::decode::csv_fields;
use shared_logic::table::{Format, Table};

use crate::value::{Shape, Values};

/// One column of the rows.
struct Column {
    /// In JSON, with quotes and colon; not used in CSV.
    name: String,
    /// The values as the table types them, where the table has the column.
    typed: Option<(ArrayRef, Values)>,
    /// The values as they came.
    source: Values,
}

/// Writes rows as records of a table.
///
/// A value is written the way in which decoding gives it back: what converts to the table's type in
/// that type, what does not as it came, so that it fails again. Columns that the table lacks are
/// kept in JSON, for a later definition; CSV has no place for them. A record that is broken stays
/// broken.
pub(crate) struct Rows {
    format: Format,
    columns: Vec<Column>,
    /// The bytes of records that are broken; NULL in others.
    broken: Option<BinaryArray>,
    rows: usize,
}

impl Rows {
    /// The rows of `source`, whose columns decode to `typed`: all of the table's, in its order.
    pub(crate) fn new(
        table: &Table,
        source: &RecordBatch,
        typed: &RecordBatch,
    ) -> Result<Self, ArrowError> {
        let column = |name: &str, source: &ArrayRef| {
            let typed = match table
                .index(name)
                .and_then(|index| typed.columns().get(index))
            {
                Some(array) => Some((array.clone(), Values::new(array)?)),
                None => None,
            };
            let name = serde_json::Value::from(name).to_string() + ":";
            Ok(Column {
                name,
                typed,
                source: Values::new(source)?,
            })
        };
        let fields = source.schema();
        let columns = match &table.format {
            Format::Json => (fields.fields().iter().zip(source.columns()))
                .filter(|(field, _)| ![BROKEN, SOURCE].contains(&field.name().as_str()))
                .map(|(field, array)| column(field.name(), array))
                .collect::<Result<_, ArrowError>>()?,
            Format::Csv => (table.schema.fields().iter().zip(typed.columns()))
                .map(|(field, array)| {
                    let source = source.column_by_name(field.name()).unwrap_or(array);
                    column(field.name(), source)
                })
                .collect::<Result<_, ArrowError>>()?,
            Format::Avro(_) => {
                let reason = "records in columns are not written as Avro; archive the Avro records, or use format = 'json'";
                return Err(ArrowError::NotYetImplemented(reason.into()));
            }
        };
        Ok(Self {
            format: table.format.clone(),
            columns,
            broken: (source.column_by_name(SOURCE))
                .and_then(|bytes| bytes.as_binary_opt().cloned()),
            rows: source.num_rows(),
        })
    }

    /// Rows in JSON exactly as they are, for no table.
    pub(crate) fn json(source: &RecordBatch) -> Result<Self, ArrowError> {
        let fields = source.schema();
        let columns = (fields.fields().iter().zip(source.columns())).map(|(field, array)| {
            Ok(Column {
                name: serde_json::Value::from(field.name().as_str()).to_string() + ":",
                typed: None,
                source: Values::new(array)?,
            })
        });
        Ok(Self {
            format: Format::Json,
            columns: columns.collect::<Result<_, ArrowError>>()?,
            broken: None,
            rows: source.num_rows(),
        })
    }

    /// All rows, one value each.
    pub(crate) fn values(&self) -> BinaryArray {
        let mut values = BinaryBuilder::with_capacity(self.rows, self.rows * 64);
        let mut line = String::new();
        for row in 0..self.rows {
            match &self.broken {
                Some(bytes) if bytes.is_valid(row) => {
                    values.append_value(self.broken(bytes.value(row)));
                }
                _ => {
                    line.clear();
                    self.write(row, &mut line);
                    values.append_value(&line);
                }
            }
        }
        values.finish()
    }

    /// A broken line of CSV as a record that is broken in this format, too, with all its text.
    fn broken(&self, line: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(line);
        let mut fields = Vec::new();
        match &self.format {
            // A text is no object.
            Format::Json => serde_json::Value::from(text).to_string().into_bytes(),
            // A line that has the wrong number of fields in its file may have the right one here.
            Format::Csv if csv_fields(&text, &mut fields).is_ok() => {
                [line, b",\"".as_slice()].concat()
            }
            _ => line.to_vec(),
        }
    }

    /// Appends row `row` to `line`, without a line end.
    pub(crate) fn write(&self, row: usize, line: &mut String) {
        match &self.format {
            Format::Csv => self.write_csv(row, line),
            _ => self.write_json(row, line),
        }
    }

    fn write_json(&self, row: usize, line: &mut String) {
        let mut text = String::new();
        line.push('{');
        for (nth, column) in self.columns.iter().enumerate() {
            if nth > 0 {
                line.push(',');
            }
            line.push_str(&column.name);
            text.clear();
            match column.write(row, &mut text) {
                Shape::Null => line.push_str("null"),
                Shape::Bare => line.push_str(&text),
                Shape::Text => quote_json(&text, line),
            }
        }
        line.push('}');
    }

    fn write_csv(&self, row: usize, line: &mut String) {
        let mut text = String::new();
        for (nth, column) in self.columns.iter().enumerate() {
            if nth > 0 {
                line.push(',');
            }
            text.clear();
            let shape = column.write(row, &mut text);
            let quoted =
                shape == Shape::Text && (text.is_empty() || text.contains([',', '"', '\n', '\r']));
            if quoted {
                line.push('"');
                line.push_str(&text.replace('"', "\"\""));
                line.push('"');
            } else {
                line.push_str(&text);
            }
        }
    }
}

impl Column {
    fn write(&self, row: usize, text: &mut String) -> Shape {
        match &self.typed {
            Some((array, values)) if array.is_valid(row) => values.write(row, text),
            _ => self.source.write(row, text),
        }
    }
}

/// Appends `text` as a JSON string.
fn quote_json(text: &str, line: &mut String) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        line.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests;
