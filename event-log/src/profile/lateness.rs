//! How far events are behind the watermark of their partition.

use std::collections::BTreeMap;

/// How many different values are told apart; with more the resolution becomes coarser.
const VALUES: usize = 1 << 16;

/// A distribution of lateness in microseconds; an event that is not behind counts as 0.
#[derive(Clone, Debug)]
pub struct Lateness {
    /// How many events have an event time.
    pub events: u64,
    /// How many of them are behind the watermark.
    pub late: u64,
    /// The most that one is behind, exactly.
    pub worst: i64,
    /// How many events come when the window that they belong to has ended, for each window asked for.
    pub over: Vec<u64>,
    counts: BTreeMap<i64, u64>,
    /// Values are floored to multiples of this many microseconds.
    resolution: i64,
}

impl Lateness {
    /// Of no events, for so many windows.
    pub(super) fn new(windows: usize) -> Self {
        Self {
            events: 0,
            late: 0,
            worst: 0,
            over: vec![0; windows],
            counts: BTreeMap::new(),
            resolution: 1,
        }
    }

    /// Adds an event that is `behind` by some microseconds.
    pub(super) fn add(&mut self, behind: i64) {
        self.events += 1;
        self.late += u64::from(behind > 0);
        self.worst = self.worst.max(behind);
        *self
            .counts
            .entry(behind - behind % self.resolution)
            .or_default() += 1;
        while self.counts.len() > VALUES {
            self.resolution *= 10;
            let mut coarser = BTreeMap::new();
            for (value, count) in &self.counts {
                *coarser.entry(value - value % self.resolution).or_default() += count;
            }
            self.counts = coarser;
        }
    }

    /// The lateness that this share of the events does not exceed, in microseconds: the least value
    /// with at least so many events at or below it, floored to the resolution.
    pub fn percentile(&self, share: f64) -> i64 {
        let wanted = (share * self.events as f64).ceil() as u64;
        let mut below = 0;
        for (value, count) in &self.counts {
            below += count;
            if below >= wanted {
                return *value;
            }
        }
        self.worst
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_values(
            mut values in prop::collection::vec(0..10_000_000_000_i64, 1..300),
            share in 0.01..1.0_f64,
        ) {
            let mut lateness = Lateness::new(0);
            values.iter().for_each(|value| lateness.add(*value));
            values.sort_unstable();
            let rank = ((share * values.len() as f64).ceil() as usize).max(1) - 1;
            prop_assert_eq!(Some(&lateness.percentile(share)), values.get(rank));
            prop_assert_eq!(Some(&lateness.worst), values.last());
        }
    }

    #[test]
    fn many_values_are_kept_in_bounded_room() {
        let mut lateness = Lateness::new(0);
        for value in 0..1_000_000 {
            lateness.add(value * 7_919 % 1_000_003 * 1_000);
        }
        assert!(lateness.counts.len() <= VALUES);
        let median = lateness.percentile(0.5);
        assert!((499_000_000..=501_000_000).contains(&median), "{median}");
        assert!(lateness.resolution > 1);
    }
}
