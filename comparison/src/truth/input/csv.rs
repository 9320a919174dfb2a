//! CSV with a header.

use std::path::Path;

use crate::truth::TruthError;
use crate::truth::kind::Kind;
use crate::truth::value::Value;

/// The fields of a record; an empty one is NULL unless it has quotes.
type Fields = Vec<Option<String>>;

/// The records of a text, but for blank lines; `None` for a broken one.
///
/// A record is a line, or several where its quotes hold line ends. One with stray quotes ends where
/// its first line does.
#[derive(Debug)]
pub(super) struct Records<'a> {
    text: &'a [u8],
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text }
    }
}

impl Iterator for Records<'_> {
    type Item = Option<Fields>;

    fn next(&mut self) -> Option<Option<Fields>> {
        while !self.text.is_empty() {
            let line = self.text.split(|byte| *byte == b'\n').next()?;
            let blank = line.trim_ascii().is_empty();
            let (fields, length) = match split(self.text) {
                Some((fields, length)) if !blank => (fields, length),
                _ => (None, line.len()),
            };
            self.text = self.text.get(length + 1..).unwrap_or_default();
            if !blank {
                return Some(fields);
            }
        }
        None
    }
}

/// The fields of a record that is all there is, with or without a line end; `None` for a broken one.
pub(super) fn alone(record: &[u8]) -> Option<Fields> {
    let (fields, length) = split(record)?;
    fields.filter(|_| matches!(record.get(length..), Some([] | [b'\n'])))
}

/// The fields of the first record of a text, unless they are no UTF-8, and its length without the
/// line end; `None` where it has stray quotes.
fn split(text: &[u8]) -> Option<(Option<Fields>, usize)> {
    let mut fields: Vec<Option<Vec<u8>>> = vec![];
    let mut at = 0;
    loop {
        let quoted = text.get(at) == Some(&b'"');
        let mut field = vec![];
        if quoted {
            at += 1;
            loop {
                let (byte, next) = (*text.get(at)?, text.get(at + 1));
                at += 1;
                match (byte, next) {
                    (b'"', Some(b'"')) => at += 1,
                    (b'"', _) => break,
                    _ => {}
                }
                field.push(byte);
            }
        } else {
            while let Some(byte) = text.get(at).filter(|byte| !b",\n".contains(byte)) {
                field.push(*byte);
                at += 1;
            }
            if field.contains(&b'"') {
                return None;
            }
        }
        let more = match text.get(at..)? {
            [b',', ..] => true,
            [] | [b'\n', ..] => false,
            [b'\r'] | [b'\r', b'\n', ..] => {
                at += 1;
                false
            }
            _ => return None,
        };
        if !more && !quoted && field.last() == Some(&b'\r') {
            field.pop();
        }
        fields.push((quoted || !field.is_empty()).then_some(field));
        if !more {
            let texts = fields
                .into_iter()
                .map(|field| field.map(String::from_utf8).transpose());
            return Some((texts.collect::<Result<_, _>>().ok(), at));
        }
        at += 1;
    }
}

/// Where the wanted columns stand in a record.
#[derive(Debug)]
pub(in crate::truth) struct Header {
    width: usize,
    places: Vec<usize>,
}

/// Finds the columns `wanted` in the first record of a file.
///
/// # Errors
/// A column that is not there.
pub(super) fn header(
    record: Option<Option<Fields>>,
    path: &Path,
    wanted: &[(&str, Kind)],
) -> Result<Header, TruthError> {
    let names = record.flatten().unwrap_or_default();
    let place = |name: &str| {
        let found = names
            .iter()
            .position(|field| field.as_deref() == Some(name));
        found.ok_or_else(|| TruthError::NoColumn {
            path: path.to_owned(),
            column: name.to_owned(),
        })
    };
    let places = wanted
        .iter()
        .map(|(name, _)| place(name))
        .collect::<Result<_, _>>()?;
    Ok(Header {
        width: names.len(),
        places,
    })
}

impl Header {
    /// The wanted values of a record; `None` where it is broken.
    pub(super) fn record(&self, fields: Option<Fields>) -> Option<Vec<Value<'static>>> {
        let fields = fields.filter(|fields| fields.len() == self.width)?;
        let value = |place: &usize| match fields.get(*place) {
            Some(Some(text)) => Value::Field(text.clone().into()),
            _ => Value::Null,
        };
        Some(self.places.iter().map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<Option<Fields>> {
        Records::new(text.as_bytes()).collect()
    }

    fn texts(fields: &[Option<&str>]) -> Option<Fields> {
        let owned = fields.iter().map(|field| field.map(str::to_owned));
        Some(owned.collect())
    }

    #[test]
    fn quotes_protect_commas_and_doubled_quotes() {
        assert_eq!(fields("a,b"), [texts(&[Some("a"), Some("b")])]);
        assert_eq!(
            fields("\"a,\"\"b\"\"\",c"),
            [texts(&[Some("a,\"b\""), Some("c")])]
        );
    }

    #[test]
    fn records_end_outside_quotes() {
        let expected = [
            texts(&[Some("a")]),
            texts(&[Some("b\r\n\"c"), Some("d")]),
            texts(&[Some("e"), None]),
        ];
        assert_eq!(fields("a\r\n\n\"b\r\n\"\"c\",d\n \ne,\r"), expected);
    }

    #[test]
    fn an_empty_field_is_null_and_an_empty_text_is_not() {
        assert_eq!(fields(",\"\","), [texts(&[None, Some(""), None])]);
    }

    #[test]
    fn stray_quotes_break_one_line() {
        for line in ["\"a", "a\"b", "\"a\"b", "\"a\"\"", "a,\""] {
            let expected = [None, texts(&[Some("b"), Some("c")])];
            assert_eq!(fields(&format!("{line}\n\"b\",c")), expected, "{line}");
        }
        assert_eq!(Records::new(b"\xFF\n").collect::<Vec<_>>(), [None]);
    }
}
