//! What splitting and merging does to the value of a measure.

use std::fmt;

/// How the value of a measure behaves when the events are split and the parts are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algebra {
    /// The right value, and the same one however the events were split.
    Exact,
    /// An approximate value within a stated error of the right one, and the same one however the
    /// events were split.
    Canonical,
    /// A value that may differ between two ways to split, within a stated tolerance.
    Bounded,
}

impl fmt::Display for Algebra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Canonical => "canonical",
            Self::Bounded => "bounded",
        })
    }
}
