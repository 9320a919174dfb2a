//! Groups by slice and key: one look-up a row for the key, one for the group.
//!
//! A key is interned once for the whole fold; a slice of event time then finds its group by the
//! key's number. The log is nearly in time order, so the few slices in use stay in cache however
//! many groups there are.

pub(crate) mod intern;
pub(crate) mod sessions;
mod slices;

use crate::error::Result;
use arrow::array::{Array, ArrayRef, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{lexsort_to_indices, take};
use arrow::datatypes::DataType;

use intern::Interner;
use slices::Slices;

/// Whether values of this type can be keys.
pub(crate) fn groupable(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Float32
                | DataType::Float64
                | DataType::Decimal128(..)
                | DataType::Date32
                | DataType::Timestamp(..)
                | DataType::Utf8
        )
}

/// All groups of a fold, numbered from 0 in the order in which they were met.
#[derive(Debug)]
pub(crate) struct Groups {
    interner: Interner,
    slices: Slices,
    keys: Vec<u32>,
    events: Vec<u64>,
    ids: Vec<u32>,
}

impl Groups {
    /// No groups yet; keys will have these types.
    pub(crate) fn new(keys: &[DataType]) -> Result<Self> {
        Ok(Self {
            interner: Interner::new(keys)?,
            slices: Slices::default(),
            keys: vec![],
            events: vec![],
            ids: vec![],
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The group of each row, made where it is new; `starts` are window starts in microseconds.
    /// Each row is an event of its group.
    pub(crate) fn count(
        &mut self,
        starts: &[i64],
        keys: &[ArrayRef],
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        self.assign::<1>(starts, keys, groups)
    }

    /// The same for rows that stand for as many events as `events` says.
    pub(crate) fn add(
        &mut self,
        starts: &[i64],
        keys: &[ArrayRef],
        events: &[u64],
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        self.assign::<0>(starts, keys, groups)?;
        for (group, more) in groups.iter().zip(events) {
            if let Some(events) = self.events.get_mut(*group) {
                *events += more;
            }
        }
        Ok(())
    }

    fn assign<const EVENTS: u64>(
        &mut self,
        starts: &[i64],
        keys: &[ArrayRef],
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        self.ids.clear();
        self.interner.intern(keys, starts.len(), &mut self.ids)?;
        groups.clear();
        groups.reserve(starts.len());
        let (all, events) = (&mut self.keys, &mut self.events);
        let mut ids = self.ids.as_slice();
        for run in starts.chunk_by(|start, next| start == next) {
            let (Some(start), Some((these, rest))) = (run.first(), ids.split_at_checked(run.len()))
            else {
                break;
            };
            ids = rest;
            let Some(slice) = self.slices.at(*start, self.interner.len()) else {
                break;
            };
            let make = |key| {
                all.push(key);
                all.len() as u32 - 1
            };
            slice.visit(these, make, |group| {
                let group = group as usize;
                match events.get_mut(group) {
                    Some(events) => *events += EVENTS,
                    None => events.push(EVENTS),
                }
                groups.push(group);
            });
        }
        Ok(())
    }

    /// The groups sorted by window, then by key with NULLs first.
    pub(crate) fn sorted(self) -> Result<Sorted> {
        let keys = self.interner.finish()?;
        let ranks = ranks(&keys)?;
        let mut order = Vec::with_capacity(self.keys.len());
        let mut starts = Vec::with_capacity(self.keys.len());
        for (start, mut members) in self.slices.into_sorted(&ranks) {
            starts.resize(starts.len() + members.len(), start);
            order.append(&mut members);
        }
        let picked = |of: &dyn Fn(usize) -> Option<u32>| -> UInt32Array {
            let picked = order.iter().filter_map(|group| of(*group as usize));
            picked.collect::<Vec<u32>>().into()
        };
        let ids = picked(&|group| self.keys.get(group).copied());
        let keys = keys
            .iter()
            .map(|column| take(column, &ids, None))
            .collect::<Result<_, _>>()?;
        let events = (order.iter())
            .filter_map(|group| self.events.get(*group as usize).copied())
            .collect();
        Ok(Sorted {
            order,
            starts: starts.into(),
            keys,
            events,
        })
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.interner.size()
            + self.slices.size()
            + self.keys.capacity() * size_of::<u32>()
            + self.events.capacity() * size_of::<u64>()
    }
}

/// Groups in the order in which they leave.
pub(crate) struct Sorted {
    /// The number of each group.
    pub(crate) order: Vec<u32>,
    /// Its window start.
    pub(crate) starts: TimestampMicrosecondArray,
    /// Its key columns.
    pub(crate) keys: Vec<ArrayRef>,
    /// How many events it has.
    pub(crate) events: Vec<u64>,
}

/// For each distinct key, by number, its place in sorted order.
pub(crate) fn ranks(keys: &[ArrayRef]) -> Result<Vec<u32>> {
    let Some(first) = keys.first() else {
        return Ok(vec![0]);
    };
    let columns: Vec<arrow::compute::SortColumn> = (keys.iter())
        .map(|values| arrow::compute::SortColumn {
            values: values.clone(),
            options: None,
        })
        .collect();
    let sorted = lexsort_to_indices(&columns, None)?;
    let mut ranks = vec![0; first.len()];
    for (rank, key) in (0_u32..).zip(sorted.values()) {
        if let Some(slot) = ranks.get_mut(*key as usize) {
            *slot = rank;
        }
    }
    Ok(ranks)
}
