//! A column of the input on its way into Polars.

use polars::prelude::{
    AnyValue, Column, DataType, Int128Chunked, IntoSeries, NamedFrom, NewChunkedArray, PlSmallStr,
    PolarsResult, Series, TimeUnit,
};

use super::kind::Kind;
use super::unit::Unit;
use super::value::Value;

/// A column in the type that the table declares.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) column: Column,
    /// The rows whose value did not convert; it is NULL in `column`.
    pub(super) bad: Vec<bool>,
}

/// Takes values one by one.
#[derive(Debug)]
pub(super) struct Builder {
    name: PlSmallStr,
    kind: Kind,
    /// What numbers count where it holds instants.
    unit: Unit,
    cells: Cells,
    bad: Vec<bool>,
}

#[derive(Debug)]
enum Cells {
    Boolean(Vec<Option<bool>>),
    /// Integers, days and microseconds.
    Integer(Vec<Option<i64>>),
    Wide(Vec<Option<i128>>),
    Single(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
}

impl Builder {
    /// An empty column.
    pub(super) fn new(name: &str, kind: Kind, unit: Unit) -> Self {
        let cells = match kind {
            Kind::Boolean | Kind::Null => Cells::Boolean(vec![]),
            Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => Cells::Integer(vec![]),
            Kind::Date | Kind::Timestamp | Kind::Interval => Cells::Integer(vec![]),
            Kind::Decimal(..) => Cells::Wide(vec![]),
            Kind::Float32 => Cells::Single(vec![]),
            Kind::Float64 => Cells::Double(vec![]),
            Kind::Text => Cells::Text(vec![]),
        };
        Self {
            name: name.into(),
            kind,
            unit,
            cells,
            bad: vec![],
        }
    }

    /// Appends a value; NULL and a mark where it does not convert.
    pub(super) fn push(&mut self, value: &Value) {
        fn put<T>(cells: &mut Vec<Option<T>>, value: Option<T>) -> bool {
            let some = value.is_some();
            cells.push(value);
            some
        }
        let (kind, unit) = (self.kind, self.unit);
        let some = match &mut self.cells {
            Cells::Boolean(cells) => put(cells, value.boolean()),
            Cells::Integer(cells) => put(cells, integer(value, kind, unit)),
            Cells::Wide(cells) => put(
                cells,
                match kind {
                    Kind::Decimal(precision, scale) => value.decimal(precision, scale),
                    _ => None,
                },
            ),
            Cells::Single(cells) => put(cells, value.single()),
            Cells::Double(cells) => put(cells, value.double()),
            Cells::Text(cells) => put(cells, value.text().map(str::to_owned)),
        };
        self.bad.push(!some && *value != Value::Null);
    }

    /// The column.
    pub(super) fn finish(self) -> PolarsResult<Read> {
        let Self {
            name,
            kind,
            cells,
            bad,
            ..
        } = self;
        let series = match cells {
            Cells::Boolean(cells) => Series::new(name, cells),
            Cells::Integer(cells) if kind == Kind::Date => {
                // A day fits 32 bits, or it did not convert.
                Series::new(name, cells)
                    .cast(&DataType::Int32)?
                    .cast(&kind.polars())?
            }
            Cells::Integer(cells) => Series::new(name, cells).cast(&kind.polars())?,
            Cells::Wide(cells) => {
                let digits = Int128Chunked::from_iter_options(name, cells.into_iter());
                match kind {
                    Kind::Decimal(precision, scale) => digits
                        .into_series()
                        .into_decimal(precision.into(), scale.into())?,
                    _ => digits.into_series(),
                }
            }
            Cells::Single(cells) => Series::new(name, cells),
            Cells::Double(cells) => Series::new(name, cells),
            Cells::Text(cells) => Series::new(name, cells),
        };
        Ok(Read {
            column: series.into(),
            bad,
        })
    }
}

/// An integer that fits its type, a day or an instant.
fn integer(value: &Value, kind: Kind, unit: Unit) -> Option<i64> {
    match kind {
        Kind::Timestamp => value.micros(unit),
        Kind::Date => value.days().map(i64::from),
        kind => {
            let value = i64::try_from(value.integer()?).ok()?;
            let bits = 8 * u32::from(kind.width()?);
            let limit = i64::MAX >> (64 - bits);
            (-limit - 1 <= value && value <= limit).then_some(value)
        }
    }
}

/// A column of a file that has types of its own, converted where they are others.
pub(super) fn convert(series: &Series, name: &str, kind: Kind, unit: Unit) -> PolarsResult<Read> {
    if *series.dtype() == kind.polars() {
        let column = series.clone().with_name(name.into()).into();
        return Ok(Read {
            column,
            bad: vec![false; series.len()],
        });
    }
    let mut builder = Builder::new(name, kind, unit);
    for value in series.iter() {
        builder.push(&found(&value));
    }
    builder.finish()
}

/// What a typed value would be in text.
fn found<'a>(value: &'a AnyValue) -> Value<'a> {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::Boolean(*value),
        AnyValue::String(text) => Value::Field((*text).into()),
        AnyValue::StringOwned(text) => Value::Field(text.as_str().into()),
        AnyValue::Int8(value) => Value::Number(value.to_string().into()),
        AnyValue::Int16(value) => Value::Number(value.to_string().into()),
        AnyValue::Int32(value) => Value::Number(value.to_string().into()),
        AnyValue::Int64(value) => Value::Number(value.to_string().into()),
        AnyValue::UInt8(value) => Value::Number(value.to_string().into()),
        AnyValue::UInt16(value) => Value::Number(value.to_string().into()),
        AnyValue::UInt32(value) => Value::Number(value.to_string().into()),
        AnyValue::UInt64(value) => Value::Number(value.to_string().into()),
        AnyValue::Float32(value) => Value::single_float(*value),
        AnyValue::Float64(value) => Value::double_float(*value),
        AnyValue::Decimal(digits, _, scale) => Value::Number(format!("{digits}e-{scale}").into()),
        AnyValue::Date(day) => Value::Day(*day),
        AnyValue::Datetime(at, unit, _) => instant(*at, *unit),
        AnyValue::DatetimeOwned(at, unit, _) => instant(*at, *unit),
        _ => Value::Nested,
    }
}

/// An instant in microseconds; floors, also before 1970.
fn instant(at: i64, unit: TimeUnit) -> Value<'static> {
    match unit {
        TimeUnit::Nanoseconds => Value::Instant(at.div_euclid(1000)),
        TimeUnit::Microseconds => Value::Instant(at),
        TimeUnit::Milliseconds => at.checked_mul(1000).map_or(Value::Nested, Value::Instant),
    }
}
