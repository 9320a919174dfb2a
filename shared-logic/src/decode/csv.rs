//! Records that are one line of comma-separated values each, in the order of the table's columns.

use std::borrow::Cow;

use arrow::array::Array;

use super::column::Column;
use super::token::Token;
use super::{Fault, Rows, Wanted};

/// Decodes every value into `columns`, one for each of `wanted`, of a table with `width` columns.
pub(super) fn decode(
    rows: Rows,
    width: usize,
    wanted: &[Wanted],
    columns: &mut [Column],
    faults: &mut Vec<Fault>,
) {
    let mut fields = Vec::with_capacity(width);
    for row in 0..rows.values.len() {
        match record(&rows, row, width, &mut fields) {
            Ok(()) => {
                for (column, wanted) in columns.iter_mut().zip(wanted) {
                    let token = match fields.get(wanted.index) {
                        Some(Some(text)) => Token::Field(text),
                        _ => Token::Null,
                    };
                    if let Err(reason) = column.push(&token) {
                        faults.push(Fault {
                            row,
                            column: Some(wanted.index),
                            reason,
                        });
                    }
                }
            }
            Err(reason) => {
                columns.iter_mut().for_each(Column::skip);
                faults.push(Fault {
                    row,
                    column: None,
                    reason,
                });
            }
        }
    }
}

fn record<'a>(
    rows: &Rows<'a>,
    row: usize,
    width: usize,
    fields: &mut Vec<Option<Cow<'a, str>>>,
) -> Result<(), String> {
    let line = rows.text(row)?;
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    split(line, fields)?;
    if fields.len() != width {
        return Err(format!(
            "broken CSV: expected {width} fields, found {}",
            fields.len()
        ));
    }
    Ok(())
}

/// Splits a line, without its end, at its commas. A field in quotes may hold commas, line ends and
/// doubled quotes; an empty field is NULL, an empty field in quotes is the empty text.
///
/// # Errors
/// A quote that is not closed, or not where a field begins or ends; what it says is for the user.
pub fn split<'a>(line: &'a str, fields: &mut Vec<Option<Cow<'a, str>>>) -> Result<(), String> {
    fields.clear();
    // Most lines have no quotes at all.
    if !line.contains('"') {
        let field = |text: &'a str| (!text.is_empty()).then_some(Cow::Borrowed(text));
        fields.extend(line.split(',').map(field));
        return Ok(());
    }
    let mut rest = line;
    loop {
        let field;
        (field, rest) = match rest.strip_prefix('"') {
            Some(inner) => {
                let (text, tail) = quoted(inner)?;
                (Some(text), tail)
            }
            None => {
                let (text, tail) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                if text.contains('"') {
                    return Err("broken CSV: a quote within a field that has none around it".into());
                }
                ((!text.is_empty()).then_some(Cow::Borrowed(text)), tail)
            }
        };
        fields.push(field);
        if rest.is_empty() {
            return Ok(());
        }
        rest = (rest.strip_prefix(','))
            .ok_or("broken CSV: expected ',' or the end after a closing quote")?;
    }
}

/// The text up to the closing quote, and what follows that.
fn quoted(inner: &str) -> Result<(Cow<'_, str>, &str), String> {
    let mut from = 0;
    loop {
        let tail = inner.get(from..).unwrap_or_default();
        let at = from + tail.find('"').ok_or("broken CSV: a quote is not closed")?;
        let (text, tail) = inner.split_at(at);
        if tail.starts_with("\"\"") {
            from = at + 2;
            continue;
        }
        let text = match text.contains('"') {
            true => Cow::Owned(text.replace("\"\"", "\"")),
            false => Cow::Borrowed(text),
        };
        return Ok((text, tail.strip_prefix('"').unwrap_or(tail)));
    }
}
