//! The two sides of a law over some rows.

use crate::error::{Result, fail};
use crate::measure::accumulator::EmitTo;
use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::Law;
use super::outcome::Outcome;
use crate::measure::{Accumulator, Measure};

/// A measure, and the rows that it is tried on.
pub(super) struct Trial<'a> {
    pub(super) measure: &'a Measure,
    pub(super) arguments: &'a [ArrayRef],
}

/// Rows by number, in three parts that follow on one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts(pub(super) [Vec<u32>; 3]);

impl Parts {
    /// The rows cut in two places.
    pub(super) fn cut(rows: &[u32], first: usize, second: usize) -> Self {
        let (head, last) = rows.split_at(second.min(rows.len()));
        let (head, middle) = head.split_at(first.min(head.len()));
        Self([head.to_vec(), middle.to_vec(), last.to_vec()])
    }

    /// All rows.
    pub(super) fn all(&self) -> Vec<u32> {
        self.0.concat()
    }

    /// Where the cuts are: how many rows are before each.
    pub(super) fn places(&self) -> [usize; 2] {
        let [first, second, _] = &self.0;
        [first.len(), first.len() + second.len()]
    }
}

impl<'a> Trial<'a> {
    pub(super) fn new(measure: &'a Measure, arguments: &'a [ArrayRef]) -> Self {
        Self { measure, arguments }
    }

    /// The arguments in these rows.
    pub(super) fn rows(&self, rows: &[u32]) -> Result<Vec<ArrayRef>> {
        let rows = UInt32Array::from(rows.to_vec());
        let columns = self
            .arguments
            .iter()
            .map(|column| take(column, &rows, None));
        columns.collect()
    }

    /// What the two sides of a law give.
    pub(super) fn sides(&self, law: Law, parts: &Parts) -> (Outcome, Outcome) {
        let [a, b, c] = &parts.0;
        let (all, rest) = (parts.all(), [b.as_slice(), c].concat());
        match law {
            Law::Chunks => (
                outcome(self.folded(&[&all])),
                outcome(self.folded(&[a, &rest])),
            ),
            Law::Groups => (outcome(self.folded(&[a])), self.beside(a, &rest)),
            Law::Encoded => (outcome(self.folded(&[&all])), outcome(self.encoded(&all))),
            Law::Identity => (
                outcome(self.folded(&[&all])),
                outcome(self.beside_nothing(&all)),
            ),
            Law::Split => (
                outcome(self.folded(&[&all])),
                outcome(self.split(&[a, &rest])),
            ),
            Law::Commutative => (
                outcome(self.split(&[a, &rest])),
                outcome(self.split(&[&rest, a])),
            ),
            Law::Associative => (
                outcome(self.nested(&[a, b], &[c], false)),
                outcome(self.nested(&[b, c], &[a], true)),
            ),
        }
    }

    fn accumulator(&self) -> Result<Accumulator> {
        match self.measure.accumulator()? {
            Some(accumulator) => Ok(accumulator),
            None => fail!("COUNT(*) has no accumulator"),
        }
    }

    /// Rows folded chunk by chunk. A group exists through its rows, so nothing is ever folded for
    /// none.
    fn folded(&self, chunks: &[&[u32]]) -> Result<Accumulator> {
        let mut accumulator = self.accumulator()?;
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            accumulator.update_batch(&self.rows(chunk)?, &vec![0; chunk.len()], None, 1)?;
        }
        Ok(accumulator)
    }

    fn state(&self, rows: &[u32]) -> Result<Vec<ArrayRef>> {
        saved(self.folded(&[rows])?)
    }

    /// The states of these parts; a part without rows has none.
    fn states(&self, parts: &[&[u32]]) -> Result<Vec<Vec<ArrayRef>>> {
        let parts = parts.iter().filter(|part| !part.is_empty());
        parts.map(|part| self.state(part)).collect()
    }

    fn merged(&self, states: &[Vec<ArrayRef>]) -> Result<Accumulator> {
        let mut accumulator = self.accumulator()?;
        for state in states {
            accumulator.merge_batch(state, &[0], 1)?;
        }
        Ok(accumulator)
    }

    /// Parts folded apart, then merged in this order.
    fn split(&self, parts: &[&[u32]]) -> Result<Accumulator> {
        self.merged(&self.states(parts)?)
    }

    /// Some parts merged to one state, and that merged with others before or after it.
    fn nested(&self, inner: &[&[u32]], outer: &[&[u32]], before: bool) -> Result<Accumulator> {
        let mut states = self.states(outer)?;
        let inner = self.states(inner)?;
        if !inner.is_empty() {
            let inner = saved(self.merged(&inner)?)?;
            states.insert(if before { states.len() } else { 0 }, inner);
        }
        self.merged(&states)
    }

    /// The state of the rows between two states of rows that are skipped: of NULLs alone.
    fn beside_nothing(&self, rows: &[u32]) -> Result<Accumulator> {
        let state = self.state(rows)?;
        let inputs = self.measure.inputs.len();
        let nulls: Vec<ArrayRef> = (self.rows(rows)?.iter().enumerate())
            .map(|(at, column)| match at < inputs {
                true => new_null_array(column.data_type(), 1),
                false => column.slice(0, 1),
            })
            .collect();
        let mut nothing = self.accumulator()?;
        nothing.update_batch(&nulls, &[0], None, 1)?;
        let nothing = saved(nothing)?;
        self.merged(&[nothing.clone(), state, nothing])
    }

    fn encoded(&self, rows: &[u32]) -> Result<Accumulator> {
        let state = self.state(rows)?;
        self.declared(&state)?;
        self.merged(&[recoded(&state)?])
    }

    /// The value of the second group, after the rows of both came in turn.
    fn beside(&self, rows: &[u32], others: &[u32]) -> Outcome {
        if others.is_empty() {
            return outcome(self.folded(&[rows]));
        }
        let longer = rows.len().max(others.len());
        let mut mixed = vec![];
        let mut groups = vec![];
        for n in 0..longer {
            for (group, row) in [(0, others.get(n)), (1, rows.get(n))] {
                if let Some(row) = row {
                    mixed.push(*row);
                    groups.push(group);
                }
            }
        }
        let fold = || {
            let mut accumulator = self.accumulator()?;
            accumulator.update_batch(&self.rows(&mixed)?, &groups, None, 2)?;
            accumulator.evaluate(EmitTo::All)
        };
        match (fold(), outcome(self.folded(&[others]))) {
            (Ok(values), _) => Outcome::of(&values, 1),
            // All groups are finished together, and the other one is to blame.
            (Err(_), Outcome::Failed(_)) => outcome(self.folded(&[rows])),
            (Err(error), _) => Outcome::failed(&error),
        }
    }

    fn declared(&self, state: &[ArrayRef]) -> Result<()> {
        let found: Vec<&DataType> = state.iter().map(|column| column.data_type()).collect();
        let declared = self.measure.state();
        let declared: Vec<&DataType> = declared.iter().map(|(_, data_type)| data_type).collect();
        if found == declared {
            return Ok(());
        }
        fail!("the state has columns {found:?}, declared are {declared:?}")
    }
}

fn saved(mut accumulator: Accumulator) -> Result<Vec<ArrayRef>> {
    accumulator.state(EmitTo::All)
}

fn outcome(accumulator: Result<Accumulator>) -> Outcome {
    match accumulator.and_then(|mut accumulator| accumulator.evaluate(EmitTo::All)) {
        Ok(values) => Outcome::of(&values, 0),
        Err(error) => Outcome::failed(&error),
    }
}

/// A state after it was written as bytes, in Arrow's stream format, and read again.
fn recoded(state: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let columns = (0..)
        .zip(state)
        .map(|(n, column): (u32, _)| (n.to_string(), column.clone(), true));
    let rows = RecordBatch::try_from_iter_with_nullable(columns)?;
    let mut bytes = vec![];
    let mut writer = StreamWriter::try_new(&mut bytes, rows.schema_ref())?;
    writer.write(&rows)?;
    writer.finish()?;
    drop(writer);
    let mut reader = StreamReader::try_new(bytes.as_slice(), None)?;
    match reader.next() {
        Some(rows) => Ok(rows?.columns().to_vec()),
        None => fail!("the state was written as nothing"),
    }
}
