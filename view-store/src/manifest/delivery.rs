//! What a crash may do to the events of a generation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a generation is fed.
///
/// Under [`ExactlyOnce`](Self::ExactlyOnce) the offsets of the manifest are the log's. Under the
/// other two they count what was *delivered*: the position in the log is a consumer group's, and a
/// crash between the two moves one without the other. What was delivered is folded as it came and
/// tiles like anything else; it is merely no longer the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// State and position become durable in one write: nothing is lost and nothing doubled.
    #[default]
    ExactlyOnce,
    /// State first, then position: a crash in between delivers again.
    AtLeastOnce,
    /// Position first, then state: a crash in between loses.
    AtMostOnce,
}

impl Delivery {
    /// Whether offsets are the log's.
    pub fn is_exact(&self) -> bool {
        *self == Self::ExactlyOnce
    }

    /// What an answer may be, in a few words; nothing where it is the truth.
    pub fn doubt(self) -> Option<&'static str> {
        match self {
            Self::ExactlyOnce => None,
            Self::AtLeastOnce => Some("may count events twice"),
            Self::AtMostOnce => Some("may have lost events"),
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExactlyOnce => "exactly-once",
            Self::AtLeastOnce => "at-least-once",
            Self::AtMostOnce => "at-most-once",
        })
    }
}
