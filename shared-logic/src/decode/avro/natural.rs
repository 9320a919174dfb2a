//! Columns in the types that the schema gives them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, NullArray, PrimitiveBuilder, StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit,
};
use arrow::error::ArrowError;

use super::datum::Scalar;
use super::schema::{AvroSchema, Kind, Logical};

/// A column under construction and the type that it is to have.
pub(super) struct Natural {
    data_type: DataType,
    values: Values,
}

enum Values {
    Boolean(BooleanBuilder),
    Int(PrimitiveBuilder<Int32Type>),
    Long(PrimitiveBuilder<Int64Type>),
    Float(PrimitiveBuilder<Float32Type>),
    Double(PrimitiveBuilder<Float64Type>),
    Decimal(PrimitiveBuilder<Decimal128Type>),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    /// So many rows without a value.
    None(usize),
}

impl Natural {
    /// An empty column for the type at a place of the schema, with room for `rows` values; `None`
    /// where no column can hold its values.
    pub(super) fn new(schema: &AvroSchema, at: usize, rows: usize) -> Option<Self> {
        let data_type = data_type(schema, at)?;
        let values = match &data_type {
            DataType::Boolean => Values::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int32 | DataType::Date32 => {
                Values::Int(PrimitiveBuilder::with_capacity(rows))
            }
            DataType::Int64 | DataType::Timestamp(..) => {
                Values::Long(PrimitiveBuilder::with_capacity(rows))
            }
            DataType::Float32 => Values::Float(PrimitiveBuilder::with_capacity(rows)),
            DataType::Float64 => Values::Double(PrimitiveBuilder::with_capacity(rows)),
            DataType::Decimal128(..) => {
                let builder = PrimitiveBuilder::with_capacity(rows);
                Values::Decimal(builder.with_data_type(data_type.clone()))
            }
            DataType::Utf8 => Values::Text(StringBuilder::with_capacity(rows, rows * 8)),
            DataType::Binary => Values::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            _ => Values::None(0),
        };
        Some(Self { data_type, values })
    }

    /// A column of NULLs.
    pub(super) fn none() -> Self {
        Self {
            data_type: DataType::Null,
            values: Values::None(0),
        }
    }

    /// Appends a value; NULL, and `false`, where it is none of this column.
    #[inline]
    pub(super) fn push(&mut self, value: Scalar) -> bool {
        match (&mut self.values, value) {
            (Values::Boolean(builder), Scalar::Boolean(value)) => builder.append_value(value),
            (Values::Int(builder), Scalar::Int(value)) => builder.append_value(value),
            (Values::Long(builder), Scalar::Long(value)) => builder.append_value(value),
            (Values::Float(builder), Scalar::Float(value)) => builder.append_value(value),
            (Values::Double(builder), Scalar::Double(value)) => builder.append_value(value),
            (Values::Decimal(builder), Scalar::Digits(value)) => builder.append_value(value),
            (Values::Text(builder), Scalar::Text(value)) => builder.append_value(value),
            (Values::Bytes(builder), Scalar::Bytes(value)) => builder.append_value(value),
            (_, value) => {
                self.skip();
                return value == Scalar::Null;
            }
        }
        true
    }

    /// Appends NULL.
    pub(super) fn skip(&mut self) {
        match &mut self.values {
            Values::Boolean(builder) => builder.append_null(),
            Values::Int(builder) => builder.append_null(),
            Values::Long(builder) => builder.append_null(),
            Values::Float(builder) => builder.append_null(),
            Values::Double(builder) => builder.append_null(),
            Values::Decimal(builder) => builder.append_null(),
            Values::Text(builder) => builder.append_null(),
            Values::Bytes(builder) => builder.append_null(),
            Values::None(rows) => *rows += 1,
        }
    }

    /// The finished column.
    ///
    /// # Errors
    /// Where Arrow cannot make it.
    pub(super) fn finish(self) -> Result<ArrayRef, ArrowError> {
        let array: ArrayRef = match self.values {
            Values::Boolean(mut builder) => Arc::new(builder.finish()),
            Values::Int(mut builder) => Arc::new(builder.finish()),
            Values::Long(mut builder) => Arc::new(builder.finish()),
            Values::Float(mut builder) => Arc::new(builder.finish()),
            Values::Double(mut builder) => Arc::new(builder.finish()),
            Values::Decimal(mut builder) => Arc::new(builder.finish()),
            Values::Text(mut builder) => Arc::new(builder.finish()),
            Values::Bytes(mut builder) => Arc::new(builder.finish()),
            Values::None(rows) => Arc::new(NullArray::new(rows)),
        };
        if *array.data_type() == self.data_type {
            return Ok(array);
        }
        // Integers that are dates or instants: the same numbers under another name.
        cast(&array, &self.data_type)
    }
}

/// The type of a column for the type at a place of the schema.
fn data_type(schema: &AvroSchema, at: usize) -> Option<DataType> {
    let node = schema.node(at);
    Some(match (&node.kind, node.logical) {
        (_, Some(Logical::Other)) => return None,
        (_, Some(Logical::Date)) => DataType::Date32,
        (_, Some(Logical::TimestampMillis)) => DataType::Timestamp(TimeUnit::Millisecond, None),
        (_, Some(Logical::TimestampMicros)) => DataType::Timestamp(TimeUnit::Microsecond, None),
        (_, Some(Logical::TimestampNanos)) => DataType::Timestamp(TimeUnit::Nanosecond, None),
        // All digits that there are; the table's type decides how many are too many.
        (_, Some(Logical::Decimal(scale))) => DataType::Decimal128(38, scale),
        (Kind::Null, _) => DataType::Null,
        (Kind::Boolean, _) => DataType::Boolean,
        (Kind::Int, _) => DataType::Int32,
        (Kind::Long, _) => DataType::Int64,
        (Kind::Float, _) => DataType::Float32,
        (Kind::Double, _) => DataType::Float64,
        (Kind::Bytes | Kind::Fixed(_), _) => DataType::Binary,
        (Kind::String | Kind::Enum(_), _) => DataType::Utf8,
        (Kind::Union(branches), _) => {
            let some = |at: &&usize| schema.node(**at).kind != Kind::Null;
            let mut types = branches.iter().filter(some).map(|at| {
                // A union holds no union.
                match schema.node(*at).kind {
                    Kind::Union(_) => None,
                    _ => data_type(schema, *at),
                }
            });
            let Some(first) = types.next() else {
                return Some(DataType::Null);
            };
            if types.any(|other| other != first) {
                return None;
            }
            first?
        }
        (Kind::Array(_) | Kind::Map(_) | Kind::Record(_), _) => return None,
    })
}
