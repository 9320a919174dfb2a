//! When an event is too late, and who says so.

use std::fmt;

use crate::time::{EventTime, Watermark};
use crate::window::Window;

/// Which layers leave late events out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Late {
    /// Both: the view is without them, however it is computed.
    View,
    /// The speed layer; a batch run counts them, so that a landing corrects the view.
    SpeedOnly,
}

/// How long after its windows have ended an event still counts.
///
/// An event is late iff, for the last window that its slice belongs to, end plus `allowed` is at or
/// below the watermark of its own partition just before it; a session is judged by
/// `[time, time + gap)` alone. That watermark depends on nothing but the partition's records before
/// it, so every layer and every replay judges alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lateness {
    /// How far the watermark may be beyond a window's end, in microseconds; not negative.
    pub allowed: i64,
    /// Who leaves late events out.
    pub late: Late,
    /// How far the watermark stays behind the greatest event time, in microseconds.
    pub delay: i64,
}

impl Lateness {
    /// Whether an event at `time` comes too late where the greatest event time of its partition's
    /// earlier records is `reached`.
    pub fn is_late(&self, window: Window, time: EventTime, reached: Option<Watermark>) -> bool {
        let (Some(reached), Some(end)) = (reached, window.last_end(time)) else {
            return false;
        };
        // In 128 bits: at the ends of time nothing may wrap or saturate into being late.
        let watermark = i128::from(reached.0.0) - i128::from(self.delay);
        i128::from(end.0) + i128::from(self.allowed) <= watermark
    }
}

impl fmt::Display for Late {
    /// As it is written in `WITH (late = …)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::View => "view",
            Self::SpeedOnly => "speed-only",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_are_named_as_in_sql() {
        assert_eq!(Late::View.to_string(), "view");
        assert_eq!(Late::SpeedOnly.to_string(), "speed-only");
    }

    #[test]
    fn an_event_is_late_from_the_instant_on_that_its_window_is_closed() {
        let lateness = Lateness {
            allowed: 5,
            late: Late::View,
            delay: 2,
        };
        let window = Window::Tumble {
            size: 10,
            offset: 0,
        };
        let late =
            |reached| lateness.is_late(window, EventTime(3), Some(Watermark(EventTime(reached))));
        assert!(!late(16));
        assert!(late(17));
        assert!(!lateness.is_late(window, EventTime(3), None));
        let sessions = Window::Session { gap: 1 };
        let reached = Some(Watermark(EventTime(11)));
        assert!(lateness.is_late(sessions, EventTime(3), reached));
        assert!(!lateness.is_late(Window::All, EventTime(3), reached));
    }
}
