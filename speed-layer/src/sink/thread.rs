//! A sink on a thread of its own: it leads while its process owns the lowest partition.
//!
//! Of all processes that feed a job one owns that partition, so one follows. Two may believe it for a
//! moment; the changelog then lets the later one alone write.

use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use shared_logic::identity::Partition;
use shared_logic::partial::Partial;
use view_store::job::own::Ownership;
use view_store::manifest::ManifestNumber;
use view_store::snapshot::Snapshot;

use super::emit::Emit;
use super::error::SinkError;
use super::{Emission, Follower};
use crate::downstream::{Advance, Downstream};

/// How often it looks for manifests that other processes wrote, and tries again what failed.
const ROUND: Duration = Duration::from_secs(1);

/// How many rows of what was folded since the last step are kept.
const FRESH: usize = 262_144;

/// Something that a sink did.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// This process follows the job now.
    Leads,
    /// Another process does, or none.
    Left,
    /// Changes are in the changelog.
    Emitted(Emission),
    /// Something cannot be reached; it is tried again.
    Waiting(&'a str),
}

/// Whoever is told.
pub type Told = dyn FnMut(News<'_>) + Send;

/// A sink at work.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    open_fold: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// What the loop of the speed layer and the thread tell each other.
#[derive(Debug, Default)]
struct State {
    stop: bool,
    /// Whether this process owns the lowest partition.
    leads: bool,
    /// The newest manifest known.
    manifest: ManifestNumber,
    /// What to follow instead of manifests.
    open: Option<Arc<Snapshot>>,
    /// What was folded since the last one that was taken.
    fresh: Vec<Partial>,
    /// Why the thread has ended.
    failure: Option<SinkError>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready`, at most so long.
    fn wait(&self, longest: Duration, ready: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let until = Instant::now() + longest;
        let mut state = self.state();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if ready(&state) || left.is_zero() {
                return state;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Sink {
    /// Begins to follow as soon as it is told that this process owns the lowest partition. With
    /// `open_fold` it follows snapshots instead of manifests while one process owns every partition.
    ///
    /// # Errors
    /// The machine has no thread to spare.
    pub fn start(
        follower: Follower,
        emit: Emit,
        open_fold: bool,
        told: Box<Told>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let work = Work {
            shared: Arc::clone(&shared),
            follower,
            emit,
            told,
        };
        let thread = std::thread::Builder::new().name("sink".into());
        let thread = thread.spawn(move || work.run())?;
        Ok(Self {
            shared,
            thread: Some(thread),
            open_fold,
        })
    }
}

impl Downstream for Sink {
    fn advanced(&mut self, advance: &Advance<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut state = self.shared.state();
        if let Some(failure) = state.failure.take() {
            return Err(Box::new(failure));
        }
        let (snapshot, owns) = (advance.snapshot, advance.ownership);
        state.leads = owns
            .epochs
            .keys()
            .any(|place| place.partition == Partition(0));
        state.manifest = snapshot.manifest.number;
        let open = self.open_fold && owns_all(owns, snapshot);
        state.open = open.then(|| Arc::clone(snapshot));
        state.fresh.extend(advance.fresh.iter().cloned());
        let rows: usize = state.fresh.iter().map(|fold| fold.rows.num_rows()).sum();
        // Who is that far behind compares all that has changed.
        if !open || rows > FRESH {
            state.fresh.clear();
        }
        self.shared.changed.notify_one();
        Ok(())
    }
}

/// Whether nobody but this process adds to the generation that answers.
fn owns_all(owns: &Ownership, snapshot: &Snapshot) -> bool {
    let live = snapshot.manifest.live == snapshot.generation;
    let generation = snapshot.manifest.generation(snapshot.generation);
    let held = |(place, epoch)| owns.epochs.get(place) == Some(epoch);
    live && generation.is_ok_and(|generation| generation.owners.iter().all(held))
}

impl Drop for Sink {
    /// Waits for the last step.
    fn drop(&mut self) {
        self.shared.state().stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // What it panicked with was printed.
            let _ = thread.join();
        }
    }
}

struct Work {
    shared: Arc<Shared>,
    follower: Follower,
    emit: Emit,
    told: Box<Told>,
}

/// What was followed last.
#[derive(Default)]
struct Seen {
    manifest: ManifestNumber,
    open: Option<Arc<Snapshot>>,
}

impl Seen {
    fn is_news(&self, state: &State) -> bool {
        match (&state.open, &self.open) {
            (Some(new), Some(old)) => !Arc::ptr_eq(new, old),
            (Some(_), None) => true,
            (None, _) => state.manifest > self.manifest,
        }
    }
}

impl Work {
    fn run(mut self) {
        let mut leads = false;
        let mut seen = Seen::default();
        let mut earliest = Instant::now();
        loop {
            let pace = earliest.saturating_duration_since(Instant::now());
            drop(self.shared.wait(pace, |state| state.stop || !state.leads));
            let mut state = self.shared.wait(ROUND, |state| {
                state.stop || (state.leads != leads) || (leads && seen.is_news(state))
            });
            let (stop, may_lead) = (state.stop, state.leads);
            let open = state.open.clone();
            let fresh = std::mem::take(&mut state.fresh);
            seen.manifest = state.manifest;
            drop(state);
            if !may_lead {
                if leads {
                    self.follower.leave();
                    (self.told)(News::Left);
                }
                leads = false;
                if stop {
                    return;
                }
                continue;
            }
            let began = Instant::now();
            let emitted = self.turn(&mut leads, open.as_ref(), &fresh);
            seen.open = open;
            earliest = match self.emit {
                Emit::Every(pace) => began + pace,
                _ => began,
            };
            match emitted {
                Ok(emission) if emission != Emission::default() => {
                    (self.told)(News::Emitted(emission));
                }
                Ok(_) => {}
                Err(error) if error.is_passing() => {
                    // It is not known any more what is committed: that is read again.
                    leads = false;
                    seen = Seen::default();
                    (self.told)(News::Waiting(&error.to_string()));
                    earliest = Instant::now() + ROUND;
                }
                Err(error) => {
                    self.shared.state().failure = Some(error);
                    return;
                }
            }
            if stop {
                self.follower.leave();
                return;
            }
        }
    }

    fn turn(
        &mut self,
        leads: &mut bool,
        open: Option<&Arc<Snapshot>>,
        fresh: &[Partial],
    ) -> Result<Emission, SinkError> {
        if !*leads {
            self.follower.start()?;
            *leads = true;
            (self.told)(News::Leads);
        }
        match open {
            Some(snapshot) => self.follower.follow(snapshot, fresh),
            None => self.follower.step(),
        }
    }
}
