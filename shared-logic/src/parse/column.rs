//! Columns whose names are words of SQL.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Makes a plain name of a keyword in the place of a column's name.
///
/// Some begin a constraint in other systems, `KEY name (columns)` for one, and the parser takes
/// `key VARCHAR` for that. In a list of columns a word before a type is the name of a column.
pub(super) fn free_names(tokens: &mut [TokenWithSpan]) {
    let mut depth = 0_usize;
    for at in 0..tokens.len() {
        let starts = match tokens.get(at).map(|token| &token.token) {
            Some(Token::LParen) => {
                depth += 1;
                depth == 1
            }
            Some(Token::RParen) => {
                depth = depth.saturating_sub(1);
                false
            }
            Some(Token::Comma) => depth == 1,
            _ => false,
        };
        let typed = tokens
            .get(at + 2)
            .is_some_and(|token| is_type(&token.token));
        if let (true, true, Some(name)) = (starts, typed, tokens.get_mut(at + 1))
            && let Token::Word(word) = &mut name.token
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
}

/// Whether a column's type can begin with this word.
fn is_type(token: &Token) -> bool {
    const TYPES: [&str; 30] = [
        "boolean",
        "bool",
        "tinyint",
        "smallint",
        "int2",
        "int",
        "integer",
        "int4",
        "bigint",
        "int8",
        "real",
        "float",
        "float4",
        "float8",
        "double",
        "decimal",
        "numeric",
        "dec",
        "varchar",
        "character",
        "char",
        "text",
        "string",
        "date",
        "timestamp",
        "timestamp_ltz",
        "timestamp_ntz",
        "datetime",
        "timestamptz",
        "nvarchar",
    ];
    matches!(token, Token::Word(word) if word.quote_style.is_none()
        && TYPES.contains(&word.value.to_lowercase().as_str()))
}
