#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod avro;
mod malformed;
mod split;
mod types;

use std::sync::Arc;

use arrow::array::{Array, BinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::util::display::array_value_to_string;

use super::*;
use crate::chunk::Raw;
use crate::identity::Topic;
use crate::table::{Format, TimeUnits};

/// A table with a column of every type, named after it, and NOT NULL only in `at`.
fn table(format: Format) -> Arc<Table> {
    let columns = [
        ("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("bool", DataType::Boolean),
        ("i8", DataType::Int8),
        ("i16", DataType::Int16),
        ("i32", DataType::Int32),
        ("i64", DataType::Int64),
        ("u8", DataType::UInt8),
        ("u64", DataType::UInt64),
        ("f32", DataType::Float32),
        ("f64", DataType::Float64),
        ("dec", DataType::Decimal128(6, 2)),
        ("text", DataType::Utf8),
        ("date", DataType::Date32),
        ("bytes", DataType::Binary),
    ];
    let fields: Vec<Field> = (columns.into_iter())
        .map(|(name, data_type)| Field::new(name, data_type, name != "at"))
        .collect();
    Arc::new(Table {
        name: "things".into(),
        schema: Arc::new(Schema::new(fields)),
        topic: Topic::new("things"),
        format,
        units: TimeUnits::default(),
        event_time: 0,
        partition_by: None,
        arrival: None,
        watermark_delay: 0,
    })
}

fn raw<V: AsRef<[u8]>>(values: impl IntoIterator<Item = Option<V>>) -> Chunk {
    let values = BinaryArray::from_iter(values);
    let nothing = BinaryArray::new_null(values.len());
    chunk(
        values.len(),
        Payload::Raw(Raw {
            keys: nothing.clone(),
            values,
            headers: nothing,
        }),
    )
}

fn chunk(rows: usize, payload: Payload) -> Chunk {
    Chunk {
        place: TopicPartition::new("things", 0),
        start: Offset(7),
        next: Offset(7 + rows as u64),
        offsets: None,
        arrivals: None,
        payload,
    }
}

fn typed(name: &str, array: ArrayRef) -> Chunk {
    let rows = RecordBatch::try_from_iter([(name, array)]).unwrap();
    chunk(rows.num_rows(), Payload::Typed(rows))
}

/// What one column of a chunk becomes: a value's text, or the reason of its fault.
fn cells(decoder: &Decoder, chunk: &Chunk) -> Vec<String> {
    let decoded = decoder.decode(chunk).unwrap();
    let column = decoded.columns.column(0);
    (0..chunk.rows())
        .map(|row| {
            let fault = decoded.faults.iter().find(|fault| fault.row == row);
            match fault {
                Some(fault) => format!("! {}", fault.reason),
                None if column.is_null(row) => "NULL".into(),
                None => array_value_to_string(column, row).unwrap(),
            }
        })
        .collect()
}

/// One JSON value in the column `at` of a table whose numbers count `unit`s.
fn at(unit: TimeUnit, value: &str) -> String {
    let mut table = table(Format::Json).as_ref().clone();
    table.units.others = unit;
    let record = format!("{{\"at\":{value}}}");
    cells(&Decoder::new(Arc::new(table), &[0]), &raw([Some(record)])).remove(0)
}

/// One JSON value in column `name`.
fn json(name: &str, value: &str) -> String {
    let table = table(Format::Json);
    let decoder = Decoder::new(table.clone(), &[table.index(name).unwrap()]);
    let record = format!("{{\"other\":[1],{name:?}:{value}}}");
    cells(&decoder, &raw([Some(record)])).remove(0)
}

/// One CSV field in column `name`, the others empty.
fn csv(name: &str, field: &str) -> String {
    let table = table(Format::Csv);
    let index = table.index(name).unwrap();
    let commas = table.schema.fields().len() - 1;
    let line = format!("{}{field}{}", ",".repeat(index), ",".repeat(commas - index));
    cells(&Decoder::new(table, &[index]), &raw([Some(line)])).remove(0)
}

/// An array in column `name`.
fn columns(name: &str, array: ArrayRef) -> Vec<String> {
    let table = table(Format::Json);
    let decoder = Decoder::new(table.clone(), &[table.index(name).unwrap()]);
    cells(&decoder, &typed(name, array))
}
