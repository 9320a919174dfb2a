//! How event time is cut into windows, and windows into the slices that a fold keeps.
//!
//! An event is folded once, into its slice; what windows overlap on is put together when they are
//! read. A tumbling window is one slice, a hopping window several, a cumulating one the slices from
//! its start. A session is found in the data and has no slices.

use std::fmt;

use crate::time::EventTime;

/// The column that holds a window's start.
pub(crate) const WINDOW_START: &str = "window_start";
/// The column that holds a window's end.
pub(crate) const WINDOW_END: &str = "window_end";

/// How many windows an event may be in.
pub(crate) const MOST_WINDOWS: i64 = 10_000;

/// The windows of a view; all lengths are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// None: one group a key over all time.
    All,
    /// Side by side: `[start, start + size)`, aligned to 1970 plus `offset`.
    Tumble {
        /// The length of a window; positive.
        size: i64,
        /// How far window starts are moved from 1970; in `[0, size)`.
        offset: i64,
    },
    /// One window of `size` starts every `slide`.
    Hop {
        /// The length of a window; positive.
        size: i64,
        /// From one window's start to the next; positive and at most `size`.
        slide: i64,
        /// How far window starts are moved from 1970; in `[0, slide)`.
        offset: i64,
    },
    /// Windows that share a start and end one `step` apart, up to `size`.
    Cumulate {
        /// The length of the longest window; a multiple of `step`.
        size: i64,
        /// From one window's end to the next; positive.
        step: i64,
        /// How far window starts are moved from 1970; in `[0, size)`.
        offset: i64,
    },
    /// From the first to the last of events that are at most `gap` apart, plus `gap`.
    Session {
        /// The longest pause within a session; positive.
        gap: i64,
    },
}

/// The start of one slice and the first instant after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its first instant.
    pub start: EventTime,
    /// The first instant after it.
    pub end: EventTime,
}

impl Window {
    /// The slice that `time` falls into; floors, also before 1970. All time is one slice, which
    /// starts at 1970 by convention; an event of a session stands for `[time, time + gap)`.
    ///
    /// `None` where one of the slice's windows is outside the number range.
    pub fn slice(&self, time: EventTime) -> Option<Slice> {
        let (width, offset) = match (self.grid(), *self) {
            (Some(grid), _) => grid,
            (None, Self::Session { gap }) => {
                return Some(Slice {
                    start: time,
                    end: EventTime(time.0.checked_add(gap)?),
                });
            }
            (None, _) => {
                return Some(Slice {
                    start: EventTime(0),
                    end: EventTime(i64::MAX),
                });
            }
        };
        let start = floor(time.0, width, offset)?;
        match *self {
            Self::Hop {
                size,
                slide,
                offset,
            } => {
                let last = floor(start, slide, offset)?;
                last.checked_sub(earlier(start - last, size, slide) * slide)?;
                last.checked_add(size)?;
            }
            Self::Cumulate { size, offset, .. } => {
                floor(start, size, offset)?.checked_add(size)?;
            }
            _ => {}
        }
        Some(Slice {
            start: EventTime(start),
            end: EventTime(start.checked_add(width)?),
        })
    }

    /// How long slices are and how far their starts are moved from 1970, both in microseconds;
    /// `None` where time is not cut into slices.
    pub fn grid(&self) -> Option<(i64, i64)> {
        match *self {
            Self::All | Self::Session { .. } => None,
            Self::Tumble { size, offset } => Some((size, offset)),
            Self::Hop {
                size,
                slide,
                offset,
            } => Some((gcd(size, slide), offset)),
            Self::Cumulate { step, offset, .. } => Some((step, offset)),
        }
    }

    /// The windows, start and end, that the slice at `start` is part of, in order; none for
    /// sessions, and for a view without windows one whose bounds mean nothing.
    pub fn windows(&self, start: EventTime) -> Vec<(EventTime, EventTime)> {
        let window = |from: i64, to: i64| (EventTime(from), EventTime(to));
        match *self {
            Self::Session { .. } => vec![],
            Self::All => vec![(start, EventTime(i64::MAX))],
            Self::Tumble { size, .. } => vec![window(start.0, start.0.saturating_add(size))],
            Self::Hop {
                size,
                slide,
                offset,
            } => {
                let Some(last) = floor(start.0, slide, offset) else {
                    return vec![];
                };
                let starts = (0..=earlier(start.0 - last, size, slide)).rev();
                starts
                    .map(|back| last.saturating_sub(back.saturating_mul(slide)))
                    .map(|first| window(first, first.saturating_add(size)))
                    .collect()
            }
            Self::Cumulate { size, step, offset } => {
                let Some(first) = floor(start.0, size, offset) else {
                    return vec![];
                };
                let passed = (start.0.saturating_sub(first)).div_euclid(step);
                let steps = passed + 1..=size.div_euclid(step);
                steps
                    .map(|steps| window(first, first.saturating_add(steps.saturating_mul(step))))
                    .collect()
            }
        }
    }

    /// When the last window ends that an event at `time` belongs to: a session as if it were alone.
    /// `None` where that never is.
    pub fn last_end(&self, time: EventTime) -> Option<EventTime> {
        match *self {
            Self::Session { gap } => Some(EventTime(time.0.saturating_add(gap))),
            _ => {
                let slice = self.slice(time)?;
                self.windows(slice.start).last().map(|(_, end)| *end)
            }
        }
    }

    /// How many windows at most a slice is part of.
    pub fn overlap(&self) -> i64 {
        match *self {
            Self::All | Self::Tumble { .. } | Self::Session { .. } => 1,
            Self::Hop { size, slide, .. } => size / slide + i64::from(size % slide != 0),
            Self::Cumulate { size, step, .. } => size / step,
        }
    }

    /// Whether a group of a fold is a window as it stands.
    pub fn is_slice(&self) -> bool {
        matches!(self, Self::All | Self::Tumble { .. })
    }
}

impl fmt::Display for Window {
    /// The text that fingerprints hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::All => f.write_str("all"),
            Self::Tumble { size, offset } => write!(f, "tumble {size} offset {offset}"),
            Self::Hop {
                size,
                slide,
                offset,
            } => write!(f, "hop {size} every {slide} offset {offset}"),
            Self::Cumulate { size, step, offset } => {
                write!(f, "cumulate {size} by {step} offset {offset}")
            }
            Self::Session { gap } => write!(f, "session {gap}"),
        }
    }
}

/// The greatest number at or below `time` that is `offset` plus a multiple of `width`.
fn floor(time: i64, width: i64, offset: i64) -> Option<i64> {
    // Remainders first: `time - offset` may be outside of the number range where this is not.
    let into = time.checked_rem_euclid(width)? - offset.checked_rem_euclid(width)?;
    time.checked_sub(if into < 0 { into + width } else { into })
}

/// How many hopping windows besides the last one hold a slice that begins `into` the last one.
fn earlier(into: i64, size: i64, slide: i64) -> i64 {
    (size - 1 - into).div_euclid(slide)
}

/// Euclid's greatest common divisor of two positive numbers.
fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;
