//! The groups of each slice of event time, found by the number of their key.

use hashbrown::{HashMap, HashTable};

/// A slice has a place for every key while it has a group for one of this many, or while there are
/// no more than [`FEW`] keys.
const SPARE: usize = 16;
const FEW: usize = 1024;

/// Slices in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Slices {
    by_start: HashMap<i64, usize>,
    slices: Vec<Slice>,
    last: Option<(i64, usize)>,
}

/// The groups of one slice.
#[derive(Debug)]
pub(super) struct Slice {
    start: i64,
    members: usize,
    groups: Lookup,
}

/// From the number of a key to the number of its group.
#[derive(Debug)]
enum Lookup {
    /// A place for every key: the group plus one, or 0.
    Dense(Vec<u32>),
    /// Key and group.
    Sparse(HashTable<(u32, u32)>),
}

impl Slices {
    /// The slice that starts at `start`, ready for keys of numbers below `keys`.
    pub(super) fn at(&mut self, start: i64, keys: usize) -> Option<&mut Slice> {
        let place = match self.last {
            Some((last, place)) if last == start => place,
            before => self.find(start, before.map(|(_, place)| place), keys),
        };
        let slice = self.slices.get_mut(place)?;
        slice.fit(keys);
        Some(slice)
    }

    fn find(&mut self, start: i64, before: Option<usize>, keys: usize) -> usize {
        let fresh = self.slices.len();
        let place = *self.by_start.entry(start).or_insert(fresh);
        if place == fresh {
            // It will probably look like the one before.
            let like = before.and_then(|before| self.slices.get(before));
            let groups = match like.is_some_and(|slice| slice.fills(keys)) {
                true => Lookup::Dense(vec![0; keys]),
                false => Lookup::Sparse(HashTable::new()),
            };
            self.slices.push(Slice {
                start,
                members: 0,
                groups,
            });
        }
        self.last = Some((start, place));
        place
    }

    /// Each slice's start and groups, by start; the groups in the order of their keys, which `ranks`
    /// are the places of, by number.
    pub(super) fn into_sorted(mut self, ranks: &[u32]) -> impl Iterator<Item = (i64, Vec<u32>)> {
        let mut in_order = vec![0; ranks.len()];
        for (key, rank) in (0_u32..).zip(ranks) {
            if let Some(place) = in_order.get_mut(*rank as usize) {
                *place = key;
            }
        }
        self.slices.sort_unstable_by_key(|slice| slice.start);
        (self.slices.into_iter()).map(move |slice| (slice.start, slice.sorted(ranks, &in_order)))
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        let lookups = self.slices.iter().map(|slice| match &slice.groups {
            Lookup::Dense(groups) => groups.capacity() * size_of::<u32>(),
            Lookup::Sparse(groups) => groups.allocation_size(),
        });
        lookups.sum::<usize>() + self.slices.capacity() * (size_of::<Slice>() + 24)
    }
}

impl Slice {
    /// Whether a place for each of `keys` keys is no waste.
    fn fills(&self, keys: usize) -> bool {
        keys <= FEW + SPARE * self.members
    }

    /// Makes places for `keys` keys, or does without.
    fn fit(&mut self, keys: usize) {
        match &mut self.groups {
            Lookup::Dense(groups) if groups.len() >= keys => {}
            Lookup::Dense(groups) if keys <= FEW + SPARE * self.members => groups.resize(keys, 0),
            Lookup::Dense(groups) => {
                let mut sparse = HashTable::with_capacity(self.members);
                for (key, group) in (0_u32..).zip(groups) {
                    if let Some(group) = group.checked_sub(1) {
                        sparse.insert_unique(spread(key), (key, group), |(key, _)| spread(*key));
                    }
                }
                self.groups = Lookup::Sparse(sparse);
            }
            // Twice as full as it need be to stay, lest it changes back and forth.
            Lookup::Sparse(groups) if keys <= FEW + SPARE / 2 * self.members => {
                let mut dense = vec![0; keys];
                for (key, group) in groups.iter() {
                    if let Some(place) = dense.get_mut(*key as usize) {
                        *place = group + 1;
                    }
                }
                self.groups = Lookup::Dense(dense);
            }
            Lookup::Sparse(_) => {}
        }
    }

    /// Hands the group of each key to `each`; a key without one gets the group that `make` makes.
    #[inline]
    pub(super) fn visit(
        &mut self,
        keys: &[u32],
        mut make: impl FnMut(u32) -> u32,
        mut each: impl FnMut(u32),
    ) {
        match &mut self.groups {
            Lookup::Dense(groups) => {
                for key in keys {
                    let Some(place) = groups.get_mut(*key as usize) else {
                        continue;
                    };
                    if *place == 0 {
                        *place = make(*key) + 1;
                        self.members += 1;
                    }
                    each(*place - 1);
                }
            }
            Lookup::Sparse(groups) => {
                for key in keys {
                    let same = |(known, _): &(u32, u32)| known == key;
                    let entry = groups.entry(spread(*key), same, |(key, _)| spread(*key));
                    let found = entry.or_insert_with(|| {
                        self.members += 1;
                        (*key, make(*key))
                    });
                    each(found.get().1);
                }
            }
        }
    }

    fn sorted(self, ranks: &[u32], in_order: &[u32]) -> Vec<u32> {
        match self.groups {
            Lookup::Dense(groups) => (in_order.iter())
                .filter_map(|key| groups.get(*key as usize)?.checked_sub(1))
                .collect(),
            Lookup::Sparse(groups) => {
                let rank = |key: u32| ranks.get(key as usize).copied().unwrap_or_default();
                let mut ranked: Vec<(u32, u32)> = (groups.into_iter())
                    .map(|(key, group)| (rank(key), group))
                    .collect();
                ranked.sort_unstable();
                ranked.into_iter().map(|(_, group)| group).collect()
            }
        }
    }
}

/// A hash of the number of a key: Fibonacci hashing, as the numbers are consecutive.
fn spread(key: u32) -> u64 {
    u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
