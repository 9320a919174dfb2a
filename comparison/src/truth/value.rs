//! One value of the input and what it is in a column's type.

use std::borrow::Cow;

use super::instant::{DAY, instant};
use super::unit::Unit;

/// A value as the input has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    /// The text of a number.
    Number(Cow<'a, str>),
    /// A float of 32 bits, and its text: as a double it is the same number, which its text is not.
    Single(f32, Cow<'a, str>),
    /// A text that is nothing else, such as a JSON string.
    Text(Cow<'a, str>),
    /// A text that may stand for any type, such as a CSV field.
    Field(Cow<'a, str>),
    /// Microseconds since 1970.
    Instant(i64),
    /// Days since 1970.
    Day(i32),
    /// An array, an object or bytes: no type of ours.
    Nested,
}

impl Value<'_> {
    pub(super) fn single_float(value: f32) -> Self {
        match value.is_finite() {
            true => Self::Single(value, value.to_string().into()),
            false => Self::double_float(value.into()),
        }
    }

    pub(super) fn double_float(value: f64) -> Self {
        match value {
            value if value.is_nan() => Self::Text("NaN".into()),
            f64::INFINITY => Self::Text("Infinity".into()),
            f64::NEG_INFINITY => Self::Text("-Infinity".into()),
            _ => Self::Number(value.to_string().into()),
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Field(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Field(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// An integer, `3.0` and `3e2` among them.
    pub(super) fn integer(&self) -> Option<i128> {
        scaled(self.number()?, 0)
    }

    /// A decimal as its digits, without the loss of one.
    pub(super) fn decimal(&self, precision: u8, scale: u8) -> Option<i128> {
        let text = match self {
            Self::Text(text) => text,
            _ => self.number()?,
        };
        let limit = 10_u128.checked_pow(precision.into())?;
        scaled(text, scale.into()).filter(|value| value.unsigned_abs() < limit)
    }

    /// A finite number, or one of the names `NaN`, `Infinity` and `-Infinity`.
    pub(super) fn double(&self) -> Option<f64> {
        if let Self::Single(value, _) = self {
            return Some((*value).into());
        }
        self.named().or_else(|| {
            let value: f64 = plain(self.number()?)?.parse().ok()?;
            value.is_finite().then_some(value)
        })
    }

    /// The same in single precision, rounded once.
    pub(super) fn single(&self) -> Option<f32> {
        self.named().map(|value| value as f32).or_else(|| {
            let value: f32 = plain(self.number()?)?.parse().ok()?;
            value.is_finite().then_some(value)
        })
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Field(text) => Some(text),
            _ => None,
        }
    }

    /// ISO 8601 text, or a number of units that is a whole number of microseconds; nanoseconds are
    /// floored.
    pub(super) fn micros(&self, unit: Unit) -> Option<i64> {
        let number = |text| {
            let micros = match unit {
                Unit::Seconds => scaled(text, 6)?,
                Unit::Millis => scaled(text, 3)?,
                Unit::Micros => scaled(text, 0)?,
                Unit::Nanos => scaled(text, 0)?.div_euclid(1000),
            };
            i64::try_from(micros).ok()
        };
        match self {
            Self::Instant(micros) => Some(*micros),
            Self::Day(day) => i64::from(*day).checked_mul(DAY),
            Self::Number(text) | Self::Single(_, text) => number(text),
            Self::Text(text) => instant(text),
            Self::Field(text) => instant(text).or_else(|| number(text)),
            _ => None,
        }
    }

    /// ISO 8601 text of a day or its midnight.
    pub(super) fn days(&self) -> Option<i32> {
        let micros = match self {
            Self::Day(day) => return Some(*day),
            Self::Instant(micros) => *micros,
            Self::Text(text) | Self::Field(text) => instant(text)?,
            _ => return None,
        };
        let day = (micros.rem_euclid(DAY) == 0).then(|| micros.div_euclid(DAY))?;
        day.try_into().ok()
    }

    fn number(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Single(_, text) | Self::Field(text) => Some(text),
            _ => None,
        }
    }

    fn named(&self) -> Option<f64> {
        match self.text()? {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }
}

/// The text, unless it holds letters that make no number, such as `inf`.
fn plain(text: &str) -> Option<&str> {
    let number = |byte: u8| !byte.is_ascii_alphabetic() || byte.eq_ignore_ascii_case(&b'e');
    text.bytes().all(number).then_some(text)
}

/// The number in `text` times ten to the power of `places`, where that is an integer.
fn scaled(text: &str, places: i64) -> Option<i128> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let some = digits.trim_end_matches('0');
    if some.is_empty() {
        return Some(0);
    }
    let behind = i64::try_from(fraction.len()).ok()?;
    let zeros = i64::try_from(digits.len() - some.len()).ok()?;
    let shift = exponent.checked_add(places + zeros - behind)?;
    let factor = 10_i128.checked_pow(u32::try_from(shift).ok()?)?;
    some.parse::<i128>().ok()?.checked_mul(factor * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_integers_only_where_nothing_is_lost() {
        for (text, value) in [
            ("3", Some(3)),
            ("-3.0", Some(-3)),
            ("12e1", Some(120)),
            ("120e-1", Some(12)),
            ("0.0e-9", Some(0)),
            ("000", Some(0)),
            ("3.5", None),
            ("1e99", None),
            ("", None),
            (".", None),
            ("0x1", None),
            ("1e", None),
        ] {
            assert_eq!(Value::Number(text.into()).integer(), value, "{text}");
        }
        assert_eq!(Value::Field("1.25".into()).decimal(4, 2), Some(125));
        assert_eq!(Value::Field("1.255".into()).decimal(4, 2), None);
        assert_eq!(Value::Field("100".into()).decimal(4, 2), None);
    }

    #[test]
    fn a_text_is_no_number_and_a_number_no_text() {
        let (text, number) = (Value::Text("3".into()), Value::Number("3".into()));
        assert_eq!(text.integer(), None);
        assert_eq!(text.double(), None);
        assert_eq!(number.text(), None);
        assert_eq!(number.boolean(), None);
        assert_eq!(Value::Boolean(true).integer(), None);
        assert_eq!(Value::Field("3".into()).integer(), Some(3));
    }

    #[test]
    fn instants_are_numbers_of_a_unit_or_text() {
        let micros = |text: &str, unit| Value::Number(text.into()).micros(unit);
        assert_eq!(micros("1.5", Unit::Millis), Some(1500));
        assert_eq!(micros("1.0001", Unit::Millis), None);
        assert_eq!(micros("-1.000001", Unit::Seconds), Some(-1_000_001));
        assert_eq!(micros("9223372036855", Unit::Seconds), None);
        assert_eq!(micros("1.5", Unit::Micros), None);
        assert_eq!(micros("-1", Unit::Nanos), Some(-1));
        assert_eq!(micros("1999", Unit::Nanos), Some(1));
        assert_eq!(Value::Text("1".into()).micros(Unit::Millis), None);
        let field = Value::Field("-1".into());
        assert_eq!(field.micros(Unit::Millis), Some(-1000));
        assert_eq!(Value::Text("1970-01-02".into()).days(), Some(1));
        assert_eq!(Value::Text("1970-01-02T00:00:01".into()).days(), None);
    }

    #[test]
    fn floats_are_finite_or_named() {
        assert_eq!(Value::Number("1e400".into()).double(), None);
        assert_eq!(Value::Field("inf".into()).double(), None);
        assert_eq!(
            Value::Text("-Infinity".into()).double(),
            Some(f64::NEG_INFINITY)
        );
        assert_eq!(Value::Number("0.1".into()).single(), Some(0.1));
    }
}
