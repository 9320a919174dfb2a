//! What one file holds: which records, in which order, and what they are like.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::TimestampMicrosecondType;
use shared_logic::chunk::Chunk;
use shared_logic::decode::Decoder;
use shared_logic::identity::{Offset, Partition, TopicPartition};
use shared_logic::time::{EventTime, Watermark};

use super::Adoption;
use super::columns::{Columns, usual};
use super::name::{Named, folder};
use crate::LogError;
use crate::archive::{Archive, Foreign, Held, whole};
use crate::input::source::{complete, wrong};

/// A file and what it holds of each partition.
pub(super) struct Looked {
    pub(super) file: Foreign,
    pub(super) held: BTreeMap<Partition, Held>,
}

/// Reads a file from its beginning to its end. `numbers` has the next number of each partition, where
/// records are numbered.
///
/// # Errors
/// [`LogError::Input`] with what is wrong.
pub(super) fn look(
    path: &Path,
    archive: &Archive,
    how: &Adoption,
    named: Option<Named>,
    numbers: &mut BTreeMap<Partition, Offset>,
) -> Result<Looked, LogError> {
    let table = archive.table();
    let mut file = Foreign::open(path)?;
    complete(path, file.schema(), table, &[])?;
    let missing = |name: String| wrong(path, format!("it has no column {name:?}"));
    let columns = Columns::of(file.schema(), table, how).map_err(missing)?;
    let named = named.filter(|_| columns.offsets.is_none() && !how.numbered);
    if columns.offsets.is_none() && named.is_none() && !how.numbered {
        return Err(wrong(path, offsetless()));
    }
    let only = match &named {
        Some(named) => named.partition,
        None if how.numbered => Partition(0),
        None => folder(path).unwrap_or(Partition(0)),
    };
    file.offsets = columns.offsets;
    file.partitions = columns.partitions.filter(|_| named.is_none());
    file.numbered = how.numbered;
    if let Some(named) = &named {
        numbers.insert(only, named.first);
    }
    let mut looking = Looking {
        path,
        decoder: Decoder::new(
            table.clone(),
            &(0..table.schema.fields().len()).collect::<Vec<_>>(),
        ),
        event_time: table.event_time,
        place: TopicPartition {
            topic: table.topic.clone(),
            partition: only,
        },
        ends: file.ends(),
        held: BTreeMap::new(),
        record: 0,
        numbers,
    };
    for rows in file.rows(table)? {
        let rows =
            rows.map_err(|error| wrong(path, format!("it cannot be read as Parquet: {error}")))?;
        looking.rows(&file, &rows)?;
    }
    let held = looking.held;
    if let (Some(last), Some(held)) = (named.and_then(|named| named.last), held.get(&only))
        && held.last != last
    {
        return Err(wrong(
            path,
            format!(
                "its name says that it ends with offset {last}, and it has {} records from {} on: which offset each has is in no column, name one with --offset-column",
                held.records, held.first
            ),
        ));
    }
    Ok(Looked { file, held })
}

fn offsetless() -> String {
    let names: Vec<String> = usual("offset").collect();
    format!(
        "nothing tells of offsets: it has no column {}, and its name is not TOPIC+PARTITION+START.parquet; name the column with --offset-column, or have records numbered with --numbered, for seam rules of the kind event-time alone",
        names.join(", ")
    )
}

/// What is known so far of a file that is being read.
struct Looking<'a> {
    path: &'a Path,
    decoder: Decoder,
    event_time: usize,
    /// Where records are that no column says the partition of.
    place: TopicPartition,
    /// How many records there are up to the end of each row group.
    ends: Vec<u64>,
    held: BTreeMap<Partition, Held>,
    /// How many records were read.
    record: u64,
    numbers: &'a mut BTreeMap<Partition, Offset>,
}

impl Looking<'_> {
    fn rows(&mut self, file: &Foreign, rows: &RecordBatch) -> Result<(), LogError> {
        let offsets = self.numbers_in(rows, file.offsets.as_deref(), "offset")?;
        let partitions = self.numbers_in(rows, file.partitions.as_deref(), "partition")?;
        let chunk = Chunk::typed(self.place.clone(), Offset(self.record), rows.clone());
        let decoded = self.decoder.decode(&chunk)?;
        let mut faulty = vec![false; rows.num_rows()];
        for fault in &decoded.faults {
            if let Some(flag) = faulty.get_mut(fault.row) {
                *flag = true;
            }
        }
        let times = decoded.columns.columns().get(self.event_time);
        let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
        for (row, faulty) in faulty.into_iter().enumerate() {
            let partition = match &partitions {
                Some(list) => self.partition(list.value(row))?,
                None => self.place.partition,
            };
            let number = self.numbers.entry(partition).or_default();
            let at = match &offsets {
                Some(list) => Offset(list.value(row)),
                None => *number,
            };
            *number = at.plus(1);
            let time = times.filter(|times| times.is_valid(row));
            let time = time.map(|times| Watermark(EventTime(times.value(row))));
            self.add(partition, at, faulty, time)?;
        }
        Ok(())
    }

    /// A column of numbers that has one in every row.
    fn numbers_in(
        &self,
        rows: &RecordBatch,
        name: Option<&str>,
        what: &str,
    ) -> Result<Option<UInt64Array>, LogError> {
        let Some((name, column)) = name.and_then(|name| Some((name, rows.column_by_name(name)?)))
        else {
            return Ok(None);
        };
        let numbers = whole(column).map_err(|error| {
            wrong(
                self.path,
                format!("column {name:?} does not hold {what}s: {error}"),
            )
        })?;
        match (0..numbers.len()).find(|row| numbers.is_null(*row)) {
            None => Ok(Some(numbers)),
            Some(row) => {
                let record = self.record + row as u64 + 1;
                Err(wrong(
                    self.path,
                    format!("record {record} has no {what} in column {name:?}"),
                ))
            }
        }
    }

    fn partition(&self, number: u64) -> Result<Partition, LogError> {
        let fits = u32::try_from(number).map(Partition);
        fits.map_err(|_| wrong(self.path, format!("there is no partition {number}")))
    }

    fn add(
        &mut self,
        partition: Partition,
        at: Offset,
        faulty: bool,
        time: Option<Watermark>,
    ) -> Result<(), LogError> {
        let group = self.ends.partition_point(|end| *end <= self.record);
        self.record += 1;
        let record = self.record;
        let place = || format!("{}/{partition}", self.place.topic);
        let held = self.held.entry(partition).or_default();
        if held.records > 0 && at <= held.last {
            let last = held.last;
            let reason = match at == last {
                true => format!(
                    "offset {at} of {} is there twice, the second time in record {record}: leave one of them out",
                    place()
                ),
                false => format!(
                    "record {record} has offset {at} of {} behind offset {last}: sort its records by partition and offset, each once",
                    place()
                ),
            };
            return Err(wrong(self.path, reason));
        }
        held.add(at, group, faulty, time);
        Ok(())
    }
}
