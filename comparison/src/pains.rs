//! The pains of both architectures, as lessons: a story, one knob, an answer that is known in advance.
//!
//! Each pain plays schedules on the layers' own code and compares what the independent truth finds with
//! what a formula or a plain loop says beforehand. A claim that does not hold is a failure of the lesson.

mod check;
mod k1;
mod k2;
mod k3;
mod k4;
mod k5;
mod l1;
mod l2;
mod l3;
mod l4;
mod l5;
mod l6;
mod l7;
mod l8;
mod lab;
mod lesson;
mod staged;

use crate::error::ComparisonError;

pub use check::{Answers, CheckError, check};
pub use lab::{lab, shown};
pub use lesson::Lesson;
pub use staged::Measured;

/// A lesson that can be run.
#[derive(Debug)]
pub struct Pain {
    /// L1 to L8 for Lambda, K1 to K5 for Kappa.
    pub id: &'static str,
    /// Its text, in Markdown.
    text: &'static str,
    /// What is turned.
    pub knob: &'static str,
    /// The positions of the knob.
    pub positions: &'static [&'static str],
    /// What the figures of its claims are, with their unit.
    pub unit: &'static str,
    run: fn(usize) -> Result<Position, ComparisonError>,
    check: fn(&Answers) -> Result<Vec<Claim>, CheckError>,
}

/// What happens at one position of the knob.
#[derive(Clone, Debug)]
pub struct Position {
    /// The position.
    pub knob: String,
    /// The schedule that was played, which repeats every byte of it.
    pub schedule: String,
    /// Who played, and what came of it.
    pub lines: Vec<Measured>,
    /// What was known before, and what was found.
    pub claims: Vec<Claim>,
}

/// A figure that is known in advance.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What of.
    pub of: String,
    /// What a formula or a plain loop says.
    pub known: f64,
    /// What was found.
    pub found: f64,
    /// How far both may be apart.
    pub within: f64,
}

/// All pains, in the order of the lessons.
pub const ALL: [&Pain; 13] = [
    &l1::PAIN,
    &l2::PAIN,
    &l3::PAIN,
    &l4::PAIN,
    &l5::PAIN,
    &l6::PAIN,
    &l7::PAIN,
    &l8::PAIN,
    &k1::PAIN,
    &k2::PAIN,
    &k3::PAIN,
    &k4::PAIN,
    &k5::PAIN,
];

/// The pain with this name, in any case of letters.
pub fn find(id: &str) -> Option<&'static Pain> {
    ALL.into_iter()
        .find(|pain| pain.id.eq_ignore_ascii_case(id))
}

impl Pain {
    /// Its text, in parts.
    pub fn lesson(&self) -> Lesson {
        Lesson::parse(self.text)
    }

    /// Turns the knob through all positions.
    ///
    /// # Errors
    /// An architecture fails; a claim that does not hold is no error.
    pub fn run(&self) -> Result<Vec<Position>, ComparisonError> {
        (0..self.positions.len()).map(self.run).collect()
    }
}

impl Position {
    /// Whether all is as it was known.
    pub fn holds(&self) -> bool {
        self.claims.iter().all(Claim::holds)
    }
}

impl Claim {
    /// A figure that must be found exactly.
    pub(crate) fn exact(
        of: impl Into<String>,
        known: impl Into<f64>,
        found: impl Into<f64>,
    ) -> Self {
        Self {
            of: of.into(),
            known: known.into(),
            found: found.into(),
            within: 0.0,
        }
    }

    /// A number of events that must be found exactly.
    pub(crate) fn events(of: impl Into<String>, known: u64, found: u64) -> Self {
        Self::exact(of, known as f64, found as f64)
    }

    /// A figure that must be found within `within`.
    pub(crate) fn about(of: impl Into<String>, known: f64, found: f64, within: f64) -> Self {
        Self {
            within,
            ..Self::exact(of, known, found)
        }
    }

    /// Whether it was found.
    pub fn holds(&self) -> bool {
        (self.known - self.found).abs() <= self.within
            || (self.known.is_infinite() && self.known == self.found)
    }
}

#[cfg(test)]
mod tests;
