//! Numbers from text, exactly.

use arrow::datatypes::TimeUnit;

/// Why a text is not a number of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is no number.
    Kind,
    /// It has digits behind the last place kept.
    Fraction,
    /// It is too large or too small.
    Range,
}

/// The number in `text` times ten to the power of `scale`, where that is an integer.
///
/// Takes an optional sign, digits with an optional point among them, and an optional exponent.
pub(super) fn scaled(text: &str, scale: i32) -> Result<i128, Unfit> {
    if let Some(small) = small(text.as_bytes())
        && let Some(factor) = factor(scale)
    {
        return Ok(i128::from(small) * factor);
    }
    let (negative, digits) = sign(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, power(exponent)?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Zeros are held back until a digit follows, so that trailing ones never count.
    let (mut value, mut zeros, mut some) = (0_i128, 0_u32, false);
    for digit in whole.bytes().chain(fraction.bytes()) {
        some = true;
        match digit {
            b'0' => zeros = zeros.saturating_add(1),
            b'1'..=b'9' => {
                value = shifted(value, zeros.saturating_add(1))?;
                value = (value.checked_add(i128::from(digit - b'0'))).ok_or(Unfit::Range)?;
                zeros = 0;
            }
            _ => return Err(Unfit::Kind),
        }
    }
    if !some {
        return Err(Unfit::Kind);
    }
    if value == 0 {
        return Ok(0);
    }
    let places = i64::from(exponent) + i64::from(scale) + i64::from(zeros);
    let places = places - i64::try_from(fraction.len()).map_err(|_| Unfit::Range)?;
    let places = u32::try_from(places).map_err(|_| Unfit::Fraction)?;
    let value = shifted(value, places)?;
    Ok(if negative { -value } else { value })
}

/// Ten to the power of a usual scale; times an integer of 18 digits it is in range.
#[inline]
fn factor(scale: i32) -> Option<i128> {
    const POWERS: [i128; 7] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
    POWERS.get(usize::try_from(scale).ok()?).copied()
}

/// An integer of at most 18 digits, the usual case.
#[inline]
fn small(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// The microseconds that a count of `unit`s is, floored; `None` where 64 bits do not hold them.
#[inline]
pub(super) fn counted(count: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => count.checked_mul(1_000_000),
        TimeUnit::Millisecond => count.checked_mul(1000),
        TimeUnit::Microsecond => Some(count),
        TimeUnit::Nanosecond => Some(count.div_euclid(1000)),
    }
}

/// The microseconds since 1970 that a number of `unit`s names: a whole number of them, but
/// nanoseconds are floored.
#[inline]
pub(super) fn micros(text: &str, unit: TimeUnit) -> Result<i64, Unfit> {
    let micros = match unit {
        TimeUnit::Second => scaled(text, 6)?,
        TimeUnit::Millisecond => scaled(text, 3)?,
        TimeUnit::Microsecond => scaled(text, 0)?,
        TimeUnit::Nanosecond => scaled(text, 0)?.div_euclid(1000),
    };
    i64::try_from(micros).map_err(|_| Unfit::Range)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An exponent; one beyond all types is cut to a size that still is.
fn power(text: &str) -> Result<i32, Unfit> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Unfit::Kind);
    }
    let power = digits.parse().unwrap_or(i32::MAX).min(1_000_000_000);
    Ok(if negative { -power } else { power })
}

fn shifted(value: i128, places: u32) -> Result<i128, Unfit> {
    if value == 0 {
        return Ok(0);
    }
    let factor = 10_i128.checked_pow(places).ok_or(Unfit::Range)?;
    value.checked_mul(factor).ok_or(Unfit::Range)
}

/// The double nearest to the number in `text`.
pub(super) fn double(text: &str) -> Result<f64, Unfit> {
    finite(text, f64::is_finite)
}

/// The single-precision float nearest to the number in `text`.
pub(super) fn single(text: &str) -> Result<f32, Unfit> {
    finite(text, f32::is_finite)
}

fn finite<F: std::str::FromStr + Copy>(text: &str, is: impl Fn(F) -> bool) -> Result<F, Unfit> {
    // `parse` also takes words such as `inf`, which are no numbers here.
    let number = text
        .bytes()
        .all(|byte| !byte.is_ascii_alphabetic() || matches!(byte, b'e' | b'E'));
    let value: F = (text.parse().ok().filter(|_| number)).ok_or(Unfit::Kind)?;
    if is(value) {
        Ok(value)
    } else {
        Err(Unfit::Range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integral_floats_are_integers_and_others_are_not() {
        assert_eq!(scaled("3.0", 0), Ok(3));
        assert_eq!(scaled("-1.20e1", 0), Ok(-12));
        assert_eq!(scaled("120e-1", 0), Ok(12));
        assert_eq!(scaled("0.000e-99", 0), Ok(0));
        assert_eq!(scaled("3.5", 0), Err(Unfit::Fraction));
        assert_eq!(scaled("1e-1", 0), Err(Unfit::Fraction));
        assert_eq!(scaled("1e99", 0), Err(Unfit::Range));
        assert_eq!(scaled("1e99999999999", 0), Err(Unfit::Range));
        assert_eq!(scaled("0e99999999999", 0), Ok(0));
    }

    #[test]
    fn what_is_no_number_is_not_taken() {
        for text in [
            "", "-", ".", "e1", "1e", "1e+", "1_0", "0x1", "1.2.3", " 1", "--1", "+-1", "NaN",
        ] {
            assert_eq!(scaled(text, 0), Err(Unfit::Kind), "{text:?}");
        }
        for text in ["", "inf", "NaN", "infinity", "1e", "1 "] {
            assert_eq!(double(text), Err(Unfit::Kind), "{text:?}");
        }
    }

    #[test]
    fn a_scale_moves_the_point_exactly() {
        assert_eq!(scaled("0.1", 2), Ok(10));
        assert_eq!(scaled("-12.345", 3), Ok(-12345));
        assert_eq!(scaled("1.005", 2), Err(Unfit::Fraction));
        assert_eq!(scaled("7", -1), Err(Unfit::Fraction));
        assert_eq!(scaled("70", -1), Ok(7));
        assert_eq!(
            scaled("99999999999999999999999999999999999999", 0),
            Ok(10_i128.pow(38) - 1)
        );
        assert_eq!(
            scaled("999999999999999999999999999999999999999999", 0),
            Err(Unfit::Range)
        );
    }

    #[test]
    fn floats_stay_finite() {
        assert_eq!(double("1e400"), Err(Unfit::Range));
        assert_eq!(single("1e39"), Err(Unfit::Range));
        assert_eq!(double("-2.5E-3"), Ok(-0.0025));
    }
}
