//! Records that are one JSON object each.

use arrow::array::Array;

use super::column::Column;
use super::scan::{Broken, object};
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
    /// The names of the fields by their position, as last seen there, and which column each is.
    /// Producers mostly keep one order, so one comparison a field finds it.
    order: Vec<(Text<'a>, Option<usize>)>,
    /// The values of the columns wanted.
    values: Vec<Token<'a>>,
}

impl<'a> Fields<'_, 'a> {
    /// Reads one record; all of it is checked before any value is used.
    #[inline]
    fn read(&mut self, text: &'a str) -> Result<(), String> {
        self.values.fill(Token::Null);
        let mut position = 0;
        object(text, |name, value| {
            if let Some(at) = self.column(position, name)
                && let Some(slot) = self.values.get_mut(at)
            {
                *slot = value;
            }
            position += 1;
        })
        .map_err(|Broken { at, expected }| format!("broken JSON: expected {expected} at byte {at}"))
    }

    #[inline]
    fn column(&mut self, position: usize, name: Text<'a>) -> Option<usize> {
        match self.order.get_mut(position) {
            Some((known, column)) if *known == name => *column,
            known => {
                let plain = name.plain();
                let column = self.wanted.iter().position(|wanted| wanted.name == plain);
                match known {
                    Some(known) => *known = (name, column),
                    // No single record may grow this without bound.
                    None if position < 1000 => self.order.push((name, column)),
                    None => {}
                }
                column
            }
        }
    }
}
