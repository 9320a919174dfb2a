//! A schedule: when events arrive, batches run and things fail, in one line of text.
//!
//! ```text
//! rate 100/s for 10m, late 5% by 30s..5m, batch every 5m takes 90s fails 2, crash seal at 4m, seed 7
//! ```
//!
//! Time is virtual and begins at 0; a schedule and its seed repeat every byte. `docs/schedules.md` lists
//! the clauses.

mod clause;
mod parse;
mod show;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// All that happens in a comparison, on a virtual clock that begins at 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// What all chance follows from.
    pub seed: u64,
    /// The events that arrive, where no input brings its own.
    pub source: Source,
    /// When batches run.
    pub batch: Batch,
    /// How often the speed layer seals what is open.
    pub checkpoint: Duration,
    /// How long a speed half that is a store of its own keeps what it has folded; `None` is for ever.
    pub keep: Option<Duration>,
    /// How long the log keeps records; `None` is for ever. The archive has them all.
    pub retain: Option<Duration>,
    /// How a stream keeps position and state, where it is not Seamline's own.
    pub delivery: Delivery,
    /// When the speed layer dies.
    pub crashes: Vec<Crash>,
    /// How long it is down then.
    pub restart: Duration,
    /// When kappa reads the log again.
    pub replay: Option<Replay>,
    /// How often the question is asked; `None` is ten times, evenly.
    pub ask: Option<Duration>,
}

/// Events that are made, not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Arrivals at an even pace.
    pub rate: Rate,
    /// How long they go on.
    pub span: Duration,
    /// Which share of them happened how long before they arrive; the others happen as they arrive.
    pub late: Vec<Late>,
    /// Events on top of these, within a second.
    pub bursts: Vec<Several>,
    /// Events on top of these that happen and arrive exactly at an instant; no others happen at a
    /// full millisecond.
    pub boundary: Vec<Several>,
    /// Keys that have a share of the events to themselves.
    pub hot: Vec<Hot>,
    /// How many keys there are: `k0`, `k1` and so on.
    pub keys: u32,
    /// How many partitions.
    pub partitions: u32,
    /// Values are from 0 up to this, without it.
    pub values: u32,
    /// How many values are NULL.
    pub nulls: Share,
    /// How many records cannot be read.
    pub broken: Share,
}

/// A share in hundredths of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u32);

/// So many events in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many, at least 1.
    pub events: u32,
    /// In how long: a second, a minute, an hour.
    pub per: Duration,
}

/// A line of the disorder table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// How many events.
    pub share: Share,
    /// They arrive at least so long after they happened.
    pub least: Duration,
    /// They arrive at most so long after they happened.
    pub most: Duration,
}

/// Events at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Several {
    /// How many.
    pub events: u32,
    /// When.
    pub at: Duration,
}

/// A key that has much of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hot {
    /// Its number.
    pub key: u32,
    /// How many events it has.
    pub share: Share,
}

/// Batch runs, numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// When they begin, and read what has arrived.
    pub begins: Begins,
    /// How long after that they land.
    pub takes: Duration,
    /// Runs that die and land nothing.
    pub fails: BTreeSet<u32>,
    /// Runs that land half of what they should have read, if anything lets them.
    pub half: BTreeSet<u32>,
    /// Runs that land so much later.
    pub late: BTreeMap<u32, Duration>,
}

/// When batches begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At every multiple of this, as long as events arrive.
    Every(Duration),
    /// At these instants.
    At(Vec<Duration>),
}

/// How a stream keeps position and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In one write.
    ExactlyOnce,
    /// The state first, then the position.
    AtLeastOnce,
    /// The position first, then the state.
    AtMostOnce,
}

/// Where in its work a speed layer dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// While it folds, between two checkpoints.
    Fold,
    /// Within a checkpoint, between its two writes.
    Seal,
    /// After a checkpoint, before it hears of it.
    Commit,
}

/// The speed layer dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Where in its work.
    pub step: Step,
    /// When.
    pub at: Duration,
}

/// Kappa reads the log again from where it begins, into a second view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// When it begins.
    pub at: Duration,
    /// How fast it reads.
    pub rate: Rate,
    /// Whether it reads the partitions in turns, a chunk of each, or one after the other.
    pub interleaved: bool,
    /// Records in a chunk.
    pub chunk: u32,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            rate: Rate {
                events: 10,
                per: Duration::from_secs(1),
            },
            span: Duration::from_secs(600),
            late: vec![],
            bursts: vec![],
            boundary: vec![],
            hot: vec![],
            keys: 10,
            partitions: 2,
            values: 100,
            nulls: Share(0),
            broken: Share(0),
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            seed: 0,
            source: Source::default(),
            batch: Batch {
                begins: Begins::Every(Duration::from_secs(300)),
                takes: Duration::from_secs(60),
                fails: BTreeSet::new(),
                half: BTreeSet::new(),
                late: BTreeMap::new(),
            },
            checkpoint: Duration::from_secs(10),
            keep: None,
            retain: None,
            delivery: Delivery::ExactlyOnce,
            crashes: vec![],
            restart: Duration::from_secs(5),
            replay: None,
            ask: None,
        }
    }
}

impl Source {
    /// How many events arrive at an even pace.
    pub(crate) fn paced(&self) -> u64 {
        let periods = self.span.as_secs_f64() / self.rate.per.as_secs_f64();
        (periods * f64::from(self.rate.events)).round() as u64
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> u64 {
        let more = self.bursts.iter().chain(&self.boundary);
        self.paced() + more.map(|several| u64::from(several.events)).sum::<u64>()
    }
}

impl Schedule {
    /// The length of the intervals that batch ids and versions count: that between two batches.
    pub fn interval(&self) -> Duration {
        match &self.batch.begins {
            Begins::Every(every) => *every,
            Begins::At(instants) => instants.first().copied().unwrap_or(self.source.span),
        }
    }
}

#[cfg(test)]
mod tests;
