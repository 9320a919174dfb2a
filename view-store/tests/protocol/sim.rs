//! The scheduler: many actors, one baton. Every call of the storage is a point at which a seeded
//! generator picks who goes next, who falls asleep and who crashes, before the effect or after it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use bytes::Bytes;
use view_store::blobs::{BlobError, Blobs, Creation};
use view_store::entropy::Seeded;
use view_store::job::JobStore;
use view_store::rule::Rule;
use view_store::store::Store;

use crate::oracle::History;

/// Random numbers, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// True in `percent` of all cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.below(from.len().max(1) as u64) as usize;
        from.get(index)
    }
}

/// What a run deliberately does wrong, besides leaving out rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Nothing.
    None,
    /// Nothing, and no archive is damaged either.
    GoodArchive,
    /// The storage overwrites where it should refuse.
    Overwrite,
    /// A reader looks for the next number instead of listing.
    Probe,
    /// The speed layer drops its runs before the manifest that names them is published.
    DropRuns,
}

/// How one run goes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub without: Vec<Rule>,
    pub twist: Twist,
    pub trace: bool,
}

/// What an actor is about to do.
#[derive(Clone, Copy, Debug)]
enum Call {
    List,
    Get,
    Create,
    Delete,
    Pause,
}

/// The end of a thread of control that is no failure of the test.
enum Unwound {
    /// The actor crashed; it starts again from the manifest.
    Crash,
    /// The run is over because something was found.
    Stop,
}

struct State {
    rng: Rng,
    running: usize,
    /// Steps that each actor still sleeps; `None` when it is done.
    asleep: Vec<Option<u64>>,
    blobs: BTreeMap<String, Bytes>,
    history: History,
    red: Option<String>,
    trace: Vec<String>,
    /// Per 1000 steps.
    crash: u64,
    /// Per 1000 calls of each kind: a list, a get, a create, a delete, a pause.
    naps: [u64; 5],
    longest_nap: u64,
    /// In percent: how likely the running actor keeps the baton.
    sticky: u64,
}

/// One run: its actors, its storage, and what it has seen.
pub struct Sim {
    pub plan: Plan,
    state: Mutex<State>,
    turns: Vec<Condvar>,
    /// A storage that is asked the same as the one here, and must answer the same.
    beside: Option<Arc<dyn Blobs>>,
}

/// The life of an actor, from its start or restart to its end.
pub type Life = fn(&mut Actor) -> Result<(), view_store::error::Error>;

/// What an actor acts with.
pub struct Actor {
    pub sim: Arc<Sim>,
    pub me: usize,
    pub rng: Rng,
    pub job: JobStore,
}

impl Sim {
    /// Runs `lives` to their ends; gives what was found to be wrong, the trace, and the history.
    pub fn run(
        plan: Plan,
        beside: Option<Arc<dyn Blobs>>,
        lives: &[Life],
    ) -> (Option<String>, Vec<String>, History) {
        let mut rng = Rng(plan.seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
        let state = State {
            running: 0,
            asleep: vec![Some(0); lives.len()],
            blobs: BTreeMap::new(),
            history: History::default(),
            red: None,
            trace: Vec::new(),
            crash: [0, 2, 8][rng.below(3) as usize],
            naps: [(); 5].map(|()| [0, 10, 40, 200][rng.below(4) as usize]),
            longest_nap: [20, 100, 400][rng.below(3) as usize],
            sticky: [0, 50, 80][rng.below(3) as usize],
            rng,
        };
        let sim = Arc::new(Self {
            plan,
            state: Mutex::new(state),
            turns: lives.iter().map(|_| Condvar::new()).collect(),
            beside,
        });
        std::thread::scope(|scope| {
            for (me, life) in lives.iter().enumerate() {
                let sim = Arc::clone(&sim);
                scope.spawn(move || sim.live(me, *life));
            }
        });
        let sim = Arc::into_inner(sim).unwrap();
        let state = sim.state.into_inner().unwrap();
        (state.red, state.trace, state.history)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets the actor live, and again after each crash.
    fn live(self: &Arc<Self>, me: usize, life: Life) {
        let mut lives = 0;
        loop {
            lives += 1;
            let ended = catch_unwind(AssertUnwindSafe(|| {
                drop(self.wait(self.lock(), me));
                let mut actor = Actor {
                    job: self.job(me, lives),
                    rng: Rng((self.plan.seed << 16) | ((me as u64) << 8) | lives),
                    sim: Arc::clone(self),
                    me,
                };
                let result = life(&mut actor);
                actor.died_of(result)
            }));
            let again = match ended {
                Ok(again) => again,
                Err(payload) => match payload.downcast::<Unwound>() {
                    Ok(unwound) => matches!(*unwound, Unwound::Crash),
                    Err(panic) => {
                        let why = (panic.downcast_ref::<String>().cloned())
                            .or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned()));
                        self.lock().red = Some(format!("actor {me} panicked: {why:?}"));
                        false
                    }
                },
            };
            if !again || lives > 5 {
                break;
            }
        }
        let mut state = self.lock();
        state.asleep[me] = None;
        self.pass_on(&mut state, me);
    }

    fn job(self: &Arc<Self>, me: usize, lives: u64) -> JobStore {
        let port = Port {
            sim: Arc::clone(self),
            me,
        };
        let names = Seeded::new(((me as u64) << 32) | lives);
        let store = Store::with(Arc::new(port), Arc::new(names)).without(&self.plan.without);
        store.job("toy").unwrap()
    }

    /// Waits for the baton.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, me: usize) -> MutexGuard<'a, State> {
        while state.running != me {
            state = self.turns[me].wait(state).unwrap();
        }
        if state.red.is_some() {
            drop(state);
            resume_unwind(Box::new(Unwound::Stop));
        }
        state
    }

    /// Picks who goes next and wakes it.
    fn pass_on(&self, state: &mut State, me: usize) {
        let stays = state.asleep[me] == Some(0) && state.rng.below(100) < state.sticky;
        if !stays {
            for steps in state.asleep.iter_mut().flatten() {
                *steps = steps.saturating_sub(1);
            }
            let soonest = state.asleep.iter().flatten().min().copied();
            let ready: Vec<usize> = (0..state.asleep.len())
                .filter(|actor| soonest.is_some() && state.asleep[*actor] == soonest)
                .collect();
            if let Some(next) = state.rng.pick(&ready) {
                state.asleep[*next] = Some(0);
                state.running = *next;
            }
        }
        self.turns[state.running].notify_one();
    }

    /// A scheduling point: others may go first, and this actor may crash here.
    fn step<'a>(&'a self, me: usize, call: Call, on: &str) -> MutexGuard<'a, State> {
        let mut state = self.lock();
        let nap = state.naps[call as usize];
        if state.rng.below(1000) < nap {
            let longest = state.longest_nap;
            state.asleep[me] = Some(1 + state.rng.below(longest));
        }
        self.pass_on(&mut state, me);
        let mut state = self.wait(state, me);
        if self.plan.trace {
            let line = format!("{me}: {call:?} {on}");
            state.trace.push(line);
        }
        self.maybe_crash(state, "before")
    }

    fn maybe_crash<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        when: &str,
    ) -> MutexGuard<'a, State> {
        if state.rng.below(1000) < state.crash {
            if self.plan.trace {
                state.trace.push(format!("   crash {when} it"));
            }
            drop(state);
            resume_unwind(Box::new(Unwound::Crash));
        }
        state
    }
}

impl Actor {
    /// Lets others go first.
    pub fn pause(&self) {
        drop(self.sim.step(self.me, Call::Pause, ""));
    }

    /// Looks at, or adds to, what the run knows.
    pub fn history<T>(&self, look: impl FnOnce(&mut History) -> T) -> T {
        look(&mut self.sim.lock().history)
    }

    /// Something is wrong: the run ends.
    pub fn red(&self, why: impl Into<String>) -> ! {
        self.sim.lock().red.get_or_insert(why.into());
        resume_unwind(Box::new(Unwound::Stop));
    }

    /// Whether an actor whose life ended so starts again; an error that none may meet is red.
    fn died_of(&self, result: Result<(), view_store::error::Error>) -> bool {
        use view_store::error::Error;
        match result {
            Ok(()) => false,
            Err(Error::Storage(_)) => true,
            Err(Error::Stale(_) | Error::Retry { .. }) => true,
            Err(error) => self.red(format!("actor {}: {error}", self.me)),
        }
    }
}

/// The storage as one actor sees it.
struct Port {
    sim: Arc<Sim>,
    me: usize,
}

impl Blobs for Port {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        let state = self.sim.step(self.me, Call::List, folder);
        let inside = format!("{folder}/");
        let paths = (state
            .blobs
            .range(inside.clone()..)
            .map(|(path, _)| path.clone()))
        .take_while(|path| path.starts_with(&inside))
        .collect();
        let state = self.beside(state, &paths, |blobs| blobs.list(folder));
        drop(self.sim.maybe_crash(state, "after"));
        Ok(paths)
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        let mut state = self.sim.step(self.me, Call::Get, path);
        let found = state.blobs.get(path).cloned();
        state.history.read(self.me, path);
        drop(self.beside(state, &found, |blobs| blobs.get(path)));
        Ok(found)
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        let mut state = self.sim.step(self.me, Call::Create, path);
        state.history.tried(self.me);
        if state.blobs.contains_key(path) && self.sim.plan.twist != Twist::Overwrite {
            state.history.seen("create lost");
            let lost = Creation::AlreadyThere;
            drop(self.beside(state, &lost, |blobs| blobs.create(path, bytes)));
            return Ok(lost);
        }
        let won = Creation::Created;
        let mut state = self.beside(state, &won, |blobs| blobs.create(path, bytes.clone()));
        let State { blobs, history, .. } = &mut *state;
        history.before_create(blobs, path, &bytes);
        blobs.insert(path.to_owned(), bytes);
        self.after(state, path)?;
        Ok(won)
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        let mut state = self.sim.step(self.me, Call::Delete, path);
        state.blobs.remove(path);
        state.history.after_delete(path);
        let state = self.beside(state, &(), |blobs| blobs.delete(path));
        self.after(state, path)
    }
}

impl Port {
    /// Asks the storage beside the model, which must answer what the model says.
    fn beside<'a, T: PartialEq + fmt::Debug>(
        &self,
        mut state: MutexGuard<'a, State>,
        expected: &T,
        ask: impl FnOnce(&dyn Blobs) -> Result<T, BlobError>,
    ) -> MutexGuard<'a, State> {
        let Some(blobs) = &self.sim.beside else {
            return state;
        };
        match ask(blobs.as_ref()) {
            Ok(answer) if answer == *expected => state,
            other => {
                let why = format!("the storage says {other:?}, the model {expected:?}");
                state.red.get_or_insert(why);
                drop(state);
                resume_unwind(Box::new(Unwound::Stop));
            }
        }
    }

    /// After an effect: what the history says of it, then a crash or an error all the same.
    fn after(&self, mut state: MutexGuard<'_, State>, path: &str) -> Result<(), BlobError> {
        let State { blobs, history, .. } = &mut *state;
        if let Err(why) = history.check(blobs) {
            state.red.get_or_insert(why);
            drop(state);
            resume_unwind(Box::new(Unwound::Stop));
        }
        let mut state = self.sim.maybe_crash(state, "after");
        if state.rng.below(2000) < state.crash {
            return Err(BlobError::new("sync", path, "the disk said no, afterwards"));
        }
        Ok(())
    }
}
