//! Groups by slice and key: one hash a row, then two array reads.
//!
//! A key is interned once for the whole fold; a slice of event time then finds its group by the
//! key's number. The log is nearly in time order, so the few slices in use stay in cache however
//! many groups there are.

pub(crate) mod intern;
pub(crate) mod sessions;
mod slices;

use arrow::array::{Array, ArrayRef, TimestampMicrosecondArray};
use arrow::compute::{lexsort_to_indices, take};
use arrow::datatypes::DataType;
use datafusion_common::Result;

use intern::Interner;
use slices::Slices;

/// All groups of a fold, numbered from 0 in the order in which they were met.
#[derive(Debug)]
pub(crate) struct Groups {
    interner: Interner,
    slices: Slices,
    keys: Vec<u32>,
    ids: Vec<u32>,
}

impl Groups {
    /// No groups yet; keys will have these types.
    pub(crate) fn new(keys: &[DataType]) -> Result<Self> {
        Ok(Self {
            interner: Interner::new(keys)?,
            slices: Slices::default(),
            keys: vec![],
            ids: vec![],
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The group of each row, made where it is new; `starts` are window starts in microseconds.
    pub(crate) fn assign(
        &mut self,
        starts: &[i64],
        keys: &[ArrayRef],
        groups: &mut Vec<usize>,
    ) -> Result<()> {
        self.ids.clear();
        self.interner.intern(keys, starts.len(), &mut self.ids)?;
        groups.clear();
        groups.reserve(starts.len());
        for (start, key) in starts.iter().zip(&self.ids) {
            let group = self.slices.group(*start, *key, self.keys.len());
            if group == self.keys.len() {
                self.keys.push(*key);
            }
            groups.push(group);
        }
        Ok(())
    }

    /// The groups sorted by window, then by key with NULLs first: their order, window starts and keys.
    pub(crate) fn sorted(self) -> Result<Sorted> {
        let keys = self.interner.finish()?;
        let ranks = ranks(&keys)?;
        let rank = |group: usize| {
            let key = self.keys.get(group).map_or(0, |key| *key as usize);
            ranks.get(key).copied().unwrap_or_default()
        };
        let mut order = Vec::with_capacity(self.keys.len());
        let mut starts = Vec::with_capacity(self.keys.len());
        for (start, mut members) in self.slices.into_members() {
            members.sort_unstable_by_key(|group| rank(*group as usize));
            starts.resize(starts.len() + members.len(), start);
            order.append(&mut members);
        }
        let ids: Vec<u32> = order
            .iter()
            .filter_map(|group| self.keys.get(*group as usize).copied())
            .collect();
        let ids = arrow::array::UInt32Array::from(ids);
        let keys = keys
            .iter()
            .map(|column| take(column, &ids, None))
            .collect::<Result<_, _>>()?;
        Ok(Sorted {
            order,
            starts: starts.into(),
            keys,
        })
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.interner.size() + self.slices.size() + self.keys.capacity() * size_of::<u32>()
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
