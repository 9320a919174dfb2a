//! Which types measures apply to.

use arrow::datatypes::{DataType, TimeUnit};

use super::Function;

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
pub(super) fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Float32 | DataType::Float64 | DataType::Decimal128(..)
        )
}

/// Whether the type is that of texts.
pub(super) fn is_text(data_type: &DataType) -> bool {
    *data_type == DataType::Utf8
}

/// Whether the type is that of conditions.
pub(super) fn is_boolean(data_type: &DataType) -> bool {
    *data_type == DataType::Boolean
}

/// The first argument of a type that the function is not built over, and what it needs.
pub(crate) fn unfit<'a>(
    function: &Function,
    inputs: &'a [DataType],
) -> Option<(&'a DataType, &'static str)> {
    let (fits, help): (fn(&DataType) -> bool, _) = match function {
        Function::CountRows | Function::Count | Function::User(_) => return None,
        Function::Sum
        | Function::Avg
        | Function::Spread(_)
        | Function::Median
        | Function::ApproxPercentile(_) => (
            is_number,
            "it needs a number, as CAST(… AS DOUBLE) makes one",
        ),
        Function::BoolAnd | Function::BoolOr => {
            (is_boolean, "it needs a condition, as a comparison is one")
        }
        Function::StringAgg(_) => (is_text, "it needs a text, write CAST(… AS VARCHAR)"),
        _ => (
            is_kept,
            "it needs a number, a text, a boolean, a date or a timestamp",
        ),
    };
    inputs
        .iter()
        .find(|input| !fits(input))
        .map(|input| (input, help))
}
