//! CSV files: a header, and records with as many fields as it has.

use std::fs;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use shared_logic::chunk::{BROKEN, Payload, SOURCE};
use shared_logic::decode::csv_fields;
use shared_logic::table::Table;

use super::source::{BYTES, Payloads, ROWS, complete, wrong};
use crate::LogError;

/// Opens a CSV file for the columns of a table and those in `outside`.
///
/// Every field is a text, an empty one without quotes is NULL. A record that cannot be split, or
/// into another number of fields, is kept as it is, to be rejected when it is decoded.
pub(super) fn open(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let text = fs::read(path).map_err(|error| LogError::file(path, "read", error))?;
    let mut records = Records {
        rest: text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text),
    };
    let Some(header) = records.next() else {
        return Err(wrong(
            path,
            "it is empty; a CSV file needs a line with the names of its columns",
        ));
    };
    let mut fields = Vec::new();
    let header = std::str::from_utf8(header)
        .map_err(|_| "invalid UTF-8".to_owned())
        .and_then(|header| csv_fields(header, &mut fields))
        .map(|()| fields);
    let header = match header {
        Ok(fields) => fields,
        Err(reason) => {
            let reason = format!("its first line, the names of its columns, is {reason}");
            return Err(wrong(path, reason));
        }
    };
    let width = header.len();
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut names: Vec<Field> = (header.into_iter())
        .map(|name| text(&name.unwrap_or_default()))
        .collect();
    complete(path, &Schema::new(names.clone()), table, outside)?;
    names.push(text(BROKEN));
    names.push(Field::new(SOURCE, DataType::Binary, true));
    let mut rows = Rows {
        schema: Arc::new(Schema::new(names)),
        fields: (0..width).map(|_| StringBuilder::new()).collect(),
        broken: StringBuilder::new(),
        source: BinaryBuilder::new(),
    };
    let mut payloads = Vec::new();
    let mut fields = Vec::with_capacity(width);
    let (mut bytes, mut count) = (0, 0);
    for record in records {
        let split = std::str::from_utf8(record)
            .map_err(|error| format!("invalid UTF-8 at byte {}", error.valid_up_to()))
            .and_then(|line| csv_fields(line, &mut fields));
        match split {
            Ok(()) if fields.len() == width => {
                for (column, field) in rows.fields.iter_mut().zip(&fields) {
                    column.append_option(field.as_deref());
                }
                rows.broken.append_null();
                rows.source.append_null();
            }
            Ok(()) => {
                let found = fields.len();
                let reason =
                    format!("broken CSV: expected {width} fields as in the header, found {found}");
                rows.refuse(record, &reason);
            }
            Err(reason) => rows.refuse(record, &reason),
        }
        (bytes, count) = (bytes + record.len(), count + 1);
        if bytes >= BYTES || count == ROWS {
            payloads.push(rows.finish(path)?);
            (bytes, count) = (0, 0);
        }
    }
    payloads.push(rows.finish(path)?);
    Ok(Box::new(payloads.into_iter().map(Ok)))
}

/// Columns under construction.
struct Rows {
    schema: SchemaRef,
    fields: Vec<StringBuilder>,
    broken: StringBuilder,
    source: BinaryBuilder,
}

impl Rows {
    /// A record that is in no columns.
    fn refuse(&mut self, record: &[u8], reason: &str) {
        self.fields.iter_mut().for_each(StringBuilder::append_null);
        self.broken.append_value(reason);
        self.source.append_value(record);
    }

    fn finish(&mut self, path: &Path) -> Result<Payload, LogError> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.fields.len() + 2);
        for field in &mut self.fields {
            columns.push(Arc::new(mem::take(field).finish()));
        }
        columns.push(Arc::new(self.broken.finish()));
        columns.push(Arc::new(self.source.finish()));
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map(Payload::Typed)
            .map_err(|error| LogError::columns(path.display(), &error))
    }
}

/// The records of a text that hold something, without their ends.
///
/// A record ends with its line, unless a field that begins with a quote goes on. Where such a field
/// does not end as one must, the record is the first line alone, so that one stray quote spoils
/// one record and not the rest of the file.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = line(self.rest);
            let first = self.rest.get(..end).unwrap_or_default();
            let end = match first.contains(&b'"') {
                true => quoted(self.rest).unwrap_or(end),
                false => end,
            };
            let (record, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
            self.rest = rest.get(1..).unwrap_or_default();
            let record = record.strip_suffix(b"\r").unwrap_or(record);
            if !record.trim_ascii().is_empty() {
                return Some(record);
            }
        }
        None
    }
}

/// Where the first line ends.
fn line(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| *byte == b'\n');
    end.unwrap_or(text.len())
}

/// Where the first record ends, line ends in quotes being part of it; `None` for stray quotes.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let field = text.get(at..)?;
        at += match field.strip_prefix(b"\"") {
            Some(inner) => 1 + closing(inner)? + 1,
            None => field
                .iter()
                .position(|byte| matches!(byte, b',' | b'\n' | b'"'))
                .unwrap_or(field.len()),
        };
        match text.get(at..)? {
            [b',', ..] => at += 1,
            [] | [b'\n', ..] => return Some(at),
            [b'\r', b'\n', ..] | [b'\r'] => return Some(at + 1),
            _ => return None,
        }
    }
}

/// The place of the quote that closes a field; doubled ones do not.
fn closing(inner: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += inner.get(at..)?.iter().position(|byte| *byte == b'"')?;
        if inner.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<&str> {
        let records = Records {
            rest: text.as_bytes(),
        };
        records
            .map(|record| std::str::from_utf8(record).unwrap_or("?"))
            .collect()
    }

    #[test]
    fn line_ends_in_quotes_do_not_end_a_record() {
        assert_eq!(
            records("a,b\r\n\n\"x\r\ny\",\"\"\"\n\"\n \nlast"),
            ["a,b", "\"x\r\ny\",\"\"\"\n\"", "last"]
        );
        assert_eq!(records("\"a\"\r\n\"b\"\r"), ["\"a\"", "\"b\""]);
        assert_eq!(records("\n\r\n"), [""; 0]);
    }

    #[test]
    fn a_stray_quote_spoils_one_line() {
        for broken in ["\"a", "a\"b", "\"a\"b", "x,\"y", "\"\"\"", "5'10\","] {
            let text = format!("1,2\n{broken}\n\"3\",4\n5,6");
            assert_eq!(records(&text), ["1,2", broken, "\"3\",4", "5,6"], "{text}");
        }
    }
}
