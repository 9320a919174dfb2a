//! Which types measures apply to.

use arrow::datatypes::{DataType, TimeUnit};

/// Whether measures keep values of this type.
pub(crate) fn is_kept(data_type: &DataType) -> bool {
    is_number(data_type)
        || is_text(data_type)
        || is_boolean(data_type)
        || matches!(
            data_type,
            DataType::Date32 | DataType::Timestamp(TimeUnit::Microsecond, _)
        )
}

/// Whether the type is one that can be added up.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Float32 | DataType::Float64 | DataType::Decimal128(..)
        )
}

/// Whether the type is that of texts.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    *data_type == DataType::Utf8
}

/// Whether the type is that of conditions.
pub(crate) fn is_boolean(data_type: &DataType) -> bool {
    *data_type == DataType::Boolean
}
