//! Instants and days from ISO 8601 text.

/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// Days in the months of a year that is not a leap year.
const MONTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Microseconds since 1970 of `2001-02-03`, `2001-02-03T04:05`, `2001-02-03 04:05:06.789Z` or
/// `…+02:00`; without an offset the text is UTC, and digits behind the microsecond are cut off.
/// Years of more digits than four have a sign.
pub(super) fn instant(text: &str) -> Option<i64> {
    let micros = |days: i64, into: i64| {
        let micros = i128::from(days) * i128::from(DAY) + i128::from(into);
        i64::try_from(micros).ok()
    };
    let Some((date, time)) = text.split_once(['T', ' ']) else {
        return micros(day(text)?, 0);
    };
    let (clock, ahead) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time.get(..at)?, zone(time.get(at..)?)?),
        None => (time, 0),
    };
    let mut parts = clock.split(':');
    let hour = two(parts.next()?, 24)?;
    let minute = two(parts.next()?, 60)?;
    let seconds = match parts.next() {
        Some(seconds) => seconds_and_fraction(seconds)?,
        None => 0,
    };
    let into = (hour * 60 + minute) * 60_000_000 + seconds;
    if parts.next().is_some() {
        return None;
    }
    micros(day(date)?, into - ahead)
}

/// Days since 1970 of `2001-02-03`.
fn day(text: &str) -> Option<i64> {
    let (sign, signed) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (if text.starts_with('-') { -1 } else { 1 }, Some(rest)),
        None => (1, None),
    };
    let [year, month, day] = (signed.unwrap_or(text).split('-'))
        .collect::<Vec<_>>()
        .try_into()
        .ok()?;
    let length = match signed {
        Some(_) => Some(year.len()).filter(|length| (4..=12).contains(length))?,
        None => 4,
    };
    let year = sign * digits(year, length)?;
    let (month, day) = (two(month, 13)?, two(day, 32)?);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |month: usize| match month {
        1 if leap(year) => Some(29),
        _ => MONTHS.get(month).copied(),
    };
    let index = usize::try_from(month - 1).ok()?;
    if day < 1 || day > length(index)? {
        return None;
    }
    let before: i64 = (0..index).filter_map(length).sum();
    // Leap days in the years 0 to 1969, and in those before the given one.
    let leaps = |years: i64| {
        (years + 3).div_euclid(4) - (years + 99).div_euclid(100) + (years + 399).div_euclid(400)
    };
    Some((year - 1970) * 365 + leaps(year) - leaps(1970) + before + day - 1)
}

/// Seconds with an optional fraction, in microseconds.
fn seconds_and_fraction(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if (1..=9).contains(&fraction.len()) => (whole, fraction),
        Some(_) => return None,
        None => (text, "0"),
    };
    let nanos = digits(&format!("{fraction:0<9}"), 9)?;
    Some(two(whole, 60)? * 1_000_000 + nanos / 1000)
}

/// How far `Z`, `+02:00`, `-0530` or `+02` is ahead of UTC, in microseconds.
fn zone(text: &str) -> Option<i64> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return (text.len() == 1).then_some(0),
    };
    let (hours, minutes) = match text.len() {
        3 => (text.get(1..)?, "00"),
        5 => (text.get(1..3)?, text.get(3..)?),
        6 if text.get(3..4) == Some(":") => (text.get(1..3)?, text.get(4..)?),
        _ => return None,
    };
    Some(sign * (two(hours, 24)? * 60 + two(minutes, 60)?) * 60_000_000)
}

/// Two digits that make a number below `limit`.
fn two(text: &str, limit: i64) -> Option<i64> {
    digits(text, 2).filter(|value| *value < limit)
}

/// Exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = -719_528;
        for year in 0..2400 {
            for (month, length) in (1..).zip(MONTHS) {
                for date in 1..=length {
                    let text = format!("{year:04}-{month:02}-{date:02}");
                    assert_eq!(day(&text), Some(expected), "{text}");
                    expected += 1;
                }
                let leap = format!("{year:04}-{month:02}-29");
                if month == 2 && day(&leap).is_some() {
                    assert_eq!(day(&leap), Some(expected), "{leap}");
                    expected += 1;
                }
            }
        }
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2000-03-01"), Some(11_017));
    }

    #[test]
    fn offsets_and_fractions_are_taken() {
        let expected = 11_017 * DAY + 3_600_000_001;
        for text in [
            "2000-03-01T01:00:00.000001",
            "2000-03-01 01:00:00.000001999Z",
            "2000-03-01T03:00:00.000001+02:00",
            "2000-02-29T19:30:00.000001-0530",
            "2000-03-01T02:00:00.000001+01",
        ] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!(instant("1969-12-31T23:59"), Some(-60_000_000));
        assert_eq!(instant("1970-01-02"), Some(DAY));
        assert_eq!(instant("-0001-12-31"), Some(-719_529 * DAY));
        let ends = [
            "+294247-01-10T04:00:54.775807Z",
            "-290308-12-21T19:59:05.224192Z",
        ];
        assert_eq!(ends.map(instant), [Some(i64::MAX), Some(i64::MIN)]);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2001",
            "2001-1-01",
            "2001-13-01",
            "2001-02-29",
            "2001-01-00",
            "2001-01-01T",
            "2001-01-01T24:00",
            "2001-01-01T00:00:60",
            "2001-01-01T00:00:00.",
            "2001-01-01T00:00:00.1234567890",
            "2001-01-01T00:00:00+2",
            "2001-01-01T00:00:00ZZ",
            "2001-01-01T00:00:00:00",
            "２001-01-01",
            "-001-01-01",
            "12001-01-01",
            "+294247-01-10T04:00:54.775808Z",
            "+9999999999999-01-01",
        ] {
            assert_eq!(instant(text), None, "{text:?}");
        }
    }
}
