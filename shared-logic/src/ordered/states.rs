//! The states of one partition, by key.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::datatypes::DataType;

use crate::error::{Result, fail, failed};
use crate::group::intern::rows::Rows;

use super::State;

/// States by key; without keys there is one.
#[derive(Debug)]
pub(super) struct States<S> {
    keys: Option<Rows>,
    states: Vec<S>,
    ids: Vec<u32>,
}

impl<S: State> States<S> {
    /// None yet; keys will have these types.
    pub(super) fn new(keys: &[DataType]) -> Result<Self> {
        Ok(Self {
            keys: match keys {
                [] => None,
                keys => Some(Rows::new(keys)?),
            },
            states: vec![],
            ids: vec![],
        })
    }

    /// Steps through rows with these keys.
    pub(super) fn visit(
        &mut self,
        keys: &[ArrayRef],
        rows: usize,
        mut step: impl FnMut(usize, S) -> S,
    ) -> Result<()> {
        self.ids.clear();
        match &mut self.keys {
            Some(known) => known.intern(keys, &mut self.ids)?,
            None => self.ids.resize(rows, 0),
        }
        for (row, id) in self.ids.iter().enumerate() {
            let id = *id as usize;
            if id >= self.states.len() {
                self.states.resize_with(id + 1, S::default);
            }
            if let Some(slot) = self.states.get_mut(id) {
                *slot = step(row, std::mem::take(slot));
            }
        }
        Ok(())
    }

    /// Keys and states, sorted by key; states are JSON.
    pub(super) fn columns(&self) -> Result<Vec<ArrayRef>> {
        let (mut columns, numbers) = match &self.keys {
            Some(keys) => keys.sorted()?,
            None => (vec![], (0..).take(self.states.len()).collect()),
        };
        let states = numbers
            .iter()
            .filter_map(|id| self.states.get(*id as usize));
        let texts = states
            .map(|state| serde_json::to_vec(state).map_err(|error| failed!("a state: {error}")));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        columns.push(std::sync::Arc::new(BinaryArray::from_iter_values(texts)));
        Ok(columns)
    }

    /// Takes in what [`Self::columns`] wrote.
    pub(super) fn restore(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let Some((states, keys)) = columns.split_last() else {
            return fail!("there are no states");
        };
        let Some(states) = states.as_binary_opt::<i32>() else {
            return fail!("states are {}", states.data_type());
        };
        let mut failure = None;
        self.visit(keys, states.len(), |row, _| {
            serde_json::from_slice(states.value(row)).unwrap_or_else(|error| {
                failure = Some(failed!("a state: {error}"));
                S::default()
            })
        })?;
        match failure {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
