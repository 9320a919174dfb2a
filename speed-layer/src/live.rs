//! The speed layer as an application: it follows a topic for as long as it is let.
//!
//! ```text
//!   poll ▸ fold ▸ publish ▸ seal ▸ group commit ▸ downstream ▸ poll …
//! ```
//!
//! One [`step`](Live::step) is one turn of this loop. Everything outside comes in as a [`Ports`]
//! argument or is the job's store, so a test can stop the world at any of them. What a crash leaves
//! is what the manifest says: a partition is claimed and taken up where it stands.

mod checkpoint;
mod group;
mod offsets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_log::tail::{Tail, TailEvent};
use rayon::prelude::*;
use shared_logic::chunk::Chunk;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use shared_logic::partial::{Counters, Partial};
use shared_logic::view::View;
use view_store::error::Error;
use view_store::job::JobStore;
use view_store::job::own::Ownership;
use view_store::manifest::{Delivery, GenerationId, Manifest, ManifestNumber};
use view_store::open_fold::{OpenFold, Published};

use crate::clock::Clock;
use crate::downstream::{Advance, Downstream};
use crate::error::SpeedError;
use crate::lane::{Lane, stack};
use crate::sealing::Sealing;
use crate::watch::{Event, Watch};
use offsets::Group;

/// The longest that a step waits for something to happen.
const PATIENCE: Duration = Duration::from_millis(100);

/// How often it is told where things stand, the newest manifest is read, and a store that could not
/// be reached is tried again.
const ROUND: Duration = Duration::from_secs(1);

/// How to follow.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a record that was folded may be invisible; longer where publishing would otherwise
    /// take more than a fifth of the time.
    pub publish_every: Duration,
    /// Offsets of one partition after which the open fold is sealed.
    pub checkpoint_every: u64,
    /// How long a record may be unsealed.
    pub checkpoint_within: Duration,
    /// What a crash may do to events.
    pub delivery: Delivery,
    /// Whether a record that cannot be read ends the run.
    pub strict: bool,
    /// Whether checkpoints are made on a thread of their own while folding goes on.
    pub seal_aside: bool,
    /// From so many records of one poll on they are folded while the next are polled: who is that
    /// far behind gains more by using both cores than by seeing these records a moment earlier.
    pub ahead_from: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            publish_every: Duration::from_millis(5),
            checkpoint_every: 1_048_576,
            checkpoint_within: Duration::from_secs(10),
            delivery: Delivery::ExactlyOnce,
            strict: false,
            seal_aside: true,
            ahead_from: 16_384,
        }
    }
}

/// All that a live speed layer has to do with, apart from its store.
pub struct Ports {
    /// Where records come from.
    pub tail: Box<dyn Tail>,
    /// Who is told of each new snapshot.
    pub downstream: Box<dyn Downstream>,
    /// Who is told how it goes.
    pub watch: Box<dyn Watch>,
    /// The time.
    pub clock: Box<dyn Clock>,
}

/// A speed layer that follows one topic into one generation of a job.
pub struct Live {
    view: Arc<View>,
    job: JobStore,
    generation: GenerationId,
    options: Options,
    ports: Ports,
    ownership: Ownership,
    /// Partitions that are assigned and not claimed, as the store could not be reached.
    unclaimed: BTreeSet<TopicPartition>,
    /// What is followed; a partition that is owned and has no lane is begun in the next step.
    lanes: BTreeMap<TopicPartition, Lane>,
    /// Records that are folded during the next poll.
    ahead: Vec<Chunk>,
    /// Whether the last poll brought all that there was.
    keeps_up: bool,
    open: OpenFold,
    sealing: Option<Sealing>,
    /// Up to where runs are on their way into a segment.
    frozen: OffsetVector,
    due: Due,
    /// Why the store cannot be reached.
    outage: Option<String>,
    group: Group,
    /// What the downstream was told last.
    told: Told,
}

/// When what is to be done next.
#[derive(Debug, Default)]
struct Due {
    publish: Duration,
    seal: Duration,
    refresh: Duration,
    claim: Duration,
    begin: Duration,
    tell: Duration,
    standing: Duration,
    /// Whether segments may be worth to be merged.
    compact: bool,
}

#[derive(Debug, Default)]
struct Told {
    manifest: ManifestNumber,
    /// Whether there is something new to tell.
    stale: bool,
    /// What was folded since.
    fresh: Vec<Partial>,
}

impl Live {
    /// A speed layer that owns nothing yet.
    ///
    /// # Errors
    /// The store cannot be read, the generation is gone, or it was fed in another way.
    pub fn new(
        view: &Arc<View>,
        job: &JobStore,
        generation: GenerationId,
        options: Options,
        ports: Ports,
    ) -> Result<Self, SpeedError> {
        job.deliver(generation, options.delivery)?;
        let manifest = job.manifest()?;
        Ok(Self {
            view: Arc::clone(view),
            job: job.clone(),
            generation,
            options,
            ports,
            ownership: Ownership {
                generation,
                epochs: BTreeMap::new(),
                manifest: Arc::clone(&manifest),
            },
            unclaimed: BTreeSet::new(),
            lanes: BTreeMap::new(),
            ahead: Vec::new(),
            keeps_up: false,
            open: OpenFold::new(manifest, generation)?,
            sealing: None,
            frozen: OffsetVector::default(),
            due: Due::default(),
            outage: None,
            group: Group::default(),
            told: Told::default(),
        })
    }

    /// The readers' end of the open fold.
    pub fn published(&self) -> Published {
        self.open.published()
    }

    /// What this process owns.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// Follows until `stop` is set, then seals what is open and leaves.
    ///
    /// # Errors
    /// Those of [`step`](Self::step) and [`stop`](Self::stop).
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), SpeedError> {
        while !stop.load(Ordering::Relaxed) {
            self.step()?;
        }
        self.stop()
    }

    /// One turn of the loop: waits a moment for something to happen and deals with it.
    ///
    /// # Errors
    /// The topic is gone or has lost what comes next, records cannot be folded, another process has
    /// claimed a partition of this one ([`SpeedError::Fenced`]), the store is damaged, or the
    /// downstream cannot go on. What the manifest says stays, and a new process goes on from there.
    pub fn step(&mut self) -> Result<(), SpeedError> {
        let mut chunks = Vec::new();
        for event in self.poll()? {
            match event {
                TailEvent::Records(chunk) => chunks.push(chunk),
                news => {
                    self.fold(std::mem::take(&mut chunks))?;
                    self.news(news)?;
                }
            }
        }
        let records: usize = chunks.iter().map(Chunk::rows).sum();
        self.keeps_up = records < self.options.ahead_from;
        match records >= self.options.ahead_from {
            // What no lane waits for now must not meet one that begins elsewhere.
            true => {
                chunks.retain(|chunk| self.lanes.contains_key(&chunk.place));
                self.ahead = chunks;
            }
            false => self.fold(chunks)?,
        }
        // Only now is known what stays, and what was polled before a beginning is folded or dropped.
        self.claim()?;
        self.begin()?;
        let now = self.ports.clock.now();
        if now >= self.due.publish {
            self.publish()?;
        }
        self.settle(false)?;
        self.begin_work()?;
        self.tell()
    }

    /// Seals what is open and leaves the group.
    ///
    /// # Errors
    /// Those of [`step`](Self::step); [`SpeedError::Unsealed`] where the store could not be reached.
    pub fn stop(mut self) -> Result<(), SpeedError> {
        self.checkpoint()?;
        self.told.stale = true;
        self.tell()?;
        let open = !self.open.snapshot().runs.is_empty();
        if let Some(why) = self.outage.or(self.group.outage).filter(|_| open) {
            return Err(SpeedError::Unsealed { why });
        }
        self.ports.watch.told(Event::Stopped);
        Ok(())
    }

    /// How long nothing needs to be done.
    fn wait(&self) -> Duration {
        let now = self.ports.clock.now();
        let mut next = self.due.standing.min(self.due.tell);
        if self.lanes.values().any(Lane::is_open) {
            next = next.min(self.due.publish);
        }
        // What is being sealed does not wake anybody.
        let patience = if self.sealing.is_some() {
            PATIENCE / 10
        } else {
            PATIENCE
        };
        next.saturating_sub(now).min(patience)
    }

    /// Lets records gather until those that are folded are to be published: nobody would see them
    /// sooner for being folded one by one, and each turn of the loop has its price.
    fn rest(&self) {
        if self.keeps_up && self.lanes.values().any(Lane::is_open) {
            let now = self.ports.clock.now();
            self.ports.clock.pause(self.due.publish.saturating_sub(now));
        }
    }

    /// What happened; what was left to be folded meanwhile is folded then.
    fn poll(&mut self) -> Result<Vec<TailEvent>, SpeedError> {
        if self.ahead.is_empty() {
            self.rest();
            return Ok(self.ports.tail.poll(self.wait())?);
        }
        let pin = self.pin(&self.open.snapshot().manifest)?;
        let chunks = std::mem::take(&mut self.ahead);
        let (tail, lanes) = (&mut self.ports.tail, &mut self.lanes);
        let (events, folded) = rayon::join(
            || tail.poll(Duration::ZERO),
            || fold(lanes, pin.as_ref(), chunks),
        );
        folded?;
        Ok(events?)
    }

    /// Folds what came.
    fn fold(&mut self, chunks: Vec<Chunk>) -> Result<(), SpeedError> {
        let pin = self.pin(&self.open.snapshot().manifest)?;
        fold(&mut self.lanes, pin.as_ref(), chunks)
    }

    /// Makes what was folded visible.
    fn publish(&mut self) -> Result<(), SpeedError> {
        if !self.lanes.values().any(Lane::is_open) {
            return Ok(());
        }
        let before = self.ports.clock.now();
        let snapshot = self.open.snapshot();
        let pin = self.pin(&snapshot.manifest)?;
        let mut runs: BTreeMap<&TopicPartition, Vec<Arc<Partial>>> = BTreeMap::new();
        for run in &snapshot.runs {
            if let Some(place) = run.coverage.0.keys().next() {
                runs.entry(place).or_default().push(Arc::clone(run));
            }
        }
        let mut work: Vec<_> = (self.lanes.iter_mut())
            .map(|(place, lane)| (place, lane, runs.remove(place).unwrap_or_default()))
            .collect();
        let (view, frozen) = (&self.view, &self.frozen);
        let stacked = (work.par_iter_mut())
            .map(|(place, lane, runs)| {
                let fresh = lane.drain()?;
                let records: u64 = fresh.iter().map(|run| run.coverage.records()).sum();
                let counters =
                    (fresh.iter()).fold(Counters::default(), |sum, run| sum.plus(run.counters));
                let pin = pin.as_ref().map(|pin| pin.get(place));
                let told = fresh.clone();
                let runs = stack(view, std::mem::take(runs), fresh, frozen.get(place), pin)?;
                Ok((records, counters, told, runs))
            })
            .collect::<Result<Vec<_>, SpeedError>>()?;
        let records = stacked.iter().map(|(records, ..)| records).sum();
        let counters = (stacked.iter()).fold(Counters::default(), |sum, (_, counters, ..)| {
            sum.plus(*counters)
        });
        let mut runs = vec![];
        for (.., fresh, stack) in stacked {
            self.told.fresh.extend(fresh);
            runs.extend(stack);
        }
        self.ports.watch.told(Event::Published {
            records,
            counters,
            runs: runs.len(),
        });
        if snapshot.runs.is_empty() {
            self.due.seal = before + self.options.checkpoint_within;
        }
        self.open.replace(runs)?;
        self.told.stale = true;
        // No more than a fifth of the time.
        let cost = self.ports.clock.now().saturating_sub(before);
        self.due.publish = before + self.options.publish_every.max(cost * 5);
        Ok(())
    }

    /// Tells the downstream and the watch.
    fn tell(&mut self) -> Result<(), SpeedError> {
        let now = self.ports.clock.now();
        let snapshot = self.open.snapshot();
        if self.told.stale || now >= self.due.tell {
            let sealed = snapshot.manifest.number > self.told.manifest;
            let advance = Advance {
                snapshot: &snapshot,
                fresh: &self.told.fresh,
                ownership: &self.ownership,
                sealed,
            };
            (self.ports.downstream.advanced(&advance)).map_err(SpeedError::Downstream)?;
            self.told.manifest = snapshot.manifest.number;
            self.told.stale = false;
            self.told.fresh.clear();
            self.due.tell = now + PATIENCE;
        }
        if now >= self.due.standing {
            self.ports.watch.told(Event::Standing {
                tail: &self.ports.tail.statistics(),
                snapshot: &snapshot,
            });
            self.due.standing = now + ROUND;
        }
        Ok(())
    }

    fn pin(&self, manifest: &Manifest) -> Result<Option<OffsetVector>, SpeedError> {
        let generation = manifest.generation(self.generation).map_err(Error::from)?;
        Ok(generation.pin.as_ref().map(|pin| pin.cut.clone()))
    }
}

/// Folds chunks, partitions side by side; what no lane waits for is dropped.
fn fold(
    lanes: &mut BTreeMap<TopicPartition, Lane>,
    pin: Option<&OffsetVector>,
    chunks: Vec<Chunk>,
) -> Result<(), SpeedError> {
    let mut came: BTreeMap<TopicPartition, Vec<Chunk>> = BTreeMap::new();
    for chunk in chunks {
        came.entry(chunk.place.clone()).or_default().push(chunk);
    }
    let mut work: Vec<(&mut Lane, Vec<Chunk>)> = (lanes.iter_mut())
        .filter_map(|(place, lane)| Some((lane, came.remove(place)?)))
        .collect();
    work.par_iter_mut().try_for_each(|(lane, chunks)| {
        chunks.iter().try_for_each(|chunk| {
            let pin = pin.map(|pin| pin.get(&chunk.place));
            lane.push(chunk, pin)
        })
    })
}
