//! Values of a column as text: for keys and for raw records.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Float32Array, Float64Array,
    Int64Array, LargeBinaryArray, StringArray, StringBuilder, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, TimeUnit, UInt64Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use shared_logic::decode::write_instant;

use std::fmt::Write;

/// What a value's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing was written: the value is NULL.
    Null,
    /// A number or boolean, as JSON writes them.
    Bare,
    /// A text.
    Text,
}

/// A column whose values can be printed.
pub(crate) enum Values {
    Text(StringArray),
    /// Text, mostly.
    Bytes(LargeBinaryArray),
    Boolean(BooleanArray),
    Signed(Int64Array),
    Unsigned(UInt64Array),
    Single(Float32Array),
    Double(Float64Array),
    /// Instants in UTC.
    Time(Int64Array, TimeUnit),
    /// Numbers that are printed already, such as decimals.
    Printed(StringArray),
}

impl Values {
    /// Prepares a column of any type; types that JSON lacks become text.
    pub(crate) fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        use DataType::{Boolean, Dictionary, Float16, Float32, Float64, Timestamp, UInt64};
        let kind = array.data_type();
        let all = |to: &DataType| cast(array, to);
        Ok(match kind {
            Dictionary(_, values) => return Self::new(&all(values)?),
            Boolean => Self::Boolean(array.as_boolean().clone()),
            UInt64 => Self::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            kind if kind.is_integer() => {
                Self::Signed(all(&DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            Float16 | Float32 => Self::Single(all(&Float32)?.as_primitive::<Float32Type>().clone()),
            Float64 => Self::Double(array.as_primitive::<Float64Type>().clone()),
            Timestamp(unit, _) => {
                let counts = all(&DataType::Int64)?.as_primitive::<Int64Type>().clone();
                Self::Time(counts, *unit)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Text(all(&DataType::Utf8)?.as_string::<i32>().clone())
            }
            kind if kind.is_binary() => {
                Self::Bytes(all(&DataType::LargeBinary)?.as_binary::<i64>().clone())
            }
            _ => return Self::print(array),
        })
    }

    /// Prints a column as Arrow does.
    fn print(array: &ArrayRef) -> Result<Self, ArrowError> {
        let options = FormatOptions::default();
        let formatter = ArrayFormatter::try_new(array, &options)?;
        let mut texts = StringBuilder::with_capacity(array.len(), array.len() * 8);
        for row in 0..array.len() {
            if array.is_null(row) {
                texts.append_null();
            } else {
                let text = formatter.value(row).try_to_string();
                texts.append_value(text.as_deref().unwrap_or("unprintable"));
            }
        }
        let texts = texts.finish();
        let bare = array.data_type().is_decimal();
        Ok(if bare {
            Self::Printed(texts)
        } else {
            Self::Text(texts)
        })
    }

    /// Appends the text of row `row` to `out`.
    pub(crate) fn write(&self, row: usize, out: &mut String) -> Shape {
        // Writing into a string cannot fail.
        let _ = match self {
            Self::Text(texts) if texts.is_valid(row) => {
                out.push_str(texts.value(row));
                return Shape::Text;
            }
            Self::Bytes(bytes) if bytes.is_valid(row) => {
                if let Ok(text) = std::str::from_utf8(bytes.value(row)) {
                    out.push_str(text);
                    return Shape::Text;
                }
                // No type takes an object, so it fails as the bytes did.
                let hex = bytes.value(row).iter().map(|byte| format!("{byte:02x}"));
                write!(out, "{{\"hex\":\"{}\"}}", hex.collect::<String>())
            }
            Self::Printed(texts) if texts.is_valid(row) => out.write_str(texts.value(row)),
            Self::Boolean(values) if values.is_valid(row) => write!(out, "{}", values.value(row)),
            Self::Signed(values) if values.is_valid(row) => write!(out, "{}", values.value(row)),
            Self::Unsigned(values) if values.is_valid(row) => write!(out, "{}", values.value(row)),
            Self::Single(values) if values.is_valid(row) => {
                let value = values.value(row);
                if let Some(name) = named(f64::from(value)) {
                    out.push_str(name);
                    return Shape::Text;
                }
                write!(out, "{value:?}")
            }
            Self::Double(values) if values.is_valid(row) => {
                let value = values.value(row);
                if let Some(name) = named(value) {
                    out.push_str(name);
                    return Shape::Text;
                }
                write!(out, "{value:?}")
            }
            Self::Time(counts, unit) if counts.is_valid(row) => {
                let count = i128::from(counts.value(row));
                let micros = match unit {
                    TimeUnit::Second => count * 1_000_000,
                    TimeUnit::Millisecond => count * 1000,
                    TimeUnit::Microsecond => count,
                    TimeUnit::Nanosecond => count.div_euclid(1000),
                };
                write_instant(micros, out);
                return Shape::Text;
            }
            _ => return Shape::Null,
        };
        Shape::Bare
    }
}

/// The floats that no number stands for.
fn named(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("Infinity")
    } else if value == f64::NEG_INFINITY {
        Some("-Infinity")
    } else {
        None
    }
}

/// The texts of a column as keys of records; NULL where the value is.
pub(crate) fn keys(column: &ArrayRef) -> Result<BinaryArray, ArrowError> {
    let values = Values::new(column)?;
    let mut keys = BinaryBuilder::with_capacity(column.len(), column.len() * 8);
    let mut text = String::new();
    for row in 0..column.len() {
        text.clear();
        match values.write(row, &mut text) {
            Shape::Null => keys.append_null(),
            _ => keys.append_value(&text),
        }
    }
    Ok(keys.finish())
}
