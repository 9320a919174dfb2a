//! Numbers of bytes with a unit, as they are written on the command line.

/// The number of bytes in `512MB`, `1.5GiB` or `65536`.
///
/// # Errors
/// What is expected.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a number of bytes such as 512MB or 2GiB, found {text:?}");
    let text = text.trim();
    let end = text.find(|letter: char| letter.is_alphabetic());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    match number * unit {
        bytes if (1.0..1e18).contains(&bytes) => Ok(bytes as u64),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::parse;

    #[test]
    fn units_are_of_a_thousand_or_of_1024() {
        let bytes = ["65536", "512MB", "1.5 GiB", "10k", "3B"].map(|text| parse(text).unwrap());
        assert_eq!(bytes, [65_536, 512_000_000, 1_610_612_736, 10_000, 3]);
    }

    #[test]
    fn anything_else_says_what_is_expected() {
        for text in ["", "MB", "-1MB", "0", "1TB", "1e30", "five", "NaN", "inf"] {
            assert!(parse(text).unwrap_err().contains("such as 512MB"), "{text}");
        }
    }
}
