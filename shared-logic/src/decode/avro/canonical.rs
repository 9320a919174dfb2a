//! The canonical form of a schema and its fingerprint, which the single-object encoding names.
//!
//! Both as in the Avro specification, "Parsing Canonical Form for Schemas" and "Schema
//! Fingerprints".

use serde_json::{Map, Value};

/// The fingerprint of no bytes.
const EMPTY: u64 = 0xc15d_213a_a4d7_a795;

/// The CRC-64-AVRO of the canonical form of a schema.
pub(super) fn fingerprint(schema: &Value) -> u64 {
    let mut text = String::new();
    write(schema, "", &mut text);
    hash(&text)
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(EMPTY, |print, byte| {
        let step = |print: u64, _| (print >> 1) ^ (EMPTY & (print & 1).wrapping_neg());
        let low = (0..8).fold((print ^ u64::from(byte)) & 0xff, step);
        (print >> 8) ^ low
    })
}

/// A name with its namespace.
pub(super) fn full_name(name: &str, namespace: &str) -> String {
    match namespace {
        _ if name.contains('.') => name.to_owned(),
        "" => name.to_owned(),
        namespace => format!("{namespace}.{name}"),
    }
}

/// The full name that an object defines; `None` where it has no name.
pub(super) fn definition(object: &Map<String, Value>, namespace: &str) -> Option<String> {
    let own = object.get("namespace").and_then(Value::as_str);
    Some(full_name(
        object.get("name")?.as_str()?,
        own.unwrap_or(namespace),
    ))
}

/// Appends the canonical form of a schema that was parsed.
fn write(schema: &Value, namespace: &str, text: &mut String) {
    match schema {
        Value::String(name) => {
            const PRIMITIVE: [&str; 8] = [
                "null", "boolean", "int", "long", "float", "double", "bytes", "string",
            ];
            if PRIMITIVE.contains(&name.as_str()) {
                quote(name, text);
            } else {
                quote(&full_name(name, namespace), text);
            }
        }
        Value::Array(branches) => list(branches, text, |branch, text| {
            write(branch, namespace, text);
        }),
        Value::Object(object) => match object.get("type") {
            Some(Value::String(kind)) => write_object(kind, object, namespace, text),
            Some(inner) => write(inner, namespace, text),
            None => {}
        },
        _ => {}
    }
}

fn write_object(kind: &str, object: &Map<String, Value>, namespace: &str, text: &mut String) {
    let named = ["record", "error", "enum", "fixed"].contains(&kind);
    if !named && !["array", "map"].contains(&kind) {
        return write(&Value::from(kind), namespace, text);
    }
    text.push('{');
    let mut inner = namespace.to_owned();
    if named {
        let name = definition(object, namespace).unwrap_or_default();
        inner = (name.rsplit_once('.')).map_or(String::new(), |(inner, _)| inner.to_owned());
        text.push_str("\"name\":");
        quote(&name, text);
        text.push(',');
    }
    text.push_str("\"type\":");
    quote(kind, text);
    for key in ["fields", "symbols", "items", "values", "size"] {
        let Some(value) = object.get(key) else {
            continue;
        };
        text.push_str(",\"");
        text.push_str(key);
        text.push_str("\":");
        match (key, value) {
            ("fields", Value::Array(fields)) => list(fields, text, |field, text| {
                text.push_str("{\"name\":");
                let name = field.get("name").and_then(Value::as_str);
                quote(name.unwrap_or_default(), text);
                text.push_str(",\"type\":");
                write(field.get("type").unwrap_or(&Value::Null), &inner, text);
                text.push('}');
            }),
            ("symbols", Value::Array(symbols)) => list(symbols, text, |symbol, text| {
                quote(symbol.as_str().unwrap_or_default(), text);
            }),
            ("size", size) => text.push_str(&size.to_string()),
            (_, value) => write(value, namespace, text),
        }
    }
    text.push('}');
}

fn list(items: &[Value], text: &mut String, write: impl Fn(&Value, &mut String)) {
    text.push('[');
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(']');
}

/// Names and symbols are letters, digits, dots and underscores, which need no escapes.
fn quote(name: &str, text: &mut String) {
    text.push('"');
    text.push_str(name);
    text.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_fingerprints_are_those_of_the_specification() {
        assert_eq!(hash("\"null\""), 0x63dd_24e7_cc25_8f8a);
        assert_eq!(hash("\"int\""), 0x7275_d51a_3f39_5c8f);
    }

    #[test]
    fn the_canonical_form_is_that_of_the_library() {
        let text = r#"{"doc": "x", "type": "record", "namespace": "a.b", "name": "R", "fields": [
            {"name": "p", "type": {"type": "long", "order": "ignore"}, "default": 1},
            {"type": ["null", {"type": "enum", "name": "E", "symbols": ["X", "Y"]}], "name": "e"},
            {"name": "f", "type": {"size": 4, "type": "fixed", "name": "c.F"}},
            {"name": "m", "type": {"type": "map", "values": "E"}},
            {"name": "l", "type": {"type": "array", "items": {"type": "record", "name": "S", "fields": [
                {"name": "s", "type": {"type": "string"}}, {"name": "r", "type": ["R", "c.F"]}
            ]}}}
        ]}"#;
        let mut ours = String::new();
        write(&serde_json::from_str(text).unwrap(), "", &mut ours);
        let theirs = apache_avro::Schema::parse_str(text)
            .unwrap()
            .canonical_form();
        assert_eq!(ours, theirs);
    }

    /// The specification reduces a primitive type to its name, logical types or not; this library
    /// leaves an object.
    #[test]
    fn a_logical_type_is_not_part_of_it() {
        let mut ours = String::new();
        let schema = r#"{"type": "long", "logicalType": "timestamp-millis"}"#;
        write(&serde_json::from_str(schema).unwrap(), "", &mut ours);
        assert_eq!(ours, "\"long\"");
    }
}
