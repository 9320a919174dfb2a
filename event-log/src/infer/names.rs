//! Names: of a table for a file, and of the fields of JSON records.

use std::fmt;
use std::path::Path;

use arrow::array::BinaryArray;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// A name for the table of a file: its topic's, or its own without the ending.
pub(super) fn table(path: &Path, topic: Option<&str>) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let name = identifier(topic.or(stem).unwrap_or_default());
    if name.is_empty() {
        "events".into()
    } else {
        name
    }
}

/// A text as a name that SQL takes without quotes, as far as letters go: `Flights 2001-week` is
/// `flights_2001_week`. May be empty.
pub fn identifier(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    match name.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("t_{name}"),
        false => name.to_owned(),
    }
}

/// The words of a name in small letters: `eventTime`, `event_time` and `event-time` have the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        let new = !letter.is_alphanumeric() || (letter.is_uppercase() && small);
        if new {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The fields that JSON objects name, in the order in which they first appear.
pub(super) fn fields(records: &BinaryArray) -> Vec<String> {
    let mut fields: Vec<String> = vec![];
    for record in records.iter().flatten() {
        let mut reader = serde_json::Deserializer::from_slice(record);
        // A record that is broken adds what stands before the break: decoding tells of it.
        let _ = reader.deserialize_map(Fields(&mut fields));
    }
    fields
}

struct Fields<'a>(&'a mut Vec<String>);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Records mostly have the same fields in the same order.
        let mut expected = 0;
        while let Some(field) = map.next_key::<std::borrow::Cow<str>>()? {
            let known = match self.0.get(expected) {
                Some(known) if *known == field => Some(expected),
                _ => self.0.iter().position(|known| *known == field),
            };
            expected = known.unwrap_or(self.0.len()) + 1;
            if known.is_none() {
                self.0.push(field.into_owned());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}
