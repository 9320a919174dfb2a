//! Which events a half of a lambda takes, besides its offset ranges.

use crate::time::EventTime;

/// A predicate on event time. Production folds admit all; seam rules that cut by event time do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Every event.
    #[default]
    All,
    /// Events before the boundary.
    Before(EventTime),
    /// Events before or at the boundary.
    UpTo(EventTime),
    /// Events at or after the boundary.
    From(EventTime),
    /// Events after the boundary.
    After(EventTime),
}

impl Admission {
    /// Whether an event at `time` is taken.
    #[inline]
    pub fn takes(&self, time: EventTime) -> bool {
        match *self {
            Self::All => true,
            Self::Before(boundary) => time < boundary,
            Self::UpTo(boundary) => time <= boundary,
            Self::From(boundary) => time >= boundary,
            Self::After(boundary) => time > boundary,
        }
    }
}
