//! The types of SQL values, as the table declares them and as expressions have them.

use arrow::datatypes::{DataType as ArrowType, TimeUnit as ArrowUnit};
use polars::prelude::{DataType as PolarsType, TimeUnit};
use sqlparser::ast::{DataType as SqlType, ExactNumberInfo};

use super::TruthError;

/// The type of a column or an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of `NULL` alone.
    Null,
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    /// With this many digits, and this many of them behind the point.
    Decimal(u8, u8),
    /// Days since 1970.
    Date,
    /// Microseconds since 1970, UTC.
    Timestamp,
    Text,
    /// A length of time in microseconds.
    Interval,
}

impl Kind {
    /// The type that SQL calls so.
    pub(super) fn of(sql: &SqlType) -> Result<Self, TruthError> {
        Ok(match sql {
            SqlType::Boolean | SqlType::Bool => Self::Boolean,
            SqlType::TinyInt(_) => Self::Int8,
            SqlType::SmallInt(_) | SqlType::Int2(_) => Self::Int16,
            SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => Self::Int32,
            SqlType::BigInt(_) | SqlType::Int8(_) => Self::Int64,
            SqlType::Real | SqlType::Float4 => Self::Float32,
            SqlType::Float(ExactNumberInfo::None) => Self::Float32,
            SqlType::Float(ExactNumberInfo::Precision(..=24)) => Self::Float32,
            SqlType::Float(ExactNumberInfo::Precision(25..=53)) => Self::Float64,
            SqlType::Double(_) | SqlType::DoublePrecision | SqlType::Float8 => Self::Float64,
            SqlType::Decimal(digits) | SqlType::Numeric(digits) | SqlType::Dec(digits) => {
                decimal(sql, digits)?
            }
            SqlType::Date => Self::Date,
            SqlType::Timestamp(..) | SqlType::TimestampNtz(_) | SqlType::Datetime(_) => {
                Self::Timestamp
            }
            SqlType::Varchar(_)
            | SqlType::CharVarying(_)
            | SqlType::CharacterVarying(_)
            | SqlType::Char(_)
            | SqlType::Character(_)
            | SqlType::Text
            | SqlType::String(_) => Self::Text,
            other => return Err(TruthError::unsupported(format!("the type {other}"))),
        })
    }

    /// The type in which Polars holds it.
    pub(super) fn polars(self) -> PolarsType {
        match self {
            Self::Null => PolarsType::Null,
            Self::Boolean => PolarsType::Boolean,
            Self::Int8 => PolarsType::Int8,
            Self::Int16 => PolarsType::Int16,
            Self::Int32 => PolarsType::Int32,
            Self::Int64 | Self::Interval => PolarsType::Int64,
            Self::Float32 => PolarsType::Float32,
            Self::Float64 => PolarsType::Float64,
            Self::Decimal(precision, scale) => PolarsType::Decimal(precision.into(), scale.into()),
            Self::Date => PolarsType::Date,
            Self::Timestamp => PolarsType::Datetime(TimeUnit::Microseconds, None),
            Self::Text => PolarsType::String,
        }
    }

    /// The type in which an answer holds it.
    pub(super) fn arrow(self) -> ArrowType {
        match self {
            Self::Null => ArrowType::Null,
            Self::Boolean => ArrowType::Boolean,
            Self::Int8 => ArrowType::Int8,
            Self::Int16 => ArrowType::Int16,
            Self::Int32 => ArrowType::Int32,
            Self::Int64 | Self::Interval => ArrowType::Int64,
            Self::Float32 => ArrowType::Float32,
            Self::Float64 => ArrowType::Float64,
            Self::Decimal(precision, scale) => {
                ArrowType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
            }
            Self::Date => ArrowType::Date32,
            Self::Timestamp => ArrowType::Timestamp(ArrowUnit::Microsecond, None),
            Self::Text => ArrowType::Utf8,
        }
    }

    /// How wide an integer is, in bytes; `None` for other types.
    pub(super) fn width(self) -> Option<u8> {
        match self {
            Self::Int8 => Some(1),
            Self::Int16 => Some(2),
            Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            _ => None,
        }
    }

    pub(super) fn is_integer(self) -> bool {
        self.width().is_some()
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }

    /// The type of two numbers' sum: floats before integers, wide before narrow.
    pub(super) fn number(self, other: Self) -> Option<Self> {
        let numeric = |kind: Self| kind.is_integer() || kind.is_float();
        match (self, other) {
            (Self::Null, kind) | (kind, Self::Null) if numeric(kind) => Some(kind),
            (a, b) if !numeric(a) || !numeric(b) => None,
            (Self::Float64, _) | (_, Self::Float64) => Some(Self::Float64),
            (Self::Float32, _) | (_, Self::Float32) => Some(Self::Float32),
            (a, b) if a.width() >= b.width() => Some(a),
            (_, b) => Some(b),
        }
    }

    /// The type that holds values of both, for comparisons and the branches of CASE.
    pub(super) fn both(self, other: Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Self::Null, kind) | (kind, Self::Null) => Some(kind),
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Some(Self::Timestamp),
            (a, b) => a.number(b),
        }
    }
}

fn decimal(sql: &SqlType, digits: &ExactNumberInfo) -> Result<Kind, TruthError> {
    let (precision, scale) = match *digits {
        ExactNumberInfo::None => (0, 0),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
            Ok(Kind::Decimal(precision, scale))
        }
        _ => Err(TruthError::unsupported(format!("the type {sql}"))),
    }
}
