//! Groups by session and key: fragments that grow with their events and are joined at the end.
//!
//! An event extends a fragment of its key that is at most the gap away, or begins one. Two fragments
//! that have grown together stay apart until the fold is finished: then those of one session are
//! found by sorting, and their states merge like those of two folds. So the order of events decides
//! how many fragments there are and nothing else.

use std::collections::BTreeMap;

use crate::error::Result;
use arrow::array::{Array, ArrayRef, TimestampMicrosecondArray};
use arrow::datatypes::DataType;

use super::intern::Interner;
use super::ranks;

/// A stretch of one session of one key.
#[derive(Clone, Copy, Debug)]
struct Fragment {
    key: u32,
    first: i64,
    last: i64,
}

/// All fragments of a fold, numbered from 0 in the order in which they were begun.
#[derive(Debug)]
pub(crate) struct Sessions {
    gap: i64,
    /// Which of the keys sessions are found by.
    by: Vec<usize>,
    types: Vec<DataType>,
    interner: Interner,
    ids: Vec<u32>,
    fragments: Vec<Fragment>,
    events: Vec<u64>,
    /// For each key its fragments by their first instant when they were begun.
    by_key: Vec<BTreeMap<i64, u32>>,
    /// For each key the fragment used last.
    recent: Vec<u32>,
}

/// Sessions in the order in which they leave.
pub(crate) struct Joined {
    /// For each fragment the place of its session and key in that order.
    pub(crate) places: Vec<usize>,
    /// The first event time of each.
    pub(crate) firsts: TimestampMicrosecondArray,
    /// The last event time of each.
    pub(crate) lasts: TimestampMicrosecondArray,
    /// The key columns.
    pub(crate) keys: Vec<ArrayRef>,
    /// How many events each has.
    pub(crate) events: Vec<u64>,
}

impl Sessions {
    /// No sessions yet; `by` says by which of the keys they are found.
    pub(crate) fn new(gap: i64, keys: &[DataType], by: &[usize]) -> Result<Self> {
        Ok(Self {
            gap,
            by: by.to_vec(),
            types: keys.to_vec(),
            interner: Interner::new(keys)?,
            ids: vec![],
            fragments: vec![],
            events: vec![],
            by_key: vec![],
            recent: vec![],
        })
    }

    /// How many fragments there are.
    pub(crate) fn len(&self) -> usize {
        self.fragments.len()
    }

    /// The fragment of each row, begun where it is new; each row is an event at its time, in
    /// microseconds.
    pub(crate) fn count(
        &mut self,
        times: &[i64],
        keys: &[ArrayRef],
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        self.assign(times, times, keys, std::iter::repeat(1), groups)
    }

    /// The same for rows that stand for the instants from `firsts` to `lasts` and for as many events
    /// as `events` says.
    pub(crate) fn add(
        &mut self,
        firsts: &[i64],
        lasts: &[i64],
        keys: &[ArrayRef],
        events: &[u64],
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        self.assign(firsts, lasts, keys, events.iter().copied(), groups)
    }

    fn assign(
        &mut self,
        firsts: &[i64],
        lasts: &[i64],
        keys: &[ArrayRef],
        events: impl Iterator<Item = u64>,
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        let mut ids = std::mem::take(&mut self.ids);
        ids.clear();
        self.interner.intern(keys, firsts.len(), &mut ids)?;
        groups.clear();
        for (((first, last), key), more) in firsts.iter().zip(lasts).zip(&ids).zip(events) {
            let group = self.fragment(*key, *first, *last) as usize;
            match self.events.get_mut(group) {
                Some(events) => *events += more,
                None => self.events.push(more),
            }
            groups.push(group);
        }
        self.ids = ids;
        Ok(())
    }

    fn fragment(&mut self, key: u32, first: i64, last: i64) -> u32 {
        let at = key as usize;
        if self.by_key.len() <= at {
            self.by_key.resize_with(at + 1, BTreeMap::new);
            self.recent.resize(at + 1, u32::MAX);
        }
        let recent = self.recent.get(at).copied().unwrap_or(u32::MAX);
        let near = |number: &u32| self.near(*number, first, last);
        let found = Some(recent).filter(near).or_else(|| {
            let known = self.by_key.get(at)?;
            let before = known.range(..=last).next_back().map(|(_, number)| *number);
            let after = known.range(first..).next().map(|(_, number)| *number);
            before.filter(near).or_else(|| after.filter(near))
        });
        let number = match found {
            Some(number) => number,
            None => {
                let number = self.fragments.len() as u32;
                self.fragments.push(Fragment { key, first, last });
                if let Some(known) = self.by_key.get_mut(at) {
                    known.insert(first, number);
                }
                number
            }
        };
        if let Some(fragment) = self.fragments.get_mut(number as usize) {
            fragment.first = fragment.first.min(first);
            fragment.last = fragment.last.max(last);
        }
        if let Some(recent) = self.recent.get_mut(at) {
            *recent = number;
        }
        number
    }

    /// Whether the instants from `first` to `last` are in the session of a fragment.
    fn near(&self, number: u32, first: i64, last: i64) -> bool {
        let fragment = self.fragments.get(number as usize);
        fragment.is_some_and(|fragment| {
            first.saturating_sub(self.gap) <= fragment.last
                && fragment.first.saturating_sub(self.gap) <= last
        })
    }

    /// The fragments joined, sorted by first instant, then by key with NULLs first.
    pub(crate) fn joined(self) -> Result<Joined> {
        let keys = self.interner.finish()?;
        let ranks = ranks(&keys)?;
        let rank = |key: u32| ranks.get(key as usize).copied().unwrap_or_default();
        let owners = owners(&keys, &self.types, &self.by, ranks.len())?;
        let owner = |key: u32| owners.get(key as usize).copied().unwrap_or_default();

        // Fragments by owner and time: those of a session follow one another.
        let mut order: Vec<(usize, Fragment)> = self.fragments.into_iter().enumerate().collect();
        order.sort_unstable_by_key(|(number, fragment)| {
            (owner(fragment.key), fragment.first, *number)
        });
        let mut sessions: Vec<(i64, i64)> = vec![];
        let mut members: Vec<(usize, usize, u32)> = Vec::with_capacity(order.len());
        let mut open: Option<u32> = None;
        for (number, fragment) in order {
            let same = open == Some(owner(fragment.key));
            match sessions.last_mut() {
                Some((_, last)) if same && fragment.first.saturating_sub(self.gap) <= *last => {
                    *last = fragment.last.max(*last);
                }
                _ => sessions.push((fragment.first, fragment.last)),
            }
            open = Some(owner(fragment.key));
            members.push((sessions.len() - 1, number, fragment.key));
        }

        // One place for each session and key.
        let bounds = |session: usize| sessions.get(session).copied().unwrap_or_default();
        members.sort_unstable_by_key(|(session, number, key)| {
            (bounds(*session), rank(*key), *session, *number)
        });
        let mut places = vec![0; members.len()];
        let mut left: Vec<(usize, u32)> = vec![];
        for (session, number, key) in members {
            if left.last() != Some(&(session, key)) {
                left.push((session, key));
            }
            if let Some(place) = places.get_mut(number) {
                *place = left.len() - 1;
            }
        }
        let ids = arrow::array::UInt32Array::from_iter_values(left.iter().map(|(_, key)| *key));
        let (firsts, lasts): (Vec<i64>, Vec<i64>) =
            left.iter().map(|(session, _)| bounds(*session)).unzip();
        let keys = keys
            .iter()
            .map(|column| arrow::compute::take(column, &ids, None))
            .collect::<std::result::Result<_, _>>()?;
        let mut events = vec![0; left.len()];
        for (place, more) in places.iter().zip(&self.events) {
            if let Some(events) = events.get_mut(*place) {
                *events += more;
            }
        }
        Ok(Joined {
            events,
            places,
            firsts: firsts.into(),
            lasts: lasts.into(),
            keys,
        })
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        // A map's entry with its share of nodes, an empty map and a number.
        const ENTRY: usize = 32;
        self.interner.size()
            + self.fragments.capacity() * (size_of::<Fragment>() + ENTRY)
            + self.by_key.capacity() * (size_of::<BTreeMap<i64, u32>>() + size_of::<u32>())
    }
}

/// For each of `count` distinct keys the number of the part that sessions are found by.
fn owners(keys: &[ArrayRef], types: &[DataType], by: &[usize], count: usize) -> Result<Vec<u32>> {
    if by.len() == keys.len() {
        return Ok((0..count as u32).collect());
    }
    let part: Vec<ArrayRef> = by.iter().filter_map(|at| keys.get(*at).cloned()).collect();
    let types: Vec<DataType> = by.iter().filter_map(|at| types.get(*at).cloned()).collect();
    let rows = keys.first().map_or(count, |column| column.len());
    let mut owners = vec![];
    Interner::new(&types)?.intern(&part, rows, &mut owners)?;
    Ok(owners)
}
