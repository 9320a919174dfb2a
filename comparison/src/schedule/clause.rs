//! A clause of a schedule: its words one after the other.

use super::word::Word;
use crate::error::ComparisonError;

/// The words of a clause that have not been read.
pub(super) struct Clause<'t> {
    rest: std::vec::IntoIter<Word<'t>>,
    last: Word<'t>,
}

impl<'t> Clause<'t> {
    /// A clause; none without words.
    pub(super) fn new(words: Vec<Word<'t>>) -> Option<Self> {
        let last = *words.first()?;
        Some(Self {
            rest: words.into_iter(),
            last,
        })
    }

    /// The next word.
    ///
    /// # Errors
    /// There is none, where `expected` should be.
    pub(super) fn next(&mut self, expected: &str) -> Result<Word<'t>, ComparisonError> {
        let after = self.last;
        let next = self.rest.next().ok_or_else(|| {
            ComparisonError::Schedule(format!(
                "schedule, column {}: {expected} is missing after {:?}",
                after.column + after.text.chars().count(),
                after.text
            ))
        })?;
        self.last = next;
        Ok(next)
    }

    /// The next word, which must be `keyword`.
    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), ComparisonError> {
        let word = self.next(&format!("{keyword:?}"))?;
        match word.text == keyword {
            true => Ok(()),
            false => Err(word.wrong(&format!("{keyword:?}"))),
        }
    }

    /// The next word, if there is one.
    pub(super) fn more(&mut self) -> Option<Word<'t>> {
        let next = self.rest.next()?;
        self.last = next;
        Some(next)
    }

    /// Whether there is a next word, which must be `keyword`.
    pub(super) fn more_is(&mut self, keyword: &str) -> Result<bool, ComparisonError> {
        match self.more() {
            Some(word) if word.text != keyword => Err(word.wrong(&format!("{keyword:?}"))),
            found => Ok(found.is_some()),
        }
    }

    /// Nothing more may come.
    pub(super) fn end(mut self) -> Result<(), ComparisonError> {
        match self.rest.next() {
            Some(word) => Err(word.wrong("expected here: a clause ends with a comma and a space")),
            None => Ok(()),
        }
    }
}
