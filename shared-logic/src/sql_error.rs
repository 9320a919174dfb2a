//! What is wrong with a SQL text: where, what, and how to write it instead.

use std::fmt;

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, TokenizerError};

use crate::error::lower_first;

/// A SQL text that does not make a job; the caller shows it and the user edits the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// The file, where it is known.
    pub file: Option<String>,
    /// The line, from 1; 0 where the error has no place in the text.
    pub line: u64,
    /// The character of the line, from 1; 0 where the error has no place in the text.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to write instead; may be empty.
    pub help: String,
}

impl SqlError {
    /// An error at `at`, in a file that is not known yet.
    pub fn new(at: Location, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            file: None,
            line: at.line,
            column: at.column,
            message: message.into(),
            help: help.into(),
        }
    }

    /// An error that no place in the text is to blame for.
    pub fn nowhere(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Location::empty(), message, help)
    }

    /// The same error in a file of this name.
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same error, placed at `at` unless it has a place already.
    pub(crate) fn or_at(mut self, at: Location) -> Self {
        if self.line == 0 {
            (self.line, self.column) = (at.line, at.column);
        }
        self
    }

    /// An error of the parser, which writes the place into its text; `end` is where the text ends.
    pub(crate) fn parser(error: ParserError, end: Location) -> Self {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
            ParserError::RecursionLimitExceeded => {
                return Self::new(end, "the statement is nested too deeply", "");
            }
        };
        let (text, at) = split_place(&text).unwrap_or((&text, end));
        let text = text
            .replacen("Expected: ", "expected ", 1)
            .replacen(", found: ", ", found ", 1)
            .replacen("found EOF", "found the end of the statement", 1);
        Self::new(at, lower_first(&text), "")
    }
}

impl From<TokenizerError> for SqlError {
    fn from(error: TokenizerError) -> Self {
        Self::new(error.location, lower_first(&error.message), "")
    }
}

impl fmt::Display for SqlError {
    /// One line: `view.sql:12:8: what is wrong; what to write instead`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if self.file.is_some() || self.line > 0 {
            f.write_str(" ")?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for SqlError {}

/// Splits `text at Line: 3, Column: 5`; `None` without a place.
fn split_place(text: &str) -> Option<(&str, Location)> {
    let (text, place) = text.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let at = Location::new(line.parse().ok()?, column.trim().parse().ok()?);
    Some((text, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_where_and_what() {
        let error = SqlError::new(
            Location::new(12, 8),
            "unknown column dely",
            "did you mean delay?",
        );
        assert_eq!(
            error.clone().in_file("view.sql").to_string(),
            "view.sql:12:8: unknown column dely; did you mean delay?"
        );
        assert_eq!(
            error.to_string(),
            "12:8: unknown column dely; did you mean delay?"
        );
        let error = SqlError::nowhere("no view", "").in_file("view.sql");
        assert_eq!(error.to_string(), "view.sql: no view");
    }

    #[test]
    fn the_place_is_taken_out_of_the_parsers_text() {
        let text = "Expected: an expression, found: FROM at Line: 3, Column: 5";
        let error = SqlError::parser(ParserError::ParserError(text.into()), Location::empty());
        assert_eq!(error.to_string(), "3:5: expected an expression, found FROM");
    }

    #[test]
    fn an_unfinished_statement_is_wrong_at_its_end() {
        let text = ParserError::ParserError("Expected: ), found: EOF".into());
        let error = SqlError::parser(text, Location::new(4, 2));
        assert_eq!(
            error.to_string(),
            "4:2: expected ), found the end of the statement"
        );
    }
}
