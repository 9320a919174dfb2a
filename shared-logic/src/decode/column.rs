//! A column under construction, and the conversion of one value into it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Decimal128Array, PrimitiveBuilder, StringBuilder, new_null_array,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};

use super::number::{self, Unfit};
use super::time::{DAY, instant};
use super::token::Token;
use crate::table::type_name;

/// The builder of one column.
pub(super) struct Column {
    data_type: DataType,
    values: Values,
}

/// One builder a type.
enum Values {
    Boolean(BooleanBuilder),
    Int8(PrimitiveBuilder<Int8Type>),
    Int16(PrimitiveBuilder<Int16Type>),
    Int32(PrimitiveBuilder<Int32Type>),
    Int64(PrimitiveBuilder<Int64Type>),
    UInt8(PrimitiveBuilder<UInt8Type>),
    UInt16(PrimitiveBuilder<UInt16Type>),
    UInt32(PrimitiveBuilder<UInt32Type>),
    UInt64(PrimitiveBuilder<UInt64Type>),
    Float32(PrimitiveBuilder<Float32Type>),
    Float64(PrimitiveBuilder<Float64Type>),
    Decimal(PrimitiveBuilder<Decimal128Type>, u8, i8),
    Date(PrimitiveBuilder<Date32Type>),
    Timestamp(PrimitiveBuilder<TimestampMicrosecondType>, TimeUnit),
    Text(StringBuilder),
    /// A type that no text stands for: every value but NULL is a fault.
    Unreadable(usize),
}

impl Column {
    /// An empty column of this type with room for `rows` values; numbers that are instants count
    /// `unit`s.
    pub(super) fn new(data_type: &DataType, unit: TimeUnit, rows: usize) -> Self {
        fn room<T: ArrowPrimitiveType>(rows: usize) -> PrimitiveBuilder<T> {
            PrimitiveBuilder::with_capacity(rows)
        }
        let values = match data_type {
            DataType::Boolean => Values::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int8 => Values::Int8(room(rows)),
            DataType::Int16 => Values::Int16(room(rows)),
            DataType::Int32 => Values::Int32(room(rows)),
            DataType::Int64 => Values::Int64(room(rows)),
            DataType::UInt8 => Values::UInt8(room(rows)),
            DataType::UInt16 => Values::UInt16(room(rows)),
            DataType::UInt32 => Values::UInt32(room(rows)),
            DataType::UInt64 => Values::UInt64(room(rows)),
            DataType::Float32 => Values::Float32(room(rows)),
            DataType::Float64 => Values::Float64(room(rows)),
            DataType::Decimal128(precision, scale) => {
                let builder = room(rows).with_data_type(data_type.clone());
                Values::Decimal(builder, *precision, *scale)
            }
            DataType::Date32 => Values::Date(room(rows)),
            DataType::Timestamp(TimeUnit::Microsecond, None) => Values::Timestamp(room(rows), unit),
            DataType::Utf8 => Values::Text(StringBuilder::with_capacity(rows, rows * 8)),
            _ => Values::Unreadable(0),
        };
        Self {
            data_type: data_type.clone(),
            values,
        }
    }

    /// Appends a value, or NULL and the reason why it does not convert.
    #[inline]
    pub(super) fn push(&mut self, token: &Token) -> Result<(), String> {
        let pushed = match &mut self.values {
            Values::Boolean(builder) => {
                let value = boolean(token);
                builder.append_option(value.unwrap_or_default());
                value.map(drop)
            }
            Values::Int8(builder) => append(builder, token, integer),
            Values::Int16(builder) => append(builder, token, integer),
            Values::Int32(builder) => append(builder, token, integer),
            Values::Int64(builder) => append(builder, token, integer),
            Values::UInt8(builder) => append(builder, token, integer),
            Values::UInt16(builder) => append(builder, token, integer),
            Values::UInt32(builder) => append(builder, token, integer),
            Values::UInt64(builder) => append(builder, token, integer),
            Values::Float32(builder) => append(builder, token, |token| match beyond(token) {
                Some(value) => Ok(value as f32),
                None => number::single(digits(token)?),
            }),
            Values::Float64(builder) => append(builder, token, |token| match beyond(token) {
                Some(value) => Ok(value),
                None => number::double(digits(token)?),
            }),
            Values::Decimal(builder, precision, scale) => {
                append(builder, token, |token| decimal(token, *precision, *scale))
            }
            Values::Date(builder) => append(builder, token, date),
            Values::Timestamp(builder, unit) => {
                append(builder, token, |token| timestamp(token, *unit))
            }
            Values::Text(builder) => text(builder, token),
            Values::Unreadable(rows) => {
                *rows += 1;
                match token {
                    Token::Null => Ok(()),
                    _ => Err(Unfit::Kind),
                }
            }
        };
        pushed.map_err(|unfit| self.reason(token, unfit))
    }

    /// Appends NULL.
    #[inline]
    pub(super) fn skip(&mut self) {
        // NULL converts to every type.
        let _ = self.push(&Token::Null);
    }

    #[cold]
    fn reason(&self, token: &Token, unfit: Unfit) -> String {
        let why = match unfit {
            Unfit::Kind => "",
            Unfit::Fraction => ", which has too many fraction digits",
            Unfit::Range => ", which is out of range",
        };
        format!(
            "expected {}, found {token}{why}",
            type_name(&self.data_type)
        )
    }

    /// The finished column.
    pub(super) fn finish(self) -> ArrayRef {
        match self.values {
            Values::Boolean(mut builder) => Arc::new(builder.finish()),
            Values::Int8(mut builder) => Arc::new(builder.finish()),
            Values::Int16(mut builder) => Arc::new(builder.finish()),
            Values::Int32(mut builder) => Arc::new(builder.finish()),
            Values::Int64(mut builder) => Arc::new(builder.finish()),
            Values::UInt8(mut builder) => Arc::new(builder.finish()),
            Values::UInt16(mut builder) => Arc::new(builder.finish()),
            Values::UInt32(mut builder) => Arc::new(builder.finish()),
            Values::UInt64(mut builder) => Arc::new(builder.finish()),
            Values::Float32(mut builder) => Arc::new(builder.finish()),
            Values::Float64(mut builder) => Arc::new(builder.finish()),
            Values::Decimal(mut builder, ..) => {
                let values: Decimal128Array = builder.finish();
                Arc::new(values)
            }
            Values::Date(mut builder) => Arc::new(builder.finish()),
            Values::Timestamp(mut builder, _) => Arc::new(builder.finish()),
            Values::Text(mut builder) => Arc::new(builder.finish()),
            Values::Unreadable(rows) => new_null_array(&self.data_type, rows),
        }
    }
}

#[inline]
fn append<T: ArrowPrimitiveType>(
    builder: &mut PrimitiveBuilder<T>,
    token: &Token,
    convert: impl Fn(&Token) -> Result<T::Native, Unfit>,
) -> Result<(), Unfit> {
    if *token == Token::Null {
        builder.append_null();
        return Ok(());
    }
    let value = convert(token);
    builder.append_option(value.ok());
    value.map(drop)
}

fn text(builder: &mut StringBuilder, token: &Token) -> Result<(), Unfit> {
    match token {
        Token::Text(text) => builder.append_value(text.plain()),
        Token::Field(text) => builder.append_value(text),
        Token::Null => builder.append_null(),
        _ => {
            builder.append_null();
            return Err(Unfit::Kind);
        }
    }
    Ok(())
}

/// The text of a number.
#[inline]
fn digits<'a>(token: &Token<'a>) -> Result<&'a str, Unfit> {
    match token {
        Token::Integer(_, text) | Token::Number(text) | Token::Field(text) => Ok(text),
        _ => Err(Unfit::Kind),
    }
}

fn boolean(token: &Token) -> Result<Option<bool>, Unfit> {
    match token {
        Token::Null => Ok(None),
        Token::Bool(value) => Ok(Some(*value)),
        Token::Field(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Token::Field(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(Unfit::Kind),
    }
}

#[inline]
fn integer<T: TryFrom<i64> + TryFrom<i128>>(token: &Token) -> Result<T, Unfit> {
    if let Token::Integer(value, _) = token {
        return T::try_from(*value).map_err(|_| Unfit::Range);
    }
    let value = number::scaled(digits(token)?, 0)?;
    T::try_from(value).map_err(|_| Unfit::Range)
}

/// The values that only a name stands for, as JSON has no number for them.
fn beyond(token: &Token) -> Option<f64> {
    let named = |name: &str| match name {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    };
    match token {
        Token::Text(text) => named(&text.plain()),
        Token::Field(text) => named(text),
        _ => None,
    }
}

fn decimal(token: &Token, precision: u8, scale: i8) -> Result<i128, Unfit> {
    let value = match token {
        Token::Text(text) => number::scaled(&text.plain(), scale.into())?,
        token => number::scaled(digits(token)?, scale.into())?,
    };
    let limit = 10_u128.pow(u32::from(precision).min(38));
    if value.unsigned_abs() < limit {
        Ok(value)
    } else {
        Err(Unfit::Range)
    }
}

#[inline]
fn timestamp(token: &Token, unit: TimeUnit) -> Result<i64, Unfit> {
    match token {
        Token::Integer(count, _) => number::counted(*count, unit).ok_or(Unfit::Range),
        Token::Number(text) => number::micros(text, unit),
        Token::Text(text) => Ok(instant(&text.plain()).ok_or(Unfit::Kind)?.0),
        Token::Field(text) => {
            instant(text).map_or_else(|| number::micros(text, unit), |time| Ok(time.0))
        }
        _ => Err(Unfit::Kind),
    }
}

/// A date, also written as its midnight in UTC.
fn date(token: &Token) -> Result<i32, Unfit> {
    let time = match token {
        Token::Text(text) => instant(&text.plain()),
        Token::Field(text) => instant(text),
        _ => None,
    };
    let time = time.ok_or(Unfit::Kind)?.0;
    if time.rem_euclid(DAY) != 0 {
        return Err(Unfit::Fraction);
    }
    i32::try_from(time.div_euclid(DAY)).map_err(|_| Unfit::Range)
}
