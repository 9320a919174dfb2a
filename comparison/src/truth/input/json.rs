//! JSON lines.

use serde_json::{Map, Value as Json};

use crate::truth::kind::Kind;
use crate::truth::value::Value;

/// The values that `wanted` names; `None` for a line that is no JSON object.
pub(super) fn record(line: &[u8], wanted: &[(&str, Kind)]) -> Option<Vec<Value<'static>>> {
    let fields: Map<String, Json> = serde_json::from_slice(line).ok()?;
    let value = |name: &str| match fields.get(name) {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Bool(value)) => Value::Boolean(*value),
        Some(Json::Number(number)) => Value::Number(number.to_string().into()),
        Some(Json::String(text)) => Value::Text(text.clone().into()),
        Some(Json::Array(_) | Json::Object(_)) => Value::Nested,
    };
    Some(wanted.iter().map(|(name, _)| value(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [(&str, Kind); 2] = [("a", Kind::Int64), ("b", Kind::Text)];

    #[test]
    fn absent_and_null_are_null_and_the_last_of_two_counts() {
        let values = record(br#"{"a": 1, "c": [], "a": 2}"#, &WANTED);
        assert_eq!(values, Some(vec![Value::Number("2".into()), Value::Null]));
        let values = record(br#" {"b": {}, "a": null} "#, &WANTED);
        assert_eq!(values, Some(vec![Value::Null, Value::Nested]));
    }

    #[test]
    fn what_is_no_object_is_broken() {
        for line in [
            "",
            "1",
            "[]",
            "null",
            "{",
            "{} {}",
            "{a: 1}",
            r#"{"a": 01}"#,
            "{\"b\": \"\\ud800\"}",
        ] {
            assert_eq!(record(line.as_bytes(), &WANTED), None, "{line}");
        }
        assert_eq!(record(b"{\"b\": \"\xFF\"}", &WANTED), None);
    }
}
