//! The rules of the protocol, one by one, each with what goes wrong without it.
//!
//! They are named so that the protocol's test can leave one out and show the harm; everything else
//! keeps them all.

/// One rule of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An owner seals with the epochs it claimed. Else a process that lost a partition without
    /// noticing overtakes the new owner, whose answers go back in time.
    Epoch,
    /// A seal starts where the manifest stands. Else two owners' folds overlap or leave a hole.
    Next,
    /// A segment that is sealed does not straddle the pin. Else the landing counts a part twice.
    SealAtPin,
    /// A compaction does not straddle the pin. Else the same.
    CompactAtPin,
    /// A pin lies where no named segment straddles it. Else the same.
    PinBetween,
    /// A landing's pin is still there. Else it replaces segments below a cut that compaction has
    /// crossed since.
    PinHeld,
    /// A landing read as many records as the segments that it replaces. Else an archive that lost
    /// a record goes unnoticed.
    Records,
    /// What a compaction replaces is still named. Else it comes back beside its replacement.
    Named,
    /// After an edit each generation still tiles, watermarks included. Else a log whose prefix
    /// has changed goes unnoticed.
    Tiles,
    /// A segment that is added has a base at or above the floor. Else gc may have deleted it.
    Base,
    /// After its create a writer lists, and has failed if its manifest is below the floor. Else a
    /// sleeper that fills a number which gc has freed takes itself for successful.
    Confirmed,
    /// Whoever reads the newest manifest lists again afterwards. Else it may read what such a
    /// sleeper wrote after the first list.
    ListedAgain,
    /// Whoever reads a manifest by number checks that it is not below the floor. Else it may read
    /// what such a sleeper wrote.
    Genuine,
    /// gc deletes only below a floor that a manifest says. Else an edit under way names a segment
    /// that is gone.
    FloorFirst,
    /// The floor never falls. Else the same.
    FloorRises,
    /// gc keeps what any manifest from the floor on names. Else a mark's segments are gone.
    NamedByAny,
    /// Marks hold the floor back. Else a mark's manifest is gone.
    MarksHold,
    /// A mark is not set below the floor. Else it marks a manifest that is gone.
    MarkKept,
    /// Cutting over waits until the target has caught up. Else the answer goes back in time.
    CaughtUp,
    /// Rolling back, too.
    NotBehind,
    /// A rollback leaves the generation that was live when it was asked for. Else, after a rival's
    /// swap, it goes to a generation that nobody meant.
    SameLive,
    /// The live generation cannot be dropped. Else nothing answers.
    KeepLive,
    /// The number of a generation is never given again. Else a sealer of a dropped generation adds
    /// its rows to one of other logic.
    FreshGeneration,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Epoch,
        Self::Next,
        Self::SealAtPin,
        Self::CompactAtPin,
        Self::PinBetween,
        Self::PinHeld,
        Self::Records,
        Self::Named,
        Self::Tiles,
        Self::Base,
        Self::Confirmed,
        Self::ListedAgain,
        Self::Genuine,
        Self::FloorFirst,
        Self::FloorRises,
        Self::NamedByAny,
        Self::MarksHold,
        Self::MarkKept,
        Self::CaughtUp,
        Self::NotBehind,
        Self::SameLive,
        Self::KeepLive,
        Self::FreshGeneration,
    ];
}

/// The rules in force: all, except in the test that shows what each is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    left_out: u32,
}

impl Rules {
    /// All rules but these.
    #[doc(hidden)]
    pub fn without(rules: &[Rule]) -> Self {
        Self {
            left_out: rules.iter().fold(0, |set, rule| set | (1 << *rule as u32)),
        }
    }

    /// Whether `rule` is in force.
    pub(crate) fn keep(self, rule: Rule) -> bool {
        self.left_out & (1 << rule as u32) == 0
    }

    /// Whether `rule` is broken by a state of affairs in which it should be that `fact`.
    pub(crate) fn broken(self, rule: Rule, fact: bool) -> bool {
        !fact && self.keep(rule)
    }
}
