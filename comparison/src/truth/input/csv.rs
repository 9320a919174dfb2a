//! CSV with a header.

use std::path::Path;
use std::str;

use crate::truth::TruthError;
use crate::truth::kind::Kind;
use crate::truth::value::Value;

/// The records that hold something, without their ends: lines, but for line ends in quotes.
pub(super) fn records(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut end = move |byte: &u8| {
        quoted ^= *byte == b'"';
        *byte == b'\n' && !quoted
    };
    text.split(move |byte| end(byte))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.trim_ascii().is_empty())
}

/// Where the wanted columns stand in a record.
#[derive(Debug)]
pub(super) struct Header {
    width: usize,
    places: Vec<usize>,
}

/// Finds the columns `wanted` in the first record of a file.
///
/// # Errors
/// A column that is not there.
pub(super) fn header(
    line: Option<&[u8]>,
    path: &Path,
    wanted: &[(&str, Kind)],
) -> Result<Header, TruthError> {
    let names = line.and_then(split).unwrap_or_default();
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
    pub(super) fn record(&self, line: &[u8]) -> Option<Vec<Value<'static>>> {
        let fields = split(line).filter(|fields| fields.len() == self.width)?;
        let value = |place: &usize| match fields.get(*place) {
            Some(Some(text)) => Value::Field(text.clone().into()),
            _ => Value::Null,
        };
        Some(self.places.iter().map(value).collect())
    }
}

/// The fields of a record; an empty one is NULL unless it has quotes.
fn split(line: &[u8]) -> Option<Vec<Option<String>>> {
    let mut letters = str::from_utf8(line).ok()?.chars().peekable();
    let mut fields = vec![];
    loop {
        let mut text = String::new();
        let quoted = letters.next_if_eq(&'"').is_some();
        let end = loop {
            match letters.next() {
                None if quoted => return None,
                Some('"') if quoted => match letters.next() {
                    Some('"') => text.push('"'),
                    end @ (None | Some(',')) => break end,
                    Some(_) => return None,
                },
                Some('"') => return None,
                end @ (None | Some(',')) if !quoted => break end,
                Some(letter) => text.push(letter),
                None => return None,
            }
        };
        fields.push((quoted || !text.is_empty()).then_some(text));
        if end.is_none() {
            return Some(fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Option<Vec<Option<String>>> {
        split(line.as_bytes())
    }

    fn texts(fields: &[Option<&str>]) -> Option<Vec<Option<String>>> {
        Some(
            fields
                .iter()
                .map(|field| field.map(str::to_owned))
                .collect(),
        )
    }

    #[test]
    fn quotes_protect_commas_and_doubled_quotes() {
        assert_eq!(fields("a,b"), texts(&[Some("a"), Some("b")]));
        assert_eq!(
            fields("\"a,\"\"b\"\"\",c"),
            texts(&[Some("a,\"b\""), Some("c")])
        );
    }

    #[test]
    fn records_end_outside_quotes() {
        let found: Vec<&[u8]> = records(b"a\r\n\n\"b\n\"\"c\",d\n \ne").collect();
        let expected: [&[u8]; 3] = [b"a", b"\"b\n\"\"c\",d", b"e"];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_field_is_null_and_an_empty_text_is_not() {
        assert_eq!(fields(",\"\","), texts(&[None, Some(""), None]));
    }

    #[test]
    fn stray_quotes_break_a_line() {
        for line in ["\"a", "a\"b", "\"a\"b", "\"a\"\"", "a,\""] {
            assert_eq!(fields(line), None, "{line}");
        }
    }
}
