//! Records that are one JSON object each.

use arrow::array::Array;

use super::column::Column;
use super::scan::{self, Broken, object};
use super::token::{Text, Token};
use super::{Fault, Rows, Wanted};

/// Decodes every value into `columns`, one for each of `wanted`.
pub(super) fn decode(
    rows: Rows,
    wanted: &[Wanted],
    columns: &mut [Column],
    faults: &mut Vec<Fault>,
) {
    let mut fields = Fields {
        wanted,
        order: Vec::new(),
        column: None,
        values: vec![Token::Null; wanted.len()],
    };
    for row in 0..rows.values.len() {
        match rows.text(row).and_then(|text| fields.read(text)) {
            Ok(()) => {
                for ((column, token), wanted) in columns.iter_mut().zip(&fields.values).zip(wanted)
                {
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

/// The fields of one record after the other.
struct Fields<'w, 'a> {
    wanted: &'w [Wanted],
    /// The texts before the values by position, as last seen there, and which column each is.
    order: Vec<(&'a str, Option<usize>)>,
    /// The column of the field whose name was told last.
    column: Option<usize>,
    /// The values of the columns wanted.
    values: Vec<Token<'a>>,
}

impl<'a> Fields<'_, 'a> {
    /// Reads one record; all of it is checked before any value is used.
    #[inline]
    fn read(&mut self, text: &'a str) -> Result<(), String> {
        self.values.fill(Token::Null);
        object(text, self).map_err(|Broken { at, expected }| {
            format!("broken JSON: expected {expected} at byte {at}")
        })
    }
}

impl<'a> scan::Fields<'a> for Fields<'_, 'a> {
    #[inline]
    fn known(&self, position: usize) -> Option<&'a str> {
        self.order.get(position).map(|(text, _)| *text)
    }

    #[cold]
    fn name(&mut self, position: usize, name: Text<'a>, text: &'a str) {
        let plain = name.plain();
        let column = self.wanted.iter().position(|wanted| wanted.name == plain);
        match self.order.get_mut(position) {
            Some(known) => *known = (text, column),
            // No single record may grow this without bound.
            None if position < 1000 => self.order.push((text, column)),
            None => {}
        }
        self.column = column;
    }

    #[inline]
    fn value(&mut self, position: usize, value: Token<'a>) {
        let column = match self.order.get(position) {
            Some((_, column)) => *column,
            None => self.column,
        };
        if let Some(slot) = column.and_then(|column| self.values.get_mut(column)) {
            *slot = value;
        }
    }
}
