//! Records that are one Avro datum each, written with the schema of the table.
//!
//! The datums are read here rather than by a library because a broken record must be rejected alone
//! and for the same reason whatever is decoded beside it: column readers append field by field, so
//! that a record that breaks off spoils the columns of its chunk, and texts that are no UTF-8 show
//! only when a whole column is finished. Here a record is checked to its last byte before a value of
//! it is used. The values become columns of the types that the schema gives them, and those convert
//! as columns of any input do.

mod canonical;
mod datum;
mod natural;
mod schema;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;

use super::{Fault, Wanted};
use datum::{Broken, Datum, Scalar};
use natural::Natural;

pub use schema::AvroSchema;

/// How the records of a table are written in Avro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avro {
    /// The schema they were written with.
    pub schema: AvroSchema,
    /// What stands before each of them.
    pub framing: Framing,
}

/// What stands before the bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Nothing, or the ten bytes of a single-object encoding, which name this schema.
    Bare,
    /// A zero and four bytes that number a schema in a registry.
    Confluent,
}

impl Avro {
    /// Where the datum begins in a record.
    fn start(&self, record: &[u8]) -> Result<usize, String> {
        match (self.framing, record) {
            (Framing::Confluent, [0, _, _, _, _, ..]) => Ok(5),
            (Framing::Confluent, _) => {
                Err("broken Avro: expected 0 and four bytes that number a schema at byte 0".into())
            }
            (Framing::Bare, [0xC3, 0x01, rest @ ..])
                if rest.starts_with(&self.schema.fingerprint().to_le_bytes()) =>
            {
                Ok(10)
            }
            (Framing::Bare, _) => Ok(0),
        }
    }
}

impl AvroSchema {
    /// How many bytes the first of several records has, each without anything before it.
    ///
    /// # Errors
    /// The record is broken; what it says is for the user.
    pub fn length(&self, records: &[u8]) -> Result<usize, String> {
        let mut datum = Datum::new(records, 0);
        for (_, kind) in self.root() {
            datum.value(self, *kind).map_err(shown)?;
        }
        Ok(datum.at())
    }

    /// Records as columns in the types that the schema gives them, without the fields that no
    /// column can hold, such as arrays. Nothing stands before a record.
    ///
    /// # Errors
    /// A record is broken or has a decimal of more digits than 38, or a text column exceeds 2 GiB;
    /// what it says is for the user.
    pub fn columns(&self, records: &BinaryArray) -> Result<RecordBatch, String> {
        let fields = self.fields().zip(0..).filter_map(|(name, field)| {
            let natural = Natural::new(self, self.root().get(field)?.1, records.len())?;
            Some((name, field, natural))
        });
        let (mut names, mut columns, mut slots) = (vec![], vec![], vec![None; self.root().len()]);
        for (name, field, natural) in fields {
            if let Some(slot) = slots.get_mut(field) {
                *slot = Some(columns.len());
            }
            names.push(name);
            columns.push(natural);
        }
        let mut values = vec![Scalar::Null; columns.len()];
        for (nth, record) in records.iter().enumerate() {
            read(self, &slots, record.unwrap_or_default(), 0, &mut values)?;
            for ((column, value), name) in columns.iter_mut().zip(&values).zip(&names) {
                if !column.push(*value) {
                    let reason = unfit(*value);
                    return Err(format!("record {}, field {name:?}: {reason}", nth + 1));
                }
            }
        }
        let arrays = columns
            .into_iter()
            .map(Natural::finish)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let fields = names.into_iter().zip(&arrays);
        let fields = fields.map(|(name, array)| Field::new(name, array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let rows = RecordBatchOptions::new().with_row_count(Some(records.len()));
        RecordBatch::try_new_with_options(schema, arrays, &rows).map_err(|error| error.to_string())
    }

    /// Whether a column can hold the field of this name; `None` where there is none.
    pub fn holds(&self, field: &str) -> Option<bool> {
        let (_, kind) = self.root().iter().find(|(name, _)| name == field)?;
        Some(Natural::new(self, *kind, 0).is_some())
    }
}

/// Decodes the fields `wanted` into columns of their own types; NULL where a value has none.
///
/// # Errors
/// Where Arrow cannot make the columns.
pub(super) fn decode(
    values: &BinaryArray,
    avro: &Avro,
    wanted: &[Wanted],
    faults: &mut Vec<Fault>,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let schema = &avro.schema;
    let place = |wanted: &Wanted| schema.fields().position(|name| name == wanted.name);
    let mut slots = vec![None; schema.root().len()];
    let mut columns = Vec::with_capacity(wanted.len());
    for (slot, wanted) in wanted.iter().enumerate() {
        let field = place(wanted).and_then(|place| {
            *slots.get_mut(place)? = Some(slot);
            Natural::new(schema, schema.root().get(place)?.1, values.len())
        });
        columns.push(field.unwrap_or_else(Natural::none));
    }
    let mut scalars = vec![Scalar::Null; wanted.len()];
    for (row, record) in values.iter().enumerate() {
        let found = match record {
            None => Err("no value, a tombstone".into()),
            Some(record) => (avro.start(record))
                .and_then(|start| read(schema, &slots, record, start, &mut scalars)),
        };
        if let Err(reason) = found {
            columns.iter_mut().for_each(Natural::skip);
            faults.push(Fault {
                row,
                column: None,
                reason,
            });
            continue;
        }
        for ((column, value), wanted) in columns.iter_mut().zip(&scalars).zip(wanted) {
            if !column.push(*value) {
                faults.push(Fault {
                    row,
                    column: Some(wanted.index),
                    reason: unfit(*value).into(),
                });
            }
        }
    }
    columns.into_iter().map(Natural::finish).collect()
}

/// Reads one record; all of it is checked before any value is used.
#[inline]
fn read<'a>(
    schema: &'a AvroSchema,
    slots: &[Option<usize>],
    record: &'a [u8],
    start: usize,
    values: &mut [Scalar<'a>],
) -> Result<(), String> {
    let mut datum = Datum::new(record, start);
    for ((_, kind), slot) in schema.root().iter().zip(slots) {
        let value = datum.value(schema, *kind).map_err(shown)?;
        if let Some(slot) = slot.and_then(|slot| values.get_mut(slot)) {
            *slot = value;
        }
    }
    datum.end().map_err(shown)
}

#[cold]
fn shown(broken: Broken) -> String {
    let Broken { at, expected } = broken;
    format!("broken Avro: expected {expected} at byte {at}")
}

#[cold]
fn unfit(value: Scalar) -> &'static str {
    match value {
        Scalar::Wide => "found a decimal of more than 38 digits, which is out of range",
        _ => "found a value that no column can hold",
    }
}
