//! Ids that come more than once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use arrow::array::BinaryArray;

/// How many ids are remembered; of more, a share is.
const IDS: usize = 1 << 21;

/// How often an id comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// Events with an id that an earlier event had.
    pub events: u64,
    /// Whether `events` is estimated from a share of the ids, because there are too many to remember.
    pub estimated: bool,
}

/// The ids seen so far.
///
/// Where there are too many, only those whose hash ends in some zeros are remembered: a share of the
/// ids with all their events, whichever come first, so that the count scales.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// By hash, how many events came again with the id.
    again: HashMap<u64, u64>,
    /// How many zeros.
    zeros: u32,
}

impl Ids {
    pub(super) fn add(&mut self, ids: &BinaryArray) {
        for id in ids.iter().flatten() {
            let mut hasher = DefaultHasher::new();
            hasher.write(id);
            let hash = hasher.finish();
            if hash.trailing_zeros() < self.zeros {
                continue;
            }
            let seen = self.again.get_mut(&hash);
            match seen {
                Some(again) => *again += 1,
                None => {
                    self.again.insert(hash, 0);
                    while self.again.len() > IDS {
                        self.zeros += 1;
                        let zeros = self.zeros;
                        self.again.retain(|hash, _| hash.trailing_zeros() >= zeros);
                    }
                }
            }
        }
    }

    pub(super) fn finish(self) -> Duplicates {
        let again: u64 = self.again.values().sum();
        Duplicates {
            events: again << self.zeros,
            estimated: self.zeros > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicates(ids: impl Iterator<Item = u64>) -> Duplicates {
        let mut seen = Ids::default();
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        for ids in ids.chunks(10_000) {
            let ids = ids.iter().map(|id| id.as_bytes());
            seen.add(&BinaryArray::from_iter_values(ids));
        }
        seen.finish()
    }

    #[test]
    fn each_event_after_the_first_of_its_id_counts() {
        let found = duplicates([1, 2, 1, 3, 1, 2].into_iter());
        assert_eq!(
            found,
            Duplicates {
                events: 3,
                estimated: false
            }
        );
    }

    #[test]
    fn with_too_many_ids_the_count_is_near() {
        let many = 2 * IDS as u64 + 1000;
        let found = duplicates((0..many).chain((0..many).filter(|id| id % 10 == 0)));
        let expected = many as f64 / 10.0;
        assert!(found.estimated);
        assert!(
            (found.events as f64 / expected - 1.0).abs() < 0.02,
            "{found:?}"
        );
    }
}
