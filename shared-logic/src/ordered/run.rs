//! A run of ordered state over a log.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};

use super::states::States;
use super::{Ordered, OrderedError, Row, Step};
use crate::admission::Admission;
use crate::chunk::Chunk;
use crate::coverage::Coverage;
use crate::decode::Decoder;
use crate::identity::{Offset, TopicPartition};
use crate::partial::Counters;
use crate::prepare::Reject;
use crate::saved::{self, Header, SavedError};
use crate::time::{EventTime, Watermark};

const KIND: &str = "ordered";

/// Ordered state at a point of the log.
///
/// It can be continued and saved, and not merged.
pub struct Run<S: Step> {
    logic: Ordered<S>,
    decoder: Decoder,
    partitions: u32,
    coverage: Coverage,
    counters: Counters,
    places: BTreeMap<TopicPartition, States<S::State>>,
}

/// What a chunk gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed<O> {
    /// What was put out, each with the offset of its event, in order.
    pub outputs: Vec<(Offset, O)>,
    /// The records that could not be read.
    pub rejects: Vec<Reject>,
}

impl<S: Step> Ordered<S> {
    /// A run from the beginning of a topic with this many partitions.
    pub fn start(&self, partitions: u32) -> Run<S> {
        let (table, columns) = (&self.plan.table, self.plan.prepare.columns());
        Run {
            logic: self.clone(),
            decoder: Decoder::new(Arc::clone(table), columns),
            partitions,
            coverage: Coverage::default(),
            counters: Counters::default(),
            places: BTreeMap::new(),
        }
    }

    /// A run that goes on where another one was saved.
    ///
    /// # Errors
    /// The bytes are damaged, of a later version, or of other logic; or the topic has another number
    /// of partitions now.
    pub fn restore(&self, bytes: &[u8], partitions: u32) -> Result<Run<S>, SavedError> {
        let (header, rows) = saved::restore(bytes, KIND, &self.plan.fingerprint)?;
        let saved = header.partitions.unwrap_or_default();
        if saved != partitions {
            let found = partitions;
            return Err(SavedError::Partitions { saved, found });
        }
        let mut run = self.start(partitions);
        run.coverage = header.coverage;
        run.counters = header.counters;
        let Some((places, columns)) = rows.columns().split_first() else {
            return Err(SavedError::Content("there are no columns".into()));
        };
        let Some(places) = places.as_string_opt::<i32>() else {
            return Err(SavedError::Content("there are no partitions".into()));
        };
        let mut from = 0;
        while from < places.len() {
            let name = places.value(from);
            let same = (from..places.len()).take_while(|row| places.value(*row) == name);
            let count = same.count();
            let place = TopicPartition::try_from(name.to_owned())
                .map_err(|error| SavedError::Content(error.to_string()))?;
            let columns: Vec<ArrayRef> = (columns.iter())
                .map(|column| column.slice(from, count))
                .collect();
            let mut states = States::new(&self.plan.keys)?;
            states.restore(&columns)?;
            run.places.insert(place, states);
            from += count;
        }
        Ok(run)
    }
}

impl<S: Step> Run<S> {
    /// The records that it has seen.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What became of the records that the code has not seen.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Takes in the next records of a partition.
    ///
    /// # Errors
    /// They do not follow on those before, or cannot be read as a whole.
    pub fn push(&mut self, chunk: &Chunk) -> Result<Pushed<S::Output>, OrderedError> {
        let place = &chunk.place;
        if place.partition.0 >= self.partitions {
            return Err(OrderedError::Partition {
                place: place.clone(),
                partitions: self.partitions,
            });
        }
        let plan = &self.logic.plan;
        let decoded = self.decoder.decode(chunk)?;
        let prepared = plan.prepare.apply(&decoded, Admission::All, None)?;
        self.coverage.read(chunk, prepared.latest.map(Watermark))?;
        self.counters.rejected += prepared.rejects.len() as u64;
        self.counters.filtered += prepared.filtered;
        if !self.places.contains_key(place) {
            let states = States::new(&plan.keys)?;
            self.places.insert(place.clone(), states);
        }
        let mut outputs = vec![];
        let wrong = RefCell::new(None);
        let inputs = prepared.arguments.first().map_or(&[][..], Vec::as_slice);
        if let (Some(states), Some(moments)) = (self.places.get_mut(place), &prepared.moments) {
            let times = moments.times.as_primitive::<TimestampMicrosecondType>();
            let step = &self.logic.step;
            states.visit(&prepared.keys, moments.rows.len(), |row, state| {
                let offset = moments.rows.get(row).map(|row| chunk.offset(*row));
                let offset = offset.unwrap_or(chunk.next);
                let row = Row {
                    time: EventTime(times.value(row)),
                    offset,
                    place,
                    inputs,
                    row,
                    wrong: &wrong,
                };
                step.step(row, state, |output| outputs.push((offset, output)))
            })?;
        }
        if let Some((input, asked)) = wrong.take() {
            let found = inputs.get(input);
            let found = found.map_or("missing".to_owned(), |one| one.data_type().to_string());
            return Err(OrderedError::Input {
                input,
                found,
                asked,
            });
        }
        Ok(Pushed {
            outputs,
            rejects: prepared.rejects,
        })
    }

    /// This run as bytes: equal for equal states, whatever chunks they came in.
    ///
    /// # Errors
    /// A state that cannot be written.
    pub fn save(&self) -> Result<Vec<u8>, SavedError> {
        let keys = &self.logic.plan.keys;
        let mut fields = vec![Field::new("place", DataType::Utf8, false)];
        for (n, key) in keys.iter().enumerate() {
            fields.push(Field::new(format!("key_{n}"), key.clone(), true));
        }
        fields.push(Field::new("state", DataType::Binary, false));
        let schema = Arc::new(Schema::new(fields));
        let mut parts: Vec<Vec<ArrayRef>> = vec![];
        for (place, states) in &self.places {
            let mut columns = states.columns()?;
            let rows = columns.last().map_or(0, |states| states.len());
            let names = std::iter::repeat_n(place.to_string(), rows);
            columns.insert(0, Arc::new(StringArray::from_iter_values(names)));
            parts.push(columns);
        }
        let rows = match parts.as_slice() {
            [] => RecordBatch::new_empty(Arc::clone(&schema)),
            parts => {
                let whole = (0..schema.fields().len()).map(|at| {
                    let column = parts.iter().filter_map(|part| part.get(at));
                    concat(&column.map(AsRef::as_ref).collect::<Vec<&dyn Array>>())
                });
                RecordBatch::try_new(schema, whole.collect::<Result<_, _>>()?)?
            }
        };
        let header = Header {
            kind: KIND.into(),
            fingerprint: self.logic.plan.fingerprint.clone(),
            partitions: Some(self.partitions),
            coverage: self.coverage.clone(),
            counters: self.counters,
        };
        saved::save(&header, &rows)
    }
}
