//! Seam rules: how a lambda divides the events between its two halves.

mod batch_id;
mod event_time;
mod offset;
mod restart_at_latest;
mod version;

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::error::ComparisonError;
use crate::halves::Halves;
use crate::seam::Seam;

use self::batch_id::BatchId;
use self::event_time::{EventTimes, Signs};
use self::offset::AtOffset;
use self::restart_at_latest::RestartAtLatest;
use self::version::Version;

/// What a seam rule says. All rules run on the layers' own code: a rule decides which ranges of
/// offsets each half reads and which events of them it admits, and nothing else.
pub trait SeamRule: Sync {
    /// As it is written and parsed.
    fn name(&self) -> &'static str;

    /// Systems that divide like this.
    fn seen_in(&self) -> &'static str;

    /// One sentence on why the answer is right or wrong under this rule.
    fn why(&self) -> &'static str;

    /// What each half takes.
    fn halves(&self, seam: &Seam) -> Halves;

    /// How a landing takes over from the speed layer.
    fn handover(&self) -> Handover {
        Handover::Apart
    }
}

/// How a landing takes over from the speed layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// In one write: a run that dies has changed nothing, what the speed layer has folded stays until
    /// a landing replaces it, and its position is kept with its state.
    OneWrite,
    /// The two halves are stores that do not know each other: half a batch may be served, the speed
    /// half is read from the log again at each landing, and is dropped when it has grown old.
    Apart,
}

/// A seam rule, one of [`Rule::ALL`].
#[derive(Clone, Copy)]
pub struct Rule(&'static dyn SeamRule);

impl Rule {
    /// Below the cut's offset batch, from it on speed; exact by construction.
    pub const OFFSET: Self = Self(&AtOffset);

    /// The speed layer starts at the newest record when the batch lands.
    pub const RESTART_AT_LATEST: Self = Self(&RestartAtLatest);

    /// The newest batch has the intervals that it covers.
    pub const VERSION: Self = Self(&Version);

    /// All rules, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::OFFSET,
        Self(&EventTimes(Signs::UpToAfter)),
        Self(&EventTimes(Signs::BeforeFrom)),
        Self(&EventTimes(Signs::UpToFrom)),
        Self(&EventTimes(Signs::BeforeAfter)),
        Self(&EventTimes(Signs::MillisecondLater)),
        Self(&EventTimes(Signs::DayEarlier)),
        Self(&BatchId { inclusive: false }),
        Self(&BatchId { inclusive: true }),
        Self::VERSION,
        Self::RESTART_AT_LATEST,
    ];
}

impl Deref for Rule {
    type Target = dyn SeamRule;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Rule {}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.name())
    }
}

impl FromStr for Rule {
    type Err = ComparisonError;

    fn from_str(text: &str) -> Result<Self, ComparisonError> {
        let wanted = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = Self::ALL.into_iter().find(|rule| rule.name() == wanted);
        found.ok_or_else(|| {
            let names = Self::ALL
                .map(|rule| format!("{:?}", rule.name()))
                .join(", ");
            ComparisonError::Choice(format!("there is no seam rule {text:?}, only {names}"))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_read_by_its_name_and_others_are_told_which_there_are() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse::<Rule>().unwrap(), rule);
        }
        let error = "event-time =".parse::<Rule>().unwrap_err().to_string();
        assert!(!error.contains('\n'));
        for rule in Rule::ALL {
            assert!(error.contains(rule.name()), "{error}");
        }
    }
}
