//! One value before its conversion: what stands in the record, uninterpreted.

use std::borrow::Cow;
use std::fmt;

/// A JSON string as it stands in the record, checked already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// What stands between its quotes.
    pub(super) inner: &'a str,
    /// Whether it holds an escape.
    pub(super) escaped: bool,
}

impl<'a> Text<'a> {
    /// The text itself, without escapes.
    #[inline]
    pub(super) fn plain(&self) -> Cow<'a, str> {
        if self.escaped {
            // The scanner has accepted every escape, so this cannot fail.
            let text = serde_json::from_str(&format!("\"{}\"", self.inner));
            return Cow::Owned(text.unwrap_or_default());
        }
        Cow::Borrowed(self.inner)
    }
}

/// A value of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// No value.
    Null,
    /// A JSON boolean.
    Bool(bool),
    /// A JSON number that is an integer of at most 18 digits, and its text.
    Integer(i64, &'a str),
    /// The text of any other JSON number.
    Number(&'a str),
    /// A JSON string.
    Text(Text<'a>),
    /// A JSON array or object.
    Nested(&'a str),
    /// Text that does not say what it is, as in CSV.
    Field(&'a str),
}

/// How many characters of a value a reason shows.
const SHOWN: usize = 40;

impl fmt::Display for Token<'_> {
    /// As JSON, shortened.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.to_owned(),
        };
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(_, text) | Self::Number(text) | Self::Nested(text) => {
                f.write_str(&short(text))
            }
            Self::Text(text) => write!(f, "{:?}", short(&text.plain())),
            Self::Field(text) => write!(f, "{:?}", short(text)),
        }
    }
}
