//! Instants from text, and back.

use std::fmt::Write;

use crate::time::EventTime;

/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// The instant that an ISO 8601 text names, in UTC.
///
/// `2013-01-31`, `2013-01-31T05:15`, `2013-01-31 05:15:59.123456Z`, `…+02:00`: a date alone is its
/// midnight; without an offset the time is UTC; of a fraction's at most nine digits, those behind
/// the sixth are cut off. A year of other than four digits needs a sign. `None` for anything else,
/// the 30th of February and second 60 included.
pub fn instant(text: &str) -> Option<EventTime> {
    let mut rest = text.as_bytes();
    let year = year(&mut rest)?;
    byte(&mut rest, b'-')?;
    let month = number(&mut rest, 2)?;
    byte(&mut rest, b'-')?;
    let day = number(&mut rest, 2)?;
    let midnight = i128::from(days(year, month, day)?) * i128::from(DAY);
    let mut time = 0;
    if !rest.is_empty() {
        byte(&mut rest, b'T').or_else(|| byte(&mut rest, b' '))?;
        let hour = below(number(&mut rest, 2)?, 24)?;
        byte(&mut rest, b':')?;
        let minute = below(number(&mut rest, 2)?, 60)?;
        time = (hour * 60 + minute) * 60_000_000;
        if byte(&mut rest, b':').is_some() {
            time += below(number(&mut rest, 2)?, 60)? * 1_000_000;
            if byte(&mut rest, b'.').is_some() {
                time += fraction(&mut rest)?;
            }
        }
        time -= offset(rest)?;
    }
    i64::try_from(midnight + i128::from(time))
        .ok()
        .map(EventTime)
}

/// Appends the text of an instant, microseconds since 1970, which [`instant`] reads: ISO 8601 in
/// UTC with as many fraction digits as needed. Takes more than an [`EventTime`] can be, so that
/// columns in seconds can be printed, too.
pub fn write_instant(micros: i128, text: &mut String) {
    let (days, time) = match i64::try_from(micros) {
        Ok(micros) => (micros.div_euclid(DAY), micros.rem_euclid(DAY)),
        // Seconds that do not fit as microseconds do so as days.
        Err(_) => (
            micros.div_euclid(DAY.into()) as i64,
            micros.rem_euclid(DAY.into()) as i64,
        ),
    };
    write_date(days, text);
    let (seconds, fraction) = (time / 1_000_000, time % 1_000_000);
    for (mark, number) in [
        ('T', seconds / 3600),
        (':', seconds / 60 % 60),
        (':', seconds % 60),
    ] {
        text.push(mark);
        push_two(number, text);
    }
    if fraction > 0 {
        text.push('.');
        push_two(fraction / 10_000, text);
        push_two(fraction / 100 % 100, text);
        push_two(fraction % 100, text);
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('Z');
}

/// Appends a number below 100 as two digits: formatting costs several times as much, and where rows
/// become a changelog most of what is written is times.
fn push_two(number: i64, text: &mut String) {
    for digit in [number / 10, number % 10] {
        text.push(char::from(b'0' + digit as u8));
    }
}

/// Appends the text of a date, days since 1970.
fn write_date(days: i64, text: &mut String) {
    // The same calendar as in `days`, backwards: 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    match year {
        0..=9999 => {
            push_two(year / 100, text);
            push_two(year % 100, text);
        }
        // Writing into a string cannot fail.
        _ => drop(write!(text, "{year:+05}")),
    }
    for number in [month, day] {
        text.push('-');
        push_two(number, text);
    }
}

/// Takes a year off the front: four digits, or a sign and more.
#[inline]
fn year(rest: &mut &[u8]) -> Option<i64> {
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return number(rest, 4),
    };
    *rest = rest.get(1..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(4..=12).contains(&digits) {
        return None;
    }
    Some(sign * number(rest, digits)?)
}

/// Takes `byte` off the front.
#[inline]
fn byte(rest: &mut &[u8], byte: u8) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    (*first == byte).then(|| *rest = tail)
}

/// Takes a number of exactly `digits` digits off the front.
#[inline]
fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(digits)?;
    let mut value = 0;
    for digit in head {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    *rest = tail;
    Some(value)
}

#[inline]
fn below(value: i64, limit: i64) -> Option<i64> {
    (value < limit).then_some(value)
}

/// Takes the digits behind a point off the front, in microseconds.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 9 {
        return None;
    }
    let value = number(rest, digits)?;
    let scale = |power: usize| {
        u32::try_from(power)
            .ok()
            .and_then(|power| 10_i64.checked_pow(power))
    };
    if digits <= 6 {
        Some(value * scale(6 - digits)?)
    } else {
        Some(value / scale(digits - 6)?)
    }
}

/// How far a zone is ahead of UTC, in microseconds: nothing, `Z`, `+02:00`, `+0200` or `+02`.
fn offset(mut rest: &[u8]) -> Option<i64> {
    let sign = match rest {
        [] | b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    rest = rest.get(1..)?;
    let hours = below(number(&mut rest, 2)?, 24)?;
    let mut minutes = 0;
    if !rest.is_empty() {
        // The colon may be left out.
        let _ = byte(&mut rest, b':');
        minutes = below(number(&mut rest, 2)?, 60)?;
    }
    rest.is_empty()
        .then_some(sign * (hours * 60 + minutes) * 60_000_000)
}

/// The days from 1970 to a date of the Gregorian calendar, also before its introduction.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day last; 719,468 days lie between March 0 and 1970.
    let year = year - i64::from(month <= 2);
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> Option<i64> {
        instant(text).map(|time| time.0)
    }

    #[test]
    fn every_day_of_eight_centuries_is_counted() {
        // Prints each day with Arrow's calendar and reads it with ours.
        for day in -160_000..140_000 {
            let text = EventTime(day * DAY).to_string();
            assert_eq!(us(&text), Some(day * DAY), "{text}");
        }
    }

    #[test]
    fn all_forms_of_one_instant_are_equal() {
        let noon = us("2013-01-31T12:00:00Z");
        assert!(noon.is_some());
        for text in [
            "2013-01-31T12:00",
            "2013-01-31 12:00:00",
            "2013-01-31T12:00:00.000000000",
            "2013-01-31T14:00:00+02:00",
            "2013-01-31T14:00:00+0200",
            "2013-01-31T14:00:00+02",
            "2013-01-31 06:30:00.0-05:30",
            "2013-02-01T11:59:00+23:59",
        ] {
            assert_eq!(us(text), noon, "{text}");
        }
        assert_eq!(us("2013-01-31"), us("2013-01-31T00:00:00Z"));
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX];
        let years = (-300_000..300_000).map(|n| n * 30_000_000_000_123);
        for micros in ends.into_iter().chain(years) {
            let mut text = String::new();
            write_instant(micros.into(), &mut text);
            assert_eq!(us(&text), Some(micros), "{text}");
        }
        let mut text = String::new();
        write_instant(i128::from(i64::MAX) * 1_000_000, &mut text);
        assert_eq!(text, "+292277026596-12-04T15:30:07Z");
        assert_eq!(us(&text), None);
        text.clear();
        write_instant(-1, &mut text);
        assert_eq!(text, "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn fractions_are_cut_to_microseconds() {
        assert_eq!(us("1970-01-01T00:00:00.5"), Some(500_000));
        assert_eq!(us("1970-01-01T00:00:00.0000019"), Some(1));
        assert_eq!(us("1969-12-31T23:59:59.999999999"), Some(-1));
        assert_eq!(us("0000-01-01"), Some(-719_528 * DAY));
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in [
            "",
            "2013",
            "2013-01",
            "2013-1-31",
            "2013-13-01",
            "2013-00-01",
            "2013-02-29",
            "1900-02-29",
            "2013-04-31",
            "2013-01-00",
            "2013-01-31T",
            "2013-01-31T24:00:00",
            "2013-01-31T05:60",
            "2013-01-31T05:15:60",
            "2013-01-31T05:15:59.",
            "2013-01-31x05:15",
            "2013-01-31T05:15:59.1234567890",
            "2013-01-31T05:15:59+",
            "2013-01-31T05:15:59+2",
            "2013-01-31T05:15:59+24:00",
            "2013-01-31T05:15:59Zulu",
            " 2013-01-31",
            "2013-01-31 ",
            "-013-01-31",
            "12013-01-31",
            "+013-01-31",
            "+9999999999999-01-31",
            "+294248-01-01",
            "２013-01-31",
        ] {
            assert_eq!(us(text), None, "{text:?}");
        }
        assert!(us("2000-02-29").is_some());
    }
}
