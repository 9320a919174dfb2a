//! Errors of computations on columns: Arrow's, so that nothing larger is needed to write a measure.

use arrow::error::ArrowError;

/// The result of a computation on columns.
pub type Result<T, E = ArrowError> = std::result::Result<T, E>;

/// An error of a computation, in one line.
macro_rules! failed {
    ($($text:tt)*) => {
        ::arrow::error::ArrowError::ComputeError(format!($($text)*))
    };
}

/// Returns an error of a computation.
macro_rules! fail {
    ($($text:tt)*) => {
        Err($crate::error::failed!($($text)*))
    };
}

pub(crate) use {fail, failed};

/// What went wrong, in one line without the kind of the error.
pub(crate) fn reason(error: &ArrowError) -> String {
    let text = match error {
        ArrowError::DivideByZero => "division by zero".to_owned(),
        ArrowError::ArithmeticOverflow(text)
        | ArrowError::CastError(text)
        | ArrowError::ComputeError(text)
        | ArrowError::ParseError(text)
        | ArrowError::InvalidArgumentError(text) => text.clone(),
        ArrowError::ExternalError(source) => source.to_string(),
        other => other.to_string(),
    };
    one_line(&text)
}

/// The first line, with a small first letter and without a full stop.
pub(crate) fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    lower_first(line.trim_end_matches('.'))
}

/// The text with a small first letter, unless it starts with a word in capitals.
pub(crate) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || !second.is_alphabetic() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_one_line_in_small_letters() {
        let cast = ArrowError::CastError("Cannot cast 'x'.\nbacktrace".into());
        assert_eq!(reason(&cast), "cannot cast 'x'");
        assert_eq!(reason(&ArrowError::DivideByZero), "division by zero");
        assert_eq!(reason(&failed!("SUM is {}", 1)), "SUM is 1");
        assert_eq!(reason(&failed!("")), "");
    }
}
