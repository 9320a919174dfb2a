//! When changes are emitted.

use std::str::FromStr;
use std::time::Duration;

use shared_logic::coverage::Coverage;
use shared_logic::time::EventTime;
use shared_logic::view::View;
use shared_logic::window::Window;

/// When changes are emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emit {
    /// As soon as something is new.
    #[default]
    Checkpoint,
    /// What has changed of a window as soon as no partition is before its end any more; nothing of
    /// other windows.
    Close,
    /// What is new, once in this time.
    Every(Duration),
}

impl FromStr for Emit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let every = |text: &str| {
            Some(Duration::from_millis(
                text.strip_suffix("ms")?.parse().ok()?,
            ))
        };
        match (text, every(text)) {
            ("checkpoint", _) => Ok(Self::Checkpoint),
            ("close", _) => Ok(Self::Close),
            (_, Some(every)) if every > Duration::ZERO => Ok(Self::Every(every)),
            _ => Err(format!(
                "{text:?} is no time to emit: use checkpoint, close, or milliseconds such as 500ms"
            )),
        }
    }
}

impl Emit {
    /// Up to which end windows are in the changelog once `coverage` has been read.
    pub(super) fn until(self, view: &View, coverage: &Coverage) -> EventTime {
        if self != Self::Close {
            return EventTime(i64::MAX);
        }
        // A partition without a record holds nothing back. If its first ones are old, windows open
        // again, and their rows are gone until they have closed.
        let reached = coverage.0.values().filter_map(|span| span.watermark_after);
        let slowest = reached.map(|watermark| watermark.0.0).min();
        EventTime(slowest.map_or(i64::MIN, |slowest| {
            slowest.saturating_sub(view.table.watermark_delay)
        }))
    }

    /// Whether `view` has changes to emit.
    ///
    /// # Errors
    /// Why not.
    pub fn check(self, view: &View) -> Result<(), String> {
        let name = &view.name;
        if view.rows {
            return Err(format!(
                "view {name} shows events, which have no key to be updated by: group them"
            ));
        }
        match (self, view.window) {
            (Self::Close, Window::All) => Err(format!(
                "view {name} has no windows that could close: emit at checkpoints"
            )),
            _ => Ok(()),
        }
    }
}
