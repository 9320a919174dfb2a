//! What the bytes of an Avro record mean: a schema, read from its JSON text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::canonical;

/// The schema with which records were written; its root is a record.
#[derive(Clone, Debug)]
pub struct AvroSchema {
    text: String,
    nodes: Vec<Node>,
    fingerprint: u64,
}

/// A type of the schema; other types are named by their place in the schema's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) logical: Option<Logical>,
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    /// So many bytes.
    Fixed(usize),
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<(String, usize)>),
}

/// What a value stands for, where that is more than how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    Date,
    TimestampMillis,
    TimestampMicros,
    TimestampNanos,
    /// Digits behind the point, of at most 38.
    Decimal(i8),
    /// Something that no column can hold, such as a time without a day.
    Other,
}

impl PartialEq for AvroSchema {
    /// Whether the bytes of records mean the same, documentation and names of types apart.
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
    }
}

impl Eq for AvroSchema {}

impl AvroSchema {
    /// Reads a schema.
    ///
    /// # Errors
    /// What is wrong with the text, in words that go on from "the schema".
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
        let mut parser = Parser::default();
        let root = parser.node(&value, "")?;
        match parser.nodes.get(root) {
            Some(Node {
                kind: Kind::Record(_),
                ..
            }) if root == 0 => {}
            _ => return Err("is of no record".into()),
        }
        Ok(Self {
            text: without_blanks(text),
            fingerprint: canonical::fingerprint(&value),
            nodes: parser.nodes,
        })
    }

    /// Its text without blanks.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the fields of a record.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.root().iter().map(|(name, _)| name.as_str())
    }

    /// The CRC-64-AVRO of its canonical form, which a single-object encoding names.
    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The fields of a record and the places of their types.
    pub(super) fn root(&self) -> &[(String, usize)] {
        match self.nodes.first().map(|node| &node.kind) {
            Some(Kind::Record(fields)) => fields,
            _ => &[],
        }
    }

    /// The type at a place; a place is always that of some type.
    pub(super) fn node(&self, at: usize) -> &Node {
        const NULL: &Node = &Node {
            kind: Kind::Null,
            logical: None,
        };
        self.nodes.get(at).unwrap_or(NULL)
    }
}

#[derive(Default)]
struct Parser {
    nodes: Vec<Node>,
    /// The places of named types by their full names.
    names: BTreeMap<String, usize>,
}

impl Parser {
    /// The place of a type, in whose text a name without a dot is in `namespace`.
    fn node(&mut self, value: &Value, namespace: &str) -> Result<usize, String> {
        match value {
            Value::String(name) => self.named(name, namespace),
            Value::Array(branches) => {
                let at = self.reserve();
                let branches = branches.iter().map(|branch| self.node(branch, namespace));
                let branches = branches.collect::<Result<Vec<_>, _>>()?;
                self.set(at, Kind::Union(branches), None)
            }
            Value::Object(object) => match object.get("type") {
                Some(Value::String(name)) => self.object(name, object, namespace),
                Some(inner) => self.node(inner, namespace),
                None => Err(format!("has a type without \"type\": {value}")),
            },
            _ => Err(format!("has {value} in place of a type")),
        }
    }

    fn object(
        &mut self,
        name: &str,
        object: &Map<String, Value>,
        namespace: &str,
    ) -> Result<usize, String> {
        let item =
            |key: &str| (object.get(key)).ok_or_else(|| format!("has an {name} without \"{key}\""));
        match name {
            "array" => {
                let at = self.reserve();
                let items = self.node(item("items")?, namespace)?;
                self.set(at, Kind::Array(items), None)
            }
            "map" => {
                let at = self.reserve();
                let values = self.node(item("values")?, namespace)?;
                self.set(at, Kind::Map(values), None)
            }
            "record" | "error" => {
                let (at, namespace) = self.define(object, namespace)?;
                let mut fields = vec![];
                for field in list(object, "fields")? {
                    let (Some(Value::String(name)), Some(kind)) =
                        (field.get("name"), field.get("type"))
                    else {
                        return Err(format!(
                            "has a field without \"name\" and \"type\": {field}"
                        ));
                    };
                    if fields.iter().any(|(known, _)| known == name) {
                        return Err(format!("has two fields {name:?} in one record"));
                    }
                    fields.push((name.clone(), self.node(kind, &namespace)?));
                }
                self.set(at, Kind::Record(fields), None)
            }
            "enum" => {
                let (at, _) = self.define(object, namespace)?;
                let symbols = list(object, "symbols")?.iter().map(|symbol| {
                    (symbol.as_str().map(str::to_owned))
                        .ok_or_else(|| format!("has the symbol {symbol}, which is no text"))
                });
                let symbols = symbols.collect::<Result<_, _>>()?;
                self.set(at, Kind::Enum(symbols), None)
            }
            "fixed" => {
                let (at, _) = self.define(object, namespace)?;
                let size = (object.get("size").and_then(Value::as_u64))
                    .and_then(|size| usize::try_from(size).ok())
                    .ok_or("has a fixed without \"size\"")?;
                self.set(at, Kind::Fixed(size), logical(object, &Kind::Fixed(size)))
            }
            _ => {
                let at = self.named(name, namespace)?;
                if let Some(node) = self.nodes.get_mut(at)
                    && primitive(name).is_some()
                {
                    node.logical = logical(object, &node.kind);
                }
                Ok(at)
            }
        }
    }

    /// A primitive type, or one that was defined before.
    fn named(&mut self, name: &str, namespace: &str) -> Result<usize, String> {
        if let Some(kind) = primitive(name) {
            let at = self.reserve();
            return self.set(at, kind, None);
        }
        let full = canonical::full_name(name, namespace);
        let found = self.names.get(&full).or_else(|| self.names.get(name));
        found
            .copied()
            .ok_or_else(|| format!("has the type {name:?}, which it does not define before"))
    }

    /// A place for a named type, which its own definition may name, and the namespace within.
    fn define(
        &mut self,
        object: &Map<String, Value>,
        namespace: &str,
    ) -> Result<(usize, String), String> {
        let full = canonical::definition(object, namespace)
            .ok_or("has a record, enum or fixed without \"name\"")?;
        let at = self.reserve();
        if self.names.insert(full.clone(), at).is_some() {
            return Err(format!("defines {full:?} twice"));
        }
        let inner = full.rsplit_once('.').map_or("", |(inner, _)| inner);
        Ok((at, inner.to_owned()))
    }

    fn reserve(&mut self) -> usize {
        self.nodes.push(Node {
            kind: Kind::Null,
            logical: None,
        });
        self.nodes.len() - 1
    }

    fn set(&mut self, at: usize, kind: Kind, logical: Option<Logical>) -> Result<usize, String> {
        if let Some(node) = self.nodes.get_mut(at) {
            *node = Node { kind, logical };
        }
        Ok(at)
    }
}

fn list<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a Vec<Value>, String> {
    (object.get(key).and_then(Value::as_array))
        .ok_or_else(|| format!("has a type without the list \"{key}\""))
}

fn primitive(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

/// The logical type of an object where it is known and fits how values are written; as the
/// specification says, others are no logical types.
fn logical(object: &Map<String, Value>, kind: &Kind) -> Option<Logical> {
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    Some(match (object.get("logicalType")?.as_str()?, kind) {
        ("date", Kind::Int) => Logical::Date,
        ("timestamp-millis" | "local-timestamp-millis", Kind::Long) => Logical::TimestampMillis,
        ("timestamp-micros" | "local-timestamp-micros", Kind::Long) => Logical::TimestampMicros,
        ("timestamp-nanos" | "local-timestamp-nanos", Kind::Long) => Logical::TimestampNanos,
        ("decimal", Kind::Bytes | Kind::Fixed(_)) => {
            let (precision, scale) = (number("precision")?, number("scale").unwrap_or(0));
            match i8::try_from(scale) {
                _ if precision == 0 || scale > precision => return None,
                Ok(scale) if precision <= 38 => Logical::Decimal(scale),
                _ => Logical::Other,
            }
        }
        ("time-millis", Kind::Int)
        | ("time-micros", Kind::Long)
        | ("duration", Kind::Fixed(12))
        | ("uuid", Kind::Fixed(16))
        | ("big-decimal", Kind::Bytes) => Logical::Other,
        _ => return None,
    })
}

/// JSON without the blanks between its parts; nothing else changes, the order of keys neither.
fn without_blanks(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let mut keep = |letter: &char| {
        let kept = quoted || !letter.is_ascii_whitespace();
        quoted ^= *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        kept
    };
    json.chars().filter(|letter| keep(letter)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn blanks_go_but_not_from_texts() {
        let text = " { \"a b\" : [ \"\\\\\" , \"\\\" \" ] ,\n \"c\":1 } ";
        let expected = "{\"a b\":[\"\\\\\",\"\\\" \"],\"c\":1}";
        assert_eq!(without_blanks(text), expected);
    }

    #[test]
    fn names_are_found_in_their_namespace_and_types_may_hold_themselves() {
        let schema = AvroSchema::parse(
            r#"{"type": "record", "name": "a.b.List", "fields": [
                {"name": "color", "type": {"type": "enum", "name": "Color", "symbols": ["R"]}},
                {"name": "again", "type": "a.b.Color"},
                {"name": "next", "type": ["null", "List"]}
            ]}"#,
        )
        .unwrap();
        assert_eq!(
            schema.fields().collect::<Vec<_>>(),
            ["color", "again", "next"]
        );
        let root = schema.root();
        assert_eq!(root[0].1, root[1].1);
        assert_eq!(
            schema.node(root[2].1).kind,
            Kind::Union(vec![root[2].1 + 1, 0])
        );
    }

    #[test]
    fn what_is_no_schema_of_a_record_says_why() {
        for (text, reason) in [
            (
                "events.avsc",
                "is no JSON: expected value at line 1 column 1",
            ),
            ("\"long\"", "is of no record"),
            ("[]", "is of no record"),
            ("5", "has 5 in place of a type"),
            (
                r#"{"type": "record", "name": "r"}"#,
                "has a type without the list \"fields\"",
            ),
            (
                r#"{"type": "record", "fields": []}"#,
                "has a record, enum or fixed without \"name\"",
            ),
            (
                r#"{"type": "record", "name": "r", "fields": [{"name": "x", "type": "lng"}]}"#,
                "has the type \"lng\", which it does not define before",
            ),
            (
                r#"{"type": "record", "name": "r", "fields": [{"name": "x", "type": {"type": "array"}}]}"#,
                "has an array without \"items\"",
            ),
            (
                r#"{"type": "record", "name": "r", "fields": [{"name": "x", "type": "int"}, {"name": "x", "type": "int"}]}"#,
                "has two fields \"x\" in one record",
            ),
        ] {
            assert_eq!(AvroSchema::parse(text).unwrap_err(), reason, "{text}");
        }
    }
}
