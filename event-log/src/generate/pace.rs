//! Events at a fixed rate, whether or not whoever takes them keeps up: an open loop.

use std::time::Duration;

/// When events are due, and how well that was kept. It has no clock: times are since the beginning,
/// on the caller's.
#[derive(Clone, Debug)]
pub struct Pace {
    rate: u64,
    events: u64,
    waited: Duration,
    behind: Duration,
}

impl Pace {
    /// `rate` events a second, at least one.
    pub fn new(rate: u64) -> Self {
        Self {
            rate: rate.max(1),
            events: 0,
            waited: Duration::ZERO,
            behind: Duration::ZERO,
        }
    }

    /// How many events are let go at once: those of a millisecond.
    pub fn piece(&self) -> usize {
        usize::try_from(self.rate / 1000)
            .unwrap_or(usize::MAX)
            .max(1)
    }

    /// The next `events` at the time `now`: how long to wait before they are let go.
    pub fn next(&mut self, events: u64, now: Duration) -> Duration {
        let due = Duration::from_secs_f64(self.events as f64 / self.rate as f64);
        self.events += events;
        self.behind = self.behind.max(now.saturating_sub(due));
        let wait = due.saturating_sub(now);
        self.waited += wait;
        wait
    }

    /// How late an event was let go at most.
    pub fn behind(&self) -> Duration {
        self.behind
    }

    /// How many events a second would have been possible without waiting, at the time `now`.
    pub fn ceiling(&self, now: Duration) -> f64 {
        let busy = now.saturating_sub(self.waited).max(Duration::from_nanos(1));
        self.events as f64 / busy.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_catches_up_and_tells_what_it_could_do() {
        let ms = Duration::from_millis;
        let mut pace = Pace::new(2_000);
        assert_eq!(pace.piece(), 2);
        assert_eq!(pace.next(2, ms(0)), ms(0));
        assert_eq!(pace.next(2, ms(0)), ms(1));
        // Whoever took them was slow: what is due by then comes at once.
        assert_eq!(pace.next(2, ms(11)), ms(0));
        assert_eq!(pace.next(2, ms(11)), ms(0));
        assert_eq!(pace.behind(), ms(9));
        assert_eq!(pace.next(2, ms(2)), ms(2));
        // Ten events in eight milliseconds of eleven, of which three were waited.
        assert!((pace.ceiling(ms(11)) - 1_250.0).abs() < 1e-6);
    }
}
