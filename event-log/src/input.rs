//! A file of events as a log in memory: JSON lines, CSV, Parquet or Avro.

mod avro;
mod csv;
mod deal;
mod order;
pub(crate) mod source;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use shared_logic::chunk::{Chunk, Payload};
use shared_logic::decode::{DecodeError, Decoded, Decoder};
use shared_logic::identity::{Offset, Partition, TopicPartition};
use shared_logic::table::Table;
use shared_logic::time::EventTime;

use crate::memory::MemoryLog;
use crate::{LogError, value};

/// The events of a file, dealt to the partitions of its table's topic as a producer would have.
///
/// The text of the table's `partition_by` column is the key; see
/// [`partitioner`](crate::partitioner). Without such a column row n goes to partition n modulo the
/// number of partitions.
#[derive(Debug)]
pub struct Input {
    /// The events.
    pub log: MemoryLog,
    /// Where each row of the file went, in the order in which rows arrived.
    pub assignment: Vec<(Partition, Offset)>,
    /// When each row arrived, in the same order, where a column says so. Not an event time, but an
    /// instant all the same.
    pub arrivals: Option<Vec<EventTime>>,
}

/// Some rows of a file, and what is known of each.
struct Block {
    payload: Payload,
    /// The text of `partition_by`; NULL where there is none.
    keys: BinaryArray,
    /// Microseconds since 1970.
    arrivals: Option<Int64Array>,
    /// What the rows are to be sorted by.
    order: Option<ArrayRef>,
}

impl Input {
    /// Reads the file at `path`: Parquet (`.parquet`), JSON lines (`.jsonl`, `.ndjson`, `.json`), CSV
    /// with a header (`.csv`) or an Avro object container (`.avro`).
    ///
    /// Rows are in arrival order, or are sorted by `order_by`, rows with equal values in the order
    /// of the file and rows without a value last. `arrival` names the column of arrival times. Both
    /// may be columns outside of the table, which are read as instants.
    ///
    /// Lines of JSON and records of CSV that cannot be read are kept, to be rejected when they are
    /// decoded: they have no key, and the arrival of the record before. Blank lines are no records.
    ///
    /// # Errors
    /// The file cannot be read, lacks a column, or has a row without a readable arrival.
    pub fn open(
        path: impl AsRef<Path>,
        table: &Table,
        partitions: u32,
        order_by: Option<&str>,
        arrival: Option<&str>,
    ) -> Result<Self, LogError> {
        if partitions == 0 {
            return Err(LogError::Refused(
                "a topic needs at least one partition".into(),
            ));
        }
        let path = path.as_ref();
        let mut rows = Rows::new(path, table, order_by, arrival);
        let mut blocks = Vec::new();
        for payload in source::open(path, table, &rows.outside())? {
            blocks.push(rows.block(payload?)?);
        }
        if order_by.is_some() {
            blocks =
                order::sort(blocks).map_err(|error| LogError::columns(path.display(), &error))?;
        }
        deal::deal(
            blocks,
            &table.topic,
            partitions,
            table.partition_by.is_some(),
        )
        .map_err(|error| LogError::columns(path.display(), &error))
    }
}

/// Finds out what is to be known of rows.
struct Rows<'a> {
    path: &'a Path,
    /// The chunk's place in messages.
    place: TopicPartition,
    key: Option<Decoder>,
    order: Option<(&'a str, Decoder)>,
    arrival: Option<(&'a str, Decoder)>,
    table: &'a Table,
    /// How many rows came before.
    before: usize,
    /// The arrival of the row before.
    last: Option<i64>,
}

impl<'a> Rows<'a> {
    fn new(
        path: &'a Path,
        table: &'a Table,
        order_by: Option<&'a str>,
        arrival: Option<&'a str>,
    ) -> Self {
        let shared = Arc::new(table.clone());
        let instant = |name: &str| Decoder::new(Arc::new(instants(table, name)), &[0]);
        let order = order_by.filter(|name| Some(*name) != arrival).map(|name| {
            let decoder = match table.index(name) {
                Some(index) => Decoder::new(shared.clone(), &[index]),
                None => instant(name),
            };
            (name, decoder)
        });
        Self {
            path,
            place: TopicPartition {
                topic: table.topic.clone(),
                partition: Partition(0),
            },
            key: table
                .partition_by
                .map(|index| Decoder::new(shared.clone(), &[index])),
            order,
            arrival: arrival.map(|name| (name, instant(name))),
            table,
            before: 0,
            last: None,
        }
    }

    /// The columns needed that the table does not have.
    fn outside(&self) -> Vec<&'a str> {
        let names = self
            .order
            .iter()
            .chain(&self.arrival)
            .map(|(name, _)| *name);
        names
            .filter(|name| self.table.index(name).is_none())
            .collect()
    }

    fn block(&mut self, payload: Payload) -> Result<Block, LogError> {
        let mut chunk = Chunk {
            place: self.place.clone(),
            start: Offset(self.before as u64),
            next: Offset(self.before as u64),
            offsets: None,
            arrivals: None,
            payload,
        };
        let rows = chunk.rows();
        chunk.next = chunk.start.plus(rows as u64);
        let keys = match &self.key {
            Some(decoder) => value::keys(&column(decoder, &chunk)?.0)
                .map_err(|error| LogError::columns(self.path.display(), &error))?,
            None => BinaryArray::new_null(rows),
        };
        let order = match &self.order {
            Some((name, decoder)) => {
                let (column, decoded) = column(decoder, &chunk)?;
                if self.table.index(name).is_none() {
                    self.convertible(name, &decoded)?;
                }
                Some(column)
            }
            None => None,
        };
        let arrivals = match &self.arrival {
            Some((name, decoder)) => {
                let (column, decoded) = column(decoder, &chunk)?;
                self.convertible(name, &decoded)?;
                Some(self.arrivals(name, &column, &decoded)?)
            }
            None => None,
        };
        if let Some(arrivals) = &arrivals {
            self.last = arrivals.values().last().copied().or(self.last);
        }
        self.before += rows;
        let order = order.or_else(|| arrivals.clone().map(|list| Arc::new(list) as ArrayRef));
        let payload = match chunk.payload {
            Payload::Raw(mut raw) => {
                raw.keys = keys.clone();
                Payload::Raw(raw)
            }
            typed => typed,
        };
        Ok(Block {
            payload,
            keys,
            arrivals,
            order,
        })
    }

    /// Fails where a value of a whole record does not convert.
    fn convertible(&self, name: &str, decoded: &Decoded) -> Result<(), LogError> {
        match decoded.faults.iter().find(|fault| fault.column.is_some()) {
            Some(fault) => Err(self.wrong(format!(
                "record {}, column {name:?}: {}",
                self.before + fault.row + 1,
                fault.reason
            ))),
            None => Ok(()),
        }
    }

    /// The arrivals of a block; those of malformed records are the ones before.
    fn arrivals(
        &self,
        name: &str,
        column: &ArrayRef,
        decoded: &Decoded,
    ) -> Result<Int64Array, LogError> {
        let times = column.as_primitive::<TimestampMicrosecondType>();
        if times.null_count() == 0 {
            return Ok(times.reinterpret_cast::<Int64Type>());
        }
        let malformed = |row: usize| {
            decoded
                .faults
                .binary_search_by_key(&row, |fault| fault.row)
                .is_ok()
        };
        let mut last = self.last.or_else(|| times.iter().flatten().next());
        let mut arrivals = Vec::with_capacity(times.len());
        for (row, time) in times.iter().enumerate() {
            match time.or_else(|| last.filter(|_| malformed(row))) {
                Some(time) => {
                    arrivals.push(time);
                    last = Some(time);
                }
                None => {
                    let record = self.before + row + 1;
                    return Err(self.wrong(format!("record {record} has no {name:?}, its arrival")));
                }
            }
        }
        Ok(arrivals.into())
    }

    fn wrong(&self, reason: String) -> LogError {
        LogError::Input {
            path: self.path.to_owned(),
            reason,
        }
    }
}

/// The one column that `decoder` makes of a chunk.
fn column(decoder: &Decoder, chunk: &Chunk) -> Result<(ArrayRef, Decoded), DecodeError> {
    let decoded = decoder.decode(chunk)?;
    Ok((decoded.columns.column(0).clone(), decoded))
}

/// A table of one column of instants, written as in `table`.
fn instants(table: &Table, name: &str) -> Table {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    Table {
        schema: Arc::new(Schema::new(vec![Field::new(name, instant, true)])),
        event_time: 0,
        partition_by: None,
        ..table.clone()
    }
}

#[cfg(test)]
mod tests;
