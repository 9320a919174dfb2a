//! A measured column: what it holds in the truth, in the refolds, and in the answer.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::error::ArrowError;

use super::LEVELS;
use super::level::{Level, Scale, wide};
use crate::difference::{Equality, equality};
use crate::truth::Answer;

/// A measured column on all sides: the refolds, then the answer.
pub(super) struct Column<'s> {
    pub(super) name: String,
    pub(super) scale: Scale,
    sides: [ArrayRef; 5],
    /// Whether the answer's value is within what the truth says a refold may be off by.
    same: Equality<'s>,
}

impl<'s> Column<'s> {
    /// Column `number`; `same` is the refold of what the answer was made of.
    pub(super) fn new(
        number: usize,
        sides: &[Vec<ArrayRef>],
        same: &'s Answer,
        served: &RecordBatch,
    ) -> Result<Self, ArrowError> {
        let sides = sides
            .iter()
            .filter_map(|columns| columns.get(number).cloned());
        let sides: [ArrayRef; 5] = (sides.collect::<Vec<_>>().try_into())
            .map_err(|_| ArrowError::SchemaError("an answer lacks a column".into()))?;
        let [_, _, _, expected, answer] = &sides;
        let bound = same.bounds.get(number).and_then(Option::as_deref);
        let same = equality(answer, expected, bound)?;
        let mut widened = sides.clone();
        for side in &mut widened {
            *side = wide(side)?;
        }
        Ok(Self {
            name: served.schema().field(number).name().clone(),
            scale: Scale::of(answer.data_type()),
            same,
            sides: widened,
        })
    }

    /// Its values in a group, whose rows are at `place` on each side. What the code makes of the
    /// events is between the last refold and the answer: it is the answer where that is further off
    /// than the measure may be, or is there where the refold is not.
    pub(super) fn levels(&self, place: [Option<usize>; 5]) -> Result<[Level; LEVELS], ArrowError> {
        let mut values = [const { Level::Absent }; 5];
        for ((value, side), row) in values.iter_mut().zip(&self.sides).zip(place) {
            if let Some(row) = row {
                *value = Level::of(side, row)?;
            }
        }
        let [truth, late, missing, double, answer] = values;
        let code = match place {
            [_, _, _, Some(expected), Some(row)] if (self.same)(row, expected) => double.clone(),
            _ => answer.clone(),
        };
        Ok([truth, late, missing, double, code, answer])
    }
}
