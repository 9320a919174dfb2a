//! CSV files: a header, and records with as many fields as it has.

use std::collections::VecDeque;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use shared_logic::chunk::{BROKEN, Payload, SOURCE};
use shared_logic::decode::csv_fields;
use shared_logic::table::Table;

use super::source::{BYTES, Lines, Payloads, ROWS, complete, until_ended, wrong};
use crate::LogError;

/// Opens a CSV file for the columns of a table and those in `outside`.
///
/// Every field is a text, an empty one without quotes is NULL. A record that cannot be split, or
/// into another number of fields, is kept as it is, to be rejected when it is decoded.
pub(super) fn open(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let mut records = Records::new(Lines::open(path)?);
    let Some(header) = records.next()? else {
        return Err(wrong(
            path,
            "it is empty; a CSV file needs a line with the names of its columns",
        ));
    };
    let mut fields = Vec::new();
    let header = std::str::from_utf8(&header)
        .map_err(|_| "invalid UTF-8".to_owned())
        .and_then(|header| csv_fields(header, &mut fields))
        .map(|()| mem::take(&mut fields));
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
    let path = path.to_owned();
    let mut ended = false;
    let payload = move || {
        let (mut bytes, mut count) = (0, 0);
        while bytes < BYTES && count < ROWS {
            let Some(record) = records.next()? else {
                ended = true;
                break;
            };
            rows.append(&record, width);
            (bytes, count) = (bytes + record.len(), count + 1);
        }
        Ok((rows.finish(&path)?, ended))
    };
    Ok(until_ended(payload))
}

/// Columns under construction.
struct Rows {
    schema: SchemaRef,
    fields: Vec<StringBuilder>,
    broken: StringBuilder,
    source: BinaryBuilder,
}

impl Rows {
    /// A record, in its columns if it has as many fields as the header.
    fn append(&mut self, record: &[u8], width: usize) {
        let mut fields = Vec::with_capacity(width);
        let split = std::str::from_utf8(record)
            .map_err(|error| format!("invalid UTF-8 at byte {}", error.valid_up_to()))
            .and_then(|line| csv_fields(line, &mut fields));
        match split {
            Ok(()) if fields.len() == width => {
                for (column, field) in self.fields.iter_mut().zip(&fields) {
                    column.append_option(field.as_deref());
                }
                self.broken.append_null();
                self.source.append_null();
            }
            Ok(()) => {
                let found = fields.len();
                let reason =
                    format!("broken CSV: expected {width} fields as in the header, found {found}");
                self.refuse(record, &reason);
            }
            Err(reason) => self.refuse(record, &reason),
        }
    }

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

/// How long a record in quotes may be: so far ahead its end is looked for.
const LONGEST: usize = 16 << 20;

/// The records of a file that hold something, without their ends.
///
/// A record ends with its line, unless a field that begins with a quote goes on. Where such a field
/// does not end as one must, or not within [`LONGEST`], the record is the first line alone, so that
/// one stray quote spoils one record and not the rest of the file.
struct Records {
    lines: Lines,
    /// Lines that were read in search of an end and are not in a record yet.
    ahead: VecDeque<Vec<u8>>,
}

impl Records {
    fn new(lines: Lines) -> Self {
        Self {
            lines,
            ahead: VecDeque::new(),
        }
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, LogError> {
        while let Some(line) = self.line()? {
            let mut record = match line.contains(&b'"') {
                true => self.quoted(line)?,
                false => line,
            };
            record.pop_if(|last| *last == b'\r');
            if !record.trim_ascii().is_empty() {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, LogError> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => Ok(self.lines.next()?.map(<[u8]>::to_vec)),
        }
    }

    /// The record that begins with `first`, line ends in quotes being part of it.
    fn quoted(&mut self, first: Vec<u8>) -> Result<Vec<u8>, LogError> {
        let mut text = first.clone();
        let mut taken = vec![];
        let mut scan = Scan::default();
        loop {
            match scan.on(&text) {
                Some(true) => return Ok(text),
                Some(false) => break,
                None if text.len() > LONGEST => break,
                None => {}
            }
            let Some(line) = self.line()? else { break };
            text.push(b'\n');
            text.extend_from_slice(&line);
            taken.push(line);
        }
        for line in taken.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(first)
    }
}

/// How far a record is read.
#[derive(Default)]
struct Scan {
    at: usize,
    /// Whether `at` is within quotes.
    inside: bool,
}

impl Scan {
    /// Whether the record ends at the end of `text`, which begins as it did before, or is broken by
    /// a stray quote; `None` where a quote is still open.
    fn on(&mut self, text: &[u8]) -> Option<bool> {
        loop {
            let rest = text.get(self.at..).unwrap_or_default();
            if self.inside {
                self.at += rest.iter().position(|byte| *byte == b'"')?;
                match text.get(self.at + 1) {
                    Some(b'"') => self.at += 2,
                    // Whether this quote closes is seen here, for a line end is never in a quote's place.
                    _ => (self.at, self.inside) = (self.at + 1, false),
                }
                if self.inside {
                    continue;
                }
            } else if rest.first() == Some(&b'"') {
                (self.at, self.inside) = (self.at + 1, true);
                continue;
            } else {
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'"'));
                self.at += end.unwrap_or(rest.len());
            }
            match text.get(self.at..) {
                Some([b',', ..]) => self.at += 1,
                None | Some([] | [b'\r']) => return Some(true),
                _ => return Some(false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    fn records(text: &str) -> Vec<String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut records = Records::new(Lines::open(file.path()).unwrap());
        let mut all = vec![];
        while let Some(record) = records.next().unwrap() {
            all.push(String::from_utf8(record).unwrap());
        }
        all
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
