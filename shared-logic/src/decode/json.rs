//! Records that are one JSON object each.

use arrow::array::Array;

use super::column::Column;
use super::scan::{Broken, object};
use super::token::Token;
use super::{Fault, Rows, Wanted};

/// Decodes every value into `columns`, one for each of `wanted`.
pub(super) fn decode(
    rows: Rows,
    wanted: &[Wanted],
    columns: &mut [Column],
    faults: &mut Vec<Fault>,
) {
    let mut slots = vec![Token::Null; wanted.len()];
    for row in 0..rows.values.len() {
        match record(&rows, row, wanted, &mut slots) {
            Ok(()) => {
                for ((column, token), wanted) in columns.iter_mut().zip(&slots).zip(wanted) {
                    if let Err(reason) = column.push(token) {
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

/// Puts the values of one record into `slots`; all of the record is checked before any is used.
#[inline]
fn record<'a>(
    rows: &Rows<'a>,
    row: usize,
    wanted: &[Wanted],
    slots: &mut [Token<'a>],
) -> Result<(), String> {
    let text = rows.text(row)?;
    slots.fill(Token::Null);
    // Fields mostly come in the same order, so the search goes on behind the last one found.
    let mut next = 0;
    object(text, |name, value| {
        let name = name.plain();
        let (before, after) = wanted.split_at(next);
        let found = (after.iter().position(|column| column.name == *name))
            .map(|at| next + at)
            .or_else(|| before.iter().position(|column| column.name == *name));
        if let Some(at) = found {
            next = at + 1;
            if let Some(slot) = slots.get_mut(at) {
                *slot = value;
            }
        }
    })
    .map_err(|Broken { at, expected }| format!("broken JSON: expected {expected} at byte {at}"))
}
