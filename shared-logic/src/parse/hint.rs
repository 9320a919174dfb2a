//! What to write instead of what the parser does not take.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::name::{edits, suggest};
use crate::sql_error::SqlError;

/// Words that begin the parts of a statement.
const WORDS: [&str; 26] = [
    "CREATE",
    "TABLE",
    "VIEW",
    "MATERIALIZED",
    "WITH",
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "BETWEEN",
    "INTERVAL",
    "PARTITION",
    "WATERMARK",
    "TIMESTAMP",
    "VARCHAR",
    "BIGINT",
    "DOUBLE",
    "BOOLEAN",
    "FILTER",
    "CASE",
    "WHEN",
    "THEN",
];

/// Units of time.
const UNITS: [&str; 8] = [
    "YEAR",
    "MONTH",
    "WEEK",
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "MILLISECOND",
];

/// The error of the parser with a way out, found in the tokens of the statement.
pub(super) fn hint(mut error: SqlError, tokens: &[TokenWithSpan]) -> SqlError {
    let here = |token: &TokenWithSpan| {
        (token.span.start.line, token.span.start.column) == (error.line, error.column)
    };
    let at = (tokens.iter().position(here)).map(|at| {
        // Some errors of the parser have the place of the token behind the one that they name.
        let named = |at: usize| {
            let token = tokens.get(at).map(|token| token.token.to_string());
            token.is_some_and(|token| error.message.ends_with(&format!("found {token}")))
        };
        match at.checked_sub(1) {
            Some(before) if !named(at) && named(before) => before,
            _ => at,
        }
    });
    if let Some(token) = at.and_then(|at| tokens.get(at)) {
        (error.line, error.column) = (token.span.start.line, token.span.start.column);
    }
    let found = at.and_then(|at| tokens.get(at));
    let before = match at {
        Some(at) => at.checked_sub(1).and_then(|at| tokens.get(at)),
        None => tokens.last(),
    };
    // A word that is nearly one of SQL's is mostly meant to be it; before what is found it was
    // taken for an alias.
    for token in [found, before].into_iter().flatten() {
        if let Some((word, near)) = misspelled(&token.token) {
            let place = token.span.start;
            return SqlError::new(
                place,
                format!("unknown word {word}"),
                format!("did you mean {near}?"),
            );
        }
    }
    let session = |token: &TokenWithSpan| token.token.to_string().eq_ignore_ascii_case("session");
    if found.is_some_and(session) && tokens.get(at.unwrap_or_default() + 1).is_some_and(with) {
        let help = "write FROM SESSION(TABLE t PARTITION BY key, DESCRIPTOR(time), INTERVAL '5' MINUTE) and GROUP BY window_start, window_end, key";
        return SqlError::new(
            error_place(&error),
            "SESSION WITH GAP numbers rows, a view has windows",
            help,
        );
    }
    let back = |by: usize| at.and_then(|at| tokens.get(at.checked_sub(by)?));
    if let (Some(Token::Word(unit)), Some(interval)) = (found.map(|token| &token.token), back(2))
        && matches!(&interval.token, Token::Word(word) if word.keyword == Keyword::INTERVAL)
        && error.message.starts_with("expected )")
    {
        let help = suggest(&unit.value.to_uppercase(), "units", &UNITS);
        return SqlError::new(error_place(&error), format!("unknown unit {unit}"), help);
    }
    // A name that is a word of SQL is seen where something else should follow the word.
    if let (Some(Token::RParen | Token::Comma), Some(word)) =
        (found.map(|token| &token.token), before)
        && let Token::Word(name) = &word.token
        && name.keyword != Keyword::NoKeyword
        && name.quote_style.is_none()
    {
        let place = word.span.start;
        let message = format!("{} is a word of SQL here", name.value);
        return SqlError::new(place, message, quoted(&name.value));
    }
    let arrow = found.is_some_and(|token| token.token == Token::RArrow);
    if error.help.is_empty() || arrow {
        error.help = help(&error.message, found, before, tokens);
    }
    error
}

fn with(token: &TokenWithSpan) -> bool {
    matches!(&token.token, Token::Word(word) if word.keyword == Keyword::WITH)
}

fn error_place(error: &SqlError) -> Location {
    Location::new(error.line, error.column)
}

fn help(
    message: &str,
    found: Option<&TokenWithSpan>,
    before: Option<&TokenWithSpan>,
    tokens: &[TokenWithSpan],
) -> String {
    let comma = before.is_some_and(|token| token.token == Token::Comma);
    let count = |wanted: &Token| tokens.iter().filter(|token| token.token == *wanted).count();
    let (open, closed) = (count(&Token::LParen), count(&Token::RParen));
    match found.map(|token| &token.token) {
        None if open > closed => "a ( is still open: close it with )".into(),
        None => "the statement breaks off: finish it".into(),
        Some(found) if open > closed && message.contains("expected )") => {
            format!("a ( is still open: close it before {found}")
        }
        Some(_) if message.starts_with("expected AS") => {
            "write CREATE VIEW name AS SELECT …".into()
        }
        Some(_) if message.contains("date/time field") => {
            format!("write one of {}", UNITS.join(", "))
        }
        Some(Token::RArrow) => "to compare write >=".into(),
        Some(Token::Comma) => "write something between the commas, or remove one".into(),
        Some(found) if comma => format!("remove the comma before {found}"),
        Some(Token::RParen) if closed > open => "remove this ), or open it with (".into(),
        Some(_) if message.contains("after column definition") => {
            "a column is a name, a type and perhaps NOT NULL; commas stand between columns".into()
        }
        Some(Token::Word(word)) if word.keyword != Keyword::NoKeyword => quoted(&word.value),
        Some(Token::Eq) => {
            "in WITH (…) write name = 'value'; elsewhere = compares two values".into()
        }
        Some(_) => "remove it, or write what is expected before it".into(),
    }
}

fn quoted(name: &str) -> String {
    format!("to use {name} as a name, write it in quotes: \"{name}\"")
}

/// A word that is none of SQL's, and the one of SQL's that it nearly is.
fn misspelled(token: &Token) -> Option<(&str, &'static str)> {
    let Token::Word(word) = token else {
        return None;
    };
    if word.quote_style.is_some() || word.keyword != Keyword::NoKeyword || word.value.len() < 4 {
        return None;
    }
    let upper = word.value.to_uppercase();
    // A table of orders is not a mistaken ORDER.
    let longer = |known: &str| upper.strip_suffix('S') == Some(known);
    let near = (WORDS.iter()).find(|known| edits(&upper, known) == 1 && !longer(known))?;
    Some((&word.value, near))
}
