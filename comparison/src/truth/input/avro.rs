//! Avro object container files, read by the library of the Avro project.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::{RecordSchema, Schema};
use apache_avro::types::Value as Avro;
use apache_avro::{Decimal, Reader};

use super::{Rows, failed};
use crate::truth::TruthError;
use crate::truth::kind::Kind;
use crate::truth::value::Value;

/// Appends the values that `wanted` names, of every record of the file.
///
/// # Errors
/// A file that cannot be read, or without one of the columns.
pub(super) fn read(
    path: &Path,
    wanted: &[(&str, Kind)],
    rows: &mut Rows,
) -> Result<(), TruthError> {
    let wrong = |error: apache_avro::Error| TruthError::Avro {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = BufReader::new(File::open(path).map_err(failed(path))?);
    let reader = Reader::new(file).map_err(wrong)?;
    let datum = Datum::new(reader.writer_schema().clone(), path, wanted)?;
    for record in reader {
        rows.push(datum.values(&record.map_err(wrong)?));
    }
    Ok(())
}

/// Records of one schema, and the fields wanted of them.
#[derive(Debug)]
pub(in crate::truth) struct Datum {
    schema: Schema,
    /// Of each field wanted: its place in the record, and the digits behind its point.
    places: Vec<(usize, usize)>,
}

impl Datum {
    /// Finds the fields `wanted` in a schema.
    ///
    /// # Errors
    /// A field that is not there.
    pub(super) fn new(
        schema: Schema,
        path: &Path,
        wanted: &[(&str, Kind)],
    ) -> Result<Self, TruthError> {
        let fields = match &schema {
            Schema::Record(RecordSchema { fields, .. }) => fields.as_slice(),
            _ => &[],
        };
        let place = |name: &str| {
            let found = fields.iter().enumerate();
            let mut found = found.filter(|(_, field)| field.name == name);
            found
                .next()
                .map(|(place, field)| (place, scale(&field.schema)))
                .ok_or_else(|| TruthError::NoColumn {
                    path: path.to_owned(),
                    column: name.to_owned(),
                })
        };
        let places = wanted.iter().map(|(name, _)| place(name));
        Ok(Self {
            places: places.collect::<Result<_, _>>()?,
            schema,
        })
    }

    /// Appends one encoded record; it is broken where it breaks off or goes on.
    pub(super) fn push(&self, bytes: Option<&[u8]>, rows: &mut Rows) {
        let record = bytes.and_then(|mut bytes| {
            let reader = GenericDatumReader::builder(&self.schema).build().ok()?;
            let record = reader.read_value(&mut bytes).ok()?;
            bytes.is_empty().then_some(record)
        });
        rows.push(record.as_ref().and_then(|record| self.values(record)));
    }

    fn values<'v>(&self, record: &'v Avro) -> Option<Vec<Value<'v>>> {
        let Avro::Record(values) = record else {
            return None;
        };
        let value = |(place, scale): &(usize, usize)| match values.get(*place) {
            Some((_, value)) => found(value, *scale),
            None => Value::Null,
        };
        Some(self.places.iter().map(value).collect())
    }
}

/// How many digits a decimal has behind its point, also where it may be NULL.
fn scale(schema: &Schema) -> usize {
    match schema {
        Schema::Decimal(decimal) => decimal.scale,
        Schema::Union(union) => union.variants().iter().map(scale).max().unwrap_or(0),
        _ => 0,
    }
}

/// What a value would be in text; a decimal has `scale` digits behind its point.
fn found(value: &Avro, scale: usize) -> Value<'_> {
    let text = |text: &[u8]| match String::from_utf8(text.to_vec()) {
        Ok(text) => Value::Field(text.into()),
        Err(_) => Value::Nested,
    };
    match value {
        Avro::Union(_, value) => found(value, scale),
        Avro::Null => Value::Null,
        Avro::Boolean(value) => Value::Boolean(*value),
        Avro::Int(value) => Value::Number(value.to_string().into()),
        Avro::Long(value) => Value::Number(value.to_string().into()),
        Avro::Float(value) => Value::single_float(*value),
        Avro::Double(value) => Value::double_float(*value),
        Avro::String(text) | Avro::Enum(_, text) => Value::Field(text.as_str().into()),
        Avro::Uuid(uuid) => Value::Field(uuid.to_string().into()),
        Avro::Bytes(bytes) | Avro::Fixed(_, bytes) => text(bytes),
        Avro::Decimal(digits) => match integer(digits) {
            Some(digits) => Value::Number(format!("{digits}e-{scale}").into()),
            None => Value::Nested,
        },
        Avro::Date(day) => Value::Day(*day),
        Avro::TimestampMillis(at) | Avro::LocalTimestampMillis(at) => {
            at.checked_mul(1000).map_or(Value::Nested, Value::Instant)
        }
        Avro::TimestampMicros(at) | Avro::LocalTimestampMicros(at) => Value::Instant(*at),
        Avro::TimestampNanos(at) | Avro::LocalTimestampNanos(at) => {
            Value::Instant(at.div_euclid(1000))
        }
        _ => Value::Nested,
    }
}

/// The digits of a decimal, which has its highest byte first; `None` where 128 bits do not hold it.
fn integer(decimal: &Decimal) -> Option<i128> {
    let bytes = Vec::<u8>::try_from(decimal).ok()?;
    let sign = bytes
        .first()
        .map_or(0, |byte| i128::from(byte.cast_signed() >> 7));
    bytes.iter().try_fold(sign, |digits, byte| {
        digits.checked_mul(256)?.checked_add(i128::from(*byte))
    })
}
