//! Columns of other types into the table's types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::column::Column;
use super::number::counted;
use super::time::write_instant;
use super::token::{Text, Token};

/// What a column is to become.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) data_type: &'a DataType,
    /// What numbers count where that is a timestamp.
    pub(super) unit: TimeUnit,
    /// Whether its records are nothing but text, as in CSV.
    pub(super) texts: bool,
}

/// The values of `array` in type `target`, the same array where it has that type already.
///
/// A value converts as in a record of the table's format, where CSV has nothing but text: a number
/// is a VARCHAR there, and is none in JSON. So a row can be written as a record and means the same.
///
/// A value that does not convert becomes NULL and is told to `fault`, with its row and the reason.
///
/// # Errors
/// Where Arrow cannot make the array.
pub(super) fn convert(
    array: &ArrayRef,
    target: Target,
    mut fault: impl FnMut(usize, String),
) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == target.data_type {
        return Ok(array.clone());
    }
    let array = &plain(array)?;
    if let Some(values) = whole(array, target)?
        && values.null_count() == array.null_count()
    {
        return Ok(values);
    }
    let mut column = Column::new(target.data_type, target.unit, array.len());
    each(array, |row, token| {
        let token = match (target.texts, token) {
            (true, Token::Bool(value)) => Token::Field(if value { "true" } else { "false" }),
            (true, Token::Number(text)) => Token::Field(text),
            (true, Token::Text(text)) => Token::Field(text.inner),
            (_, token) => token,
        };
        if let Err(reason) = column.push(&token) {
            fault(row, reason);
        }
    })?;
    Ok(column.finish())
}

/// Dictionaries without their indirection, the kinds of text as one, and instants in UTC.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, values) => plain(&cast(array, values)?),
        DataType::LargeUtf8 | DataType::Utf8View => cast(array, &DataType::Utf8),
        DataType::Timestamp(unit, Some(_)) => cast(array, &DataType::Timestamp(*unit, None)),
        _ => Ok(array.clone()),
    }
}

/// The conversions where Arrow's rule is ours, a column at a time; NULL where one value fails.
fn whole(array: &ArrayRef, target: Target) -> Result<Option<ArrayRef>, ArrowError> {
    use DataType::{Date32, Date64, Float32, Float64, Timestamp};
    let (from, unit, target) = (array.data_type(), target.unit, target.data_type);
    if from == target {
        return Ok(Some(array.clone()));
    }
    let cast_is_ours = match (from, target) {
        // Arrow cuts nanoseconds towards 1970; time floors.
        (Timestamp(TimeUnit::Nanosecond, _), Timestamp(TimeUnit::Microsecond, None)) => {
            let nanos = array.as_primitive::<TimestampNanosecondType>();
            let micros = nanos.unary::<_, TimestampMicrosecondType>(|ns| ns.div_euclid(1000));
            return Ok(Some(Arc::new(micros)));
        }
        (from, Timestamp(TimeUnit::Microsecond, None)) if from.is_integer() => {
            let counts = cast(array, &DataType::Int64)?;
            let counts = counts.as_primitive::<Int64Type>();
            let micros =
                counts.unary_opt::<_, TimestampMicrosecondType>(|count| counted(count, unit));
            return Ok(Some(Arc::new(micros)));
        }
        (Timestamp(..) | Date32 | Date64, Timestamp(..)) => true,
        (from, to) if from.is_integer() => to.is_integer() || matches!(to, Float32 | Float64),
        (Float32, Float64) => true,
        _ => false,
    };
    if cast_is_ours {
        cast(array, target).map(Some)
    } else {
        Ok(None)
    }
}

/// Hands each value over as a record would hold it.
fn each(array: &ArrayRef, mut value: impl FnMut(usize, Token)) -> Result<(), ArrowError> {
    if let Some(texts) = array.as_string_opt::<i32>() {
        for (row, text) in texts.iter().enumerate() {
            value(row, text.map_or(Token::Null, Token::Field));
        }
        return Ok(());
    }
    let kind = array.data_type();
    if kind.is_binary() {
        let bytes = cast(array, &DataType::LargeBinary)?;
        for (row, bytes) in bytes.as_binary::<i64>().iter().enumerate() {
            match bytes.map(std::str::from_utf8) {
                None => value(row, Token::Null),
                Some(Ok(text)) => value(row, Token::Field(text)),
                Some(Err(_)) => value(row, Token::Nested("bytes that are no UTF-8")),
            }
        }
        return Ok(());
    }
    let mut text = String::new();
    if let DataType::Timestamp(unit, _) = kind {
        let counts = cast(array, &DataType::Int64)?;
        for (row, count) in counts.as_primitive::<Int64Type>().iter().enumerate() {
            text.clear();
            if let Some(count) = count {
                write_instant(micros(*unit, count), &mut text);
            }
            value(row, count.map_or(Token::Null, |_| Token::Field(&text)));
        }
        return Ok(());
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)?;
    for row in 0..array.len() {
        text.clear();
        let token = if array.is_null(row) {
            Token::Null
        } else if formatter.value(row).write(&mut text).is_err() {
            Token::Field("unprintable")
        } else {
            match kind {
                DataType::Boolean => Token::Bool(text == "true"),
                DataType::Null => Token::Null,
                kind if kind.is_floating() => float(&text),
                kind if kind.is_numeric() => Token::Number(&text),
                _ => Token::Field(&text),
            }
        };
        value(row, token);
    }
    Ok(())
}

/// A number of `unit`s in microseconds, floored.
fn micros(unit: TimeUnit, count: i64) -> i128 {
    let count = i128::from(count);
    match unit {
        TimeUnit::Second => count * 1_000_000,
        TimeUnit::Millisecond => count * 1000,
        TimeUnit::Microsecond => count,
        TimeUnit::Nanosecond => count.div_euclid(1000),
    }
}

/// A float as JSON writes it: what is no number has a name.
fn float(text: &str) -> Token<'_> {
    let named = |inner| {
        Token::Text(Text {
            inner,
            escaped: false,
        })
    };
    match text {
        "NaN" => named("NaN"),
        "inf" => named("Infinity"),
        "-inf" => named("-Infinity"),
        number => Token::Number(number),
    }
}
