//! `WATERMARK FOR column AS column - INTERVAL …`, lifted out of a CREATE TABLE before it is parsed.

use sqlparser::ast::{BinaryOperator, Expr, Spanned};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::interval;
use super::name::normal;
use crate::dialect::StreamDialect;
use crate::sql_error::SqlError;

const HELP: &str = "write WATERMARK FOR column AS column, or … AS column - INTERVAL '5' SECOND";

/// The tokens of a statement without its WATERMARK clause; the clause's column, and its delay in
/// microseconds.
type Lifted = (Vec<TokenWithSpan>, Option<(String, i64)>);

/// Takes the WATERMARK clause out of the column list of a statement.
///
/// # Errors
/// Two clauses, or one that is not a column minus a constant.
pub(super) fn lift(tokens: Vec<TokenWithSpan>) -> Result<Lifted, SqlError> {
    let end = tokens
        .last()
        .map_or(Location::empty(), |token| token.span.end);
    let mut kept: Vec<TokenWithSpan> = vec![];
    let mut clauses: Vec<Vec<TokenWithSpan>> = vec![];
    let mut inside = false;
    let mut depth = 0_usize;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if inside {
            match token.token {
                Token::Comma if depth == 1 => inside = false,
                Token::RParen if depth == 0 => {
                    inside = false;
                    kept.pop_if(|last| last.token == Token::Comma);
                    kept.push(token);
                }
                _ => clauses
                    .last_mut()
                    .into_iter()
                    .for_each(|clause| clause.push(token.clone())),
            }
            continue;
        }
        let item = depth == 1
            && matches!(
                kept.last().map(|last| &last.token),
                Some(Token::LParen | Token::Comma)
            );
        let next = tokens
            .peek()
            .is_some_and(|next| is_word(&next.token, "for"));
        if item && next && is_word(&token.token, "watermark") {
            inside = true;
            clauses.push(vec![token]);
        } else {
            kept.push(token);
        }
    }
    let mut clauses = clauses.into_iter();
    let first = clauses.next().map(|clause| read(clause, end)).transpose()?;
    if let Some(second) = clauses.next().and_then(|clause| clause.into_iter().next()) {
        let at = second.span.start;
        return Err(SqlError::new(
            at,
            "a table has one WATERMARK clause",
            "remove one",
        ));
    }
    Ok((kept, first))
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

/// Reads the tokens of one clause.
fn read(clause: Vec<TokenWithSpan>, end: Location) -> Result<(String, i64), SqlError> {
    let end = clause.last().map_or(end, |token| token.span.end);
    let at = clause.first().map_or(end, |token| token.span.start);
    let dialect = StreamDialect;
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(clause);
    let mut parse = || {
        // WATERMARK and FOR, which brought us here.
        parser.next_token();
        parser.next_token();
        let column = parser.parse_identifier()?;
        parser.expect_keyword(Keyword::AS)?;
        let expr = parser.parse_expr()?;
        parser.expect_token(&Token::EOF)?;
        Ok((normal(&column).value, expr))
    };
    let (column, expr) = parse().map_err(|error| SqlError::parser(error, end))?;
    let is_column =
        |expr: &Expr| matches!(expr, Expr::Identifier(name) if normal(name).value == column);
    let delay = match &expr {
        _ if is_column(&expr) => 0,
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Minus,
            right,
        } if is_column(left) => interval::microseconds(right)?,
        _ => {
            let message = format!("cannot read the watermark {expr}");
            return Err(SqlError::new(expr.span().start, message, HELP).or_at(at));
        }
    };
    if delay < 0 {
        let message = "the watermark would run ahead of the events";
        return Err(SqlError::new(expr.span().start, message, HELP));
    }
    Ok((column, delay))
}
