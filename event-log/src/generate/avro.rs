//! Rows as an Avro object container file.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, Schema, TimeUnit};
use arrow::error::ArrowError;
use serde_json::{Value, json};

/// What ends the header and every block; the same in all files, so that equal events make equal
/// files.
const SYNC: &[u8; 16] = b"seam-block-ends\n";

/// The header of a file of rows with this schema.
///
/// # Errors
/// A column of another type than integers, instants in microseconds and texts.
pub(super) fn header(schema: &Schema) -> Result<Vec<u8>, ArrowError> {
    let fields = schema.fields().iter().map(|field| {
        let kind = kind(field.data_type())?;
        Ok(match field.is_nullable() {
            true => json!({"name": field.name(), "type": ["null", kind]}),
            false => json!({"name": field.name(), "type": kind}),
        })
    });
    let fields = fields.collect::<Result<Vec<Value>, ArrowError>>()?;
    let schema = json!({"type": "record", "name": "event", "fields": fields}).to_string();
    let mut bytes = b"Obj\x01".to_vec();
    long(2, &mut bytes);
    text("avro.schema", &mut bytes);
    text(&schema, &mut bytes);
    text("avro.codec", &mut bytes);
    text("null", &mut bytes);
    long(0, &mut bytes);
    bytes.extend_from_slice(SYNC);
    Ok(bytes)
}

/// The rows as one block.
///
/// # Errors
/// As [`header`].
pub(super) fn block(rows: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let schema = rows.schema();
    let columns = (schema.fields().iter().zip(rows.columns()))
        .map(|(field, array)| Column::new(array, field.is_nullable()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut records = vec![];
    for row in 0..rows.num_rows() {
        for column in &columns {
            column.write(row, &mut records);
        }
    }
    let mut bytes = vec![];
    long(rows.num_rows() as i64, &mut bytes);
    long(records.len() as i64, &mut bytes);
    bytes.extend_from_slice(&records);
    bytes.extend_from_slice(SYNC);
    Ok(bytes)
}

/// The Avro type of a column.
fn kind(data_type: &DataType) -> Result<Value, ArrowError> {
    Ok(match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => json!("int"),
        DataType::Int64 => json!("long"),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            json!({"type": "long", "logicalType": "timestamp-micros"})
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => json!("string"),
        DataType::Dictionary(_, values) => kind(values)?,
        other => return Err(ArrowError::NotYetImplemented(format!("{other} in Avro"))),
    })
}

/// A column and whether it may hold NULL.
enum Column {
    Numbers(Int64Array, bool),
    Texts(StringArray, bool),
}

impl Column {
    fn new(array: &ArrayRef, nullable: bool) -> Result<Self, ArrowError> {
        Ok(if kind(array.data_type())? == json!("string") {
            let texts = cast(array, &DataType::Utf8)?;
            Self::Texts(texts.as_string::<i32>().clone(), nullable)
        } else {
            let numbers = cast(array, &DataType::Int64)?;
            Self::Numbers(numbers.as_primitive::<Int64Type>().clone(), nullable)
        })
    }

    fn write(&self, row: usize, bytes: &mut Vec<u8>) {
        let (nullable, valid) = match self {
            Self::Numbers(numbers, nullable) => (*nullable, numbers.is_valid(row)),
            Self::Texts(texts, nullable) => (*nullable, texts.is_valid(row)),
        };
        if nullable {
            long(i64::from(valid), bytes);
        }
        match self {
            Self::Numbers(numbers, _) if valid => long(numbers.value(row), bytes),
            Self::Texts(texts, _) if valid => text(texts.value(row), bytes),
            _ => {}
        }
    }
}

fn text(text: &str, bytes: &mut Vec<u8>) {
    long(text.len() as i64, bytes);
    bytes.extend_from_slice(text.as_bytes());
}

/// An integer in groups of seven bits, the lowest first, its sign in the lowest bit.
fn long(value: i64, bytes: &mut Vec<u8>) {
    let mut rest = (value << 1 ^ value >> 63).cast_unsigned();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}
