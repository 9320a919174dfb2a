//! RisingWave's sessions, rewritten into a window in FROM.
//!
//! RisingWave has no SESSION window: a query that aggregates over sessions finds their starts with a
//! frame of its own, `(SELECT *, first_value(t) OVER (PARTITION BY k ORDER BY t SESSION WITH GAP …) AS
//! window_start FROM e)`, and groups by those. That relation is `SESSION(TABLE e PARTITION BY (k),
//! DESCRIPTOR(t), …)`. Others with this frame number rows, which no view does.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::spelling::WINDOW_START;

/// The tokens of a statement with each such relation rewritten.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut rewritten = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        match relation(rest) {
            Some((window, behind)) => {
                rewritten.extend(window);
                rest = behind;
            }
            None => {
                rewritten.push(first.clone());
                rest = after;
            }
        }
    }
    rewritten
}

/// The window in the place of the relation that the tokens begin with, and what is behind it.
fn relation(tokens: &[TokenWithSpan]) -> Option<(Vec<TokenWithSpan>, &[TokenWithSpan])> {
    let mut cursor = Cursor(tokens);
    let open = cursor.token(&Token::LParen)?;
    cursor.words(&["SELECT"])?;
    cursor.token(&Token::Mul)?;
    cursor.token(&Token::Comma)?;
    cursor.words(&["FIRST_VALUE"])?;
    cursor.token(&Token::LParen)?;
    let time = cursor.name()?;
    cursor.token(&Token::RParen)?;
    cursor.words(&["OVER"])?;
    cursor.token(&Token::LParen)?;
    let mut keys = vec![];
    if cursor.words(&["PARTITION", "BY"]).is_some() {
        keys.push(cursor.name()?);
        while cursor.token(&Token::Comma).is_some() {
            keys.push(cursor.name()?);
        }
    }
    cursor.words(&["ORDER", "BY"])?;
    let order = cursor.name()?;
    cursor.words(&["SESSION", "WITH", "GAP"])?;
    let gap = cursor.until(&Token::RParen)?;
    cursor.words(&["AS"]);
    let start = cursor.name()?;
    cursor.words(&["FROM"])?;
    let table = cursor.name()?;
    cursor.token(&Token::RParen)?;
    let is = |one: &TokenWithSpan, other: &str| one.token.to_string().eq_ignore_ascii_case(other);
    if !is(order, &time.token.to_string()) || !is(start, WINDOW_START) {
        return None;
    }
    let sign = |token: Token| TokenWithSpan::new(token, open.span);
    let word = |text: &str| sign(Token::make_keyword(text));
    let mut window = vec![
        sign(plain("SESSION")),
        sign(Token::LParen),
        word("TABLE"),
        table.clone(),
    ];
    for (nth, key) in keys.iter().enumerate() {
        match nth {
            0 => window.extend([word("PARTITION"), word("BY"), sign(Token::LParen)]),
            _ => window.push(sign(Token::Comma)),
        }
        window.push((*key).clone());
    }
    if !keys.is_empty() {
        window.push(sign(Token::RParen));
    }
    window.extend([
        sign(Token::Comma),
        sign(plain("DESCRIPTOR")),
        sign(Token::LParen),
    ]);
    window.extend([time.clone(), sign(Token::RParen), sign(Token::Comma)]);
    window.extend(gap.iter().cloned());
    window.push(sign(Token::RParen));
    Some((window, cursor.0))
}

/// A word that is a name.
fn plain(text: &str) -> Token {
    Token::Word(Word {
        value: text.to_owned(),
        quote_style: None,
        keyword: Keyword::NoKeyword,
    })
}

/// The tokens that are still to be read; what does not match stays.
struct Cursor<'a>(&'a [TokenWithSpan]);

impl<'a> Cursor<'a> {
    fn token(&mut self, wanted: &Token) -> Option<&'a TokenWithSpan> {
        let (first, rest) = self.0.split_first()?;
        (first.token == *wanted).then(|| {
            self.0 = rest;
            first
        })
    }

    /// Words without quotes, in any letters.
    fn words(&mut self, wanted: &[&str]) -> Option<()> {
        let (found, rest) = self.0.split_at_checked(wanted.len())?;
        let is = |(token, wanted): (&TokenWithSpan, &&str)| {
            matches!(&token.token, Token::Word(word)
                if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
        };
        found.iter().zip(wanted).all(is).then(|| self.0 = rest)
    }

    fn name(&mut self) -> Option<&'a TokenWithSpan> {
        let (first, rest) = self.0.split_first()?;
        matches!(first.token, Token::Word(_)).then(|| {
            self.0 = rest;
            first
        })
    }

    /// What stands before the next such token, which is read, too.
    fn until(&mut self, wanted: &Token) -> Option<&'a [TokenWithSpan]> {
        let at = self.0.iter().position(|token| token.token == *wanted)?;
        let (before, rest) = self.0.split_at_checked(at)?;
        self.0 = rest.get(1..)?;
        Some(before)
    }
}
