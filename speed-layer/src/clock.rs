//! The time that a speed layer goes by: how long since some moment, never what time it is.

use std::time::{Duration, Instant};

/// A clock that never goes back.
pub trait Clock: Send {
    /// How long since the clock began.
    fn now(&self) -> Duration;

    /// Lets so much time pass.
    fn pause(&self, time: Duration);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Steady(Instant);

impl Steady {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Steady {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
