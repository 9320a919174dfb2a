//! How much a column is off.

use std::fmt;

/// A signed error, in the unit of its column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A whole number, and how many of its digits are behind the point.
    Whole(i128, i8),
    /// A float.
    Real(f64),
    /// How many values were changed, where they cannot be subtracted.
    Changes(u64),
}

impl Amount {
    /// Nothing of the same kind.
    pub(super) fn zero(&self) -> Self {
        match self {
            Self::Whole(_, scale) => Self::Whole(0, *scale),
            Self::Real(_) => Self::Real(0.0),
            Self::Changes(_) => Self::Changes(0),
        }
    }

    /// Adds another of the same kind.
    pub(super) fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Whole(sum, _), Self::Whole(value, _)) => *sum = sum.wrapping_add(value),
            (Self::Real(sum), Self::Real(value)) => *sum += value,
            (Self::Changes(sum), Self::Changes(value)) => *sum += value,
            _ => {}
        }
    }

    /// As a float, for plots; changes are counted.
    pub fn value(&self) -> f64 {
        match self {
            Self::Whole(value, scale) => *value as f64 / 10_f64.powi(i32::from(*scale)),
            Self::Real(value) => *value,
            Self::Changes(value) => *value as f64,
        }
    }

    /// How large it is.
    pub fn size(&self) -> f64 {
        self.value().abs()
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.value() == 0.0
    }

    /// Whether the two are one: exactly, or for floats within what their sums lose of `whole`. Values
    /// that cannot be subtracted may change at several steps, and back.
    pub(super) fn equals(&self, other: &Self, whole: f64) -> bool {
        match (self, other) {
            (Self::Whole(one, _), Self::Whole(other, _)) => one == other,
            (Self::Real(one), Self::Real(other)) => {
                (one - other).abs() <= 1e-6 * (1.0 + whole + one.abs())
            }
            (Self::Changes(steps), Self::Changes(net)) => steps >= net,
            _ => false,
        }
    }
}

impl fmt::Display for Amount {
    /// Signed; nothing is `0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(0, _) => f.write_str("0"),
            Self::Whole(value, 0) => write!(f, "{value:+}"),
            Self::Whole(..) => write!(f, "{:+}", self.value()),
            Self::Real(value) if *value == 0.0 => f.write_str("0"),
            Self::Real(value) => write!(f, "{value:+.6}"),
            Self::Changes(value) => write!(f, "{value} changed"),
        }
    }
}
