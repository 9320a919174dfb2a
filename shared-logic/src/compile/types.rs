//! SQL types as Arrow types: what columns and casts can be.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::planner::TypePlanner;
use sqlparser::ast::{DataType as SqlType, ExactNumberInfo};

const KNOWN: &str = "known types: BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, REAL, DOUBLE, DECIMAL(p, s), VARCHAR, DATE, TIMESTAMP";

/// The Arrow type of a SQL type. Timestamps are in microseconds and UTC, whatever their precision;
/// the length of a text is not checked.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn arrow_type(sql: &SqlType) -> std::result::Result<DataType, (String, String)> {
    let refuse = |help: &str| Err((format!("cannot read the type {sql}"), help.to_owned()));
    Ok(match sql {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::TinyInt(_) => DataType::Int8,
        SqlType::SmallInt(_) | SqlType::Int2(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => DataType::Int32,
        SqlType::BigInt(_) | SqlType::Int8(_) => DataType::Int64,
        SqlType::Real | SqlType::Float4 => DataType::Float32,
        SqlType::Float(ExactNumberInfo::None) => DataType::Float32,
        SqlType::Float(ExactNumberInfo::Precision(bits)) if *bits <= 24 => DataType::Float32,
        SqlType::Float(ExactNumberInfo::Precision(bits)) if *bits <= 53 => DataType::Float64,
        SqlType::Double(ExactNumberInfo::None) | SqlType::DoublePrecision | SqlType::Float8 => {
            DataType::Float64
        }
        SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => {
            match decimal(info) {
                Some(decimal) => decimal,
                None => {
                    return refuse(
                        "write DECIMAL(p, s) with 1 to 38 digits, s of them after the point",
                    );
                }
            }
        }
        SqlType::Varchar(_)
        | SqlType::CharacterVarying(_)
        | SqlType::CharVarying(_)
        | SqlType::Char(_)
        | SqlType::Character(_)
        | SqlType::Text
        | SqlType::String(_) => DataType::Utf8,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(precision, _)
        | SqlType::TimestampNtz(precision)
        | SqlType::Datetime(precision) => match precision {
            None | Some(0..=6) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Some(_) => return refuse("time is kept in microseconds, write TIMESTAMP(6)"),
        },
        SqlType::Custom(name, _) if name.to_string().eq_ignore_ascii_case("timestamp_ltz") => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        _ => return refuse(KNOWN),
    })
}

fn decimal(info: &ExactNumberInfo) -> Option<DataType> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => return None,
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let precision = u8::try_from(precision)
        .ok()
        .filter(|p| (1..=38).contains(p))?;
    let scale = i8::try_from(scale).ok().filter(|s| *s >= 0)?;
    (i64::from(scale) <= i64::from(precision)).then_some(DataType::Decimal128(precision, scale))
}

/// Gives the planner these types, for casts and typed literals.
#[derive(Debug)]
pub(super) struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql: &SqlType) -> Result<Option<FieldRef>> {
        match arrow_type(sql) {
            Ok(data_type) => Ok(Some(Arc::new(Field::new("", data_type, true)))),
            Err((message, help)) => Err(DataFusionError::Plan(format!("{message}; {help}"))),
        }
    }
}
