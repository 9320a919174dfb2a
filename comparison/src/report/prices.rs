//! What things cost. No price is assumed: whoever wants money in the sheet says what they pay.

use serde_json::Value;

/// Prices in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// What the currency is called.
    pub currency: String,
    /// An hour of one processor core.
    pub core_hour: f64,
    /// A month of 10⁹ bytes in the log, all replicas included.
    pub log_gb_month: f64,
    /// A month of 10⁹ bytes in files.
    pub file_gb_month: f64,
}

impl Prices {
    /// Reads `{"currency": "EUR", "core_hour": 0.04, "log_gb_month": 0.3, "file_gb_month": 0.02}`.
    ///
    /// # Errors
    /// One line that says which entry is missing, unknown or no price.
    pub fn parse(text: &str) -> Result<Self, String> {
        const NAMES: [&str; 4] = ["currency", "core_hour", "log_gb_month", "file_gb_month"];
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        let entries = value
            .as_object()
            .ok_or_else(|| format!("expected an object with {}", NAMES.join(", ")))?;
        if let Some(unknown) = entries.keys().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(format!(
                "unknown entry {unknown:?}: expected {}",
                NAMES.join(", ")
            ));
        }
        let price = |name: &str| {
            let found = entries
                .get(name)
                .ok_or_else(|| format!("no entry {name:?}"))?;
            found
                .as_f64()
                .filter(|price| *price >= 0.0)
                .ok_or_else(|| format!("{name:?} is {found}: expected a price, 0 or more"))
        };
        let currency = entries.get("currency").and_then(Value::as_str);
        Ok(Self {
            currency: currency
                .ok_or("no entry \"currency\" with a name such as \"EUR\"")?
                .to_owned(),
            core_hour: price("core_hour")?,
            log_gb_month: price("log_gb_month")?,
            file_gb_month: price("file_gb_month")?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Prices;

    #[test]
    fn what_is_wrong_is_named() {
        let good =
            r#"{"currency": "EUR", "core_hour": 0.04, "log_gb_month": 0.3, "file_gb_month": 0}"#;
        assert_eq!(Prices::parse(good).unwrap().log_gb_month, 0.3);
        for (text, says) in [
            ("core_hour = 1", "no JSON"),
            ("[]", "expected an object"),
            (&good.replace("0.04", "-1"), "\"core_hour\" is -1"),
            (
                &good.replace("0.04", "\"a lot\""),
                "\"core_hour\" is \"a lot\"",
            ),
            (&good.replace("core_hour", "cpu"), "unknown entry \"cpu\""),
            (r#"{"currency": "EUR"}"#, "no entry \"core_hour\""),
            (r#"{"core_hour": 1}"#, "no entry \"currency\""),
        ] {
            let told = Prices::parse(text).unwrap_err();
            assert!(told.starts_with(says) || told.contains(says), "{told}");
        }
    }
}
