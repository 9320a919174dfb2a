//! Where new names come from: a clock and randomness, injected so that a test repeats them.

use std::sync::atomic::{AtomicU64, Ordering};

use ulid::Ulid;

/// A source of names that are never given twice.
pub trait Entropy: Send + Sync {
    /// A new name; later ones sort later, as far as the clock allows.
    fn ulid(&self) -> Ulid;
}

/// Names from the system's clock and random generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Entropy for System {
    fn ulid(&self) -> Ulid {
        Ulid::generate()
    }
}

/// Names that are the same in each run: the nth name of a seed.
///
/// Two sources that write into one store must have different seeds.
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    given: AtomicU64,
}

impl Seeded {
    /// The source with this seed, from its first name on.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            given: AtomicU64::new(0),
        }
    }
}

impl Entropy for Seeded {
    fn ulid(&self) -> Ulid {
        let nth = self.given.fetch_add(1, Ordering::Relaxed);
        Ulid::from_parts(nth, u128::from(self.seed))
    }
}
