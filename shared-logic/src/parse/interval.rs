//! Interval literals in whole microseconds, in all usual writings.

use sqlparser::ast::{Expr, Interval, Spanned, UnaryOperator, Value};

use crate::sql_error::SqlError;

const HELP: &str =
    "write an interval such as INTERVAL '1' HOUR, INTERVAL '90 minutes' or INTERVAL '15' SECOND";

/// The length of an interval literal in microseconds; may be negative or zero.
///
/// # Errors
/// Anything but a constant interval; months and years, whose length varies; parts of a microsecond.
pub(crate) fn microseconds(expr: &Expr) -> Result<i64, SqlError> {
    let wrong = |message: String| SqlError::new(expr.span().start, message, HELP);
    let total = match expr {
        Expr::Nested(inner) => return microseconds(inner),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => return Ok(-microseconds(expr)?),
        Expr::Interval(interval) => length(interval).map_err(wrong)?,
        _ => return Err(wrong(format!("expected an interval, found {expr}"))),
    };
    i64::try_from(total).map_err(|_| wrong(format!("{expr} is too long")))
}

/// The length of `'90 minutes'` or `'1 day 2 hours'` in microseconds.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn span(text: &str) -> Result<i64, String> {
    i64::try_from(words(text)?).map_err(|_| format!("'{text}' is too long"))
}

fn length(interval: &Interval) -> Result<i128, String> {
    if interval.last_field.is_some() {
        return Err(format!("{interval} mixes units, which is not read"));
    }
    let text = match interval.value.as_ref() {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            Value::Number(number, _) => number.clone(),
            _ => return Err(format!("expected a number in {interval}")),
        },
        _ => return Err(format!("expected a constant in {interval}")),
    };
    match &interval.leading_field {
        Some(unit) => amount(text.trim(), unit_length(&unit.to_string())?),
        None => words(&text),
    }
}

/// Reads `1 day 2 hours`, `90min` or `00:15:00`.
fn words(text: &str) -> Result<i128, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("the interval is empty".into());
    }
    let mut total = 0;
    while !rest.is_empty() {
        let (number, after) =
            split_where(rest, |c| !matches!(c, '0'..='9' | '.' | ':' | '+' | '-'));
        if number.contains(':') {
            total += clock(number)?;
            rest = after.trim_start();
            continue;
        }
        let (unit, after) = split_where(after.trim_start(), |c| !c.is_alphabetic());
        if unit.is_empty() {
            return Err(format!("the interval '{text}' has no unit"));
        }
        total += amount(number, unit_length(unit)?)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// `text` before and from the first character that ends the part.
fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// Reads `hours:minutes[:seconds]`.
fn clock(text: &str) -> Result<i128, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0;
    for (part, unit) in digits.splitn(3, ':').zip(["hour", "minute", "second"]) {
        total += amount(part, unit_length(unit)?)?;
    }
    Ok(sign * total)
}

/// `number` times `unit`, exactly.
fn amount(number: &str, unit: i128) -> Result<i128, String> {
    let wrong = || format!("{number:?} is not a number of units");
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    // Twelve digits after the point are finer than any unit needs and cannot overflow below.
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) || fraction.len() > 12 {
        return Err(wrong());
    }
    let scale = 10_i128.pow(u32::try_from(fraction.len()).map_err(|_| wrong())?);
    let value: i128 = all.parse().map_err(|_| wrong())?;
    let scaled = value.checked_mul(unit).ok_or_else(wrong)?;
    if scaled % scale != 0 {
        return Err(format!(
            "{number} of this unit is not a whole number of microseconds"
        ));
    }
    Ok(sign * scaled / scale)
}

/// How many microseconds a unit has.
fn unit_length(unit: &str) -> Result<i128, String> {
    let unit = unit.to_lowercase();
    Ok(match unit.as_str() {
        "us" | "microsecond" | "microseconds" => 1,
        "ms" | "millisecond" | "milliseconds" => 1_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000_000,
        "d" | "day" | "days" => 86_400_000_000,
        "w" | "week" | "weeks" => 604_800_000_000,
        "mon" | "mons" | "month" | "months" | "y" | "yr" | "year" | "years" | "quarter"
        | "quarters" => {
            return Err(format!(
                "a {unit} has no fixed length, use weeks, days or less"
            ));
        }
        _ => return Err(format!("unknown unit {unit}")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sqlparser::parser::Parser;

    use super::*;
    use crate::dialect::StreamDialect;

    fn read(sql: &str) -> Result<i64, String> {
        let dialect = StreamDialect;
        let mut parser = Parser::new(&dialect).try_with_sql(sql).unwrap();
        microseconds(&parser.parse_expr().unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn every_usual_writing_is_read() {
        let hour = Ok(3_600_000_000);
        for sql in [
            "INTERVAL '1' HOUR",
            "INTERVAL '1' HOURS",
            "INTERVAL 1 HOUR",
            "INTERVAL '1 hour'",
            "INTERVAL '1h'",
            "INTERVAL '60 minutes'",
            "INTERVAL '60' MINUTE",
            "INTERVAL '30 min 1800 seconds'",
            "INTERVAL '01:00:00'",
            "INTERVAL '01:00'",
            "INTERVAL '0.5 hours 30 minutes'",
            "(INTERVAL '3600' SECOND)",
            "- INTERVAL '-1' HOUR",
        ] {
            assert_eq!(read(sql), hour, "{sql}");
        }
        assert_eq!(read("INTERVAL '15' SECOND"), Ok(15_000_000));
        assert_eq!(read("INTERVAL '0.001' SECOND"), Ok(1_000));
        assert_eq!(read("INTERVAL '250 ms'"), Ok(250_000));
        assert_eq!(read("INTERVAL '2' WEEK"), Ok(1_209_600_000_000));
        assert_eq!(read("INTERVAL '-16' MINUTE"), Ok(-960_000_000));
    }

    #[test]
    fn what_has_no_fixed_length_is_refused() {
        for (sql, message) in [
            (
                "INTERVAL '1' MONTH",
                "a month has no fixed length, use weeks, days or less",
            ),
            (
                "INTERVAL '1 year'",
                "a year has no fixed length, use weeks, days or less",
            ),
            ("INTERVAL '90'", "the interval '90' has no unit"),
            (
                "INTERVAL '1 hour' HOUR",
                "\"1 hour\" is not a number of units",
            ),
            ("INTERVAL '1 fortnight'", "unknown unit fortnight"),
            (
                "INTERVAL '0.0000001' SECOND",
                "0.0000001 of this unit is not a whole number of microseconds",
            ),
            (
                "INTERVAL '99999999999' WEEK",
                "INTERVAL '99999999999' WEEK is too long",
            ),
            ("INTERVAL ''", "the interval is empty"),
            ("5", "expected an interval, found 5"),
        ] {
            assert_eq!(read(sql), Err(message.to_owned()), "{sql}");
        }
    }
}
