//! The archive: a topic in Parquet files, each of which stands for a range of offsets.
//!
//! ```text
//! <root>/archive/<topic>/partition=<p>/<first offset, 20 digits>.parquet
//! ```
//!
//! A file is made once and never changed. It holds the raw key, value, headers and arrival of each
//! record, so the source stays as it was, and beside them the table's typed columns, so that a job
//! with the same table definition need not decode again. Its footer says where the next file
//! begins: files tile, and two archivers collide on the name.
//!
//! A file may also stand for one that lies elsewhere and was [adopted](crate::adopt): then it holds no
//! records, and its footer says where they are and how they were.
//!
//! The file's own metadata has a CRC-32C of every column chunk, and of all behind them. What is read
//! is checked, and a reader of some columns reads no others. The facts of the footer have a sum of
//! their own, as they are also read alone.

mod adopted;
mod files;
mod footer;
mod foreign;
mod guarded;
mod reader;
mod sums;
mod writer;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::max;
use arrow::datatypes::TimestampMicrosecondType;
use shared_logic::decode::{Decoded, Decoder};
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::table::Table;
use shared_logic::time::{EventTime, Watermark};

use crate::log::within;
use crate::{Chunks, EventLog, LogError};
pub use adopted::Adopted;
pub(crate) use adopted::whole;
use files::Folder;
pub use footer::Footer;
pub(crate) use foreign::{Foreign, Held};
pub(crate) use writer::{FileWriter, Prepared};

/// The columns of a file before those of the table.
const OWN_COLUMNS: [&str; 5] = ["__offset", "__arrival", "__key", "__value", "__headers"];

/// One topic's archive, read and written with one table definition.
#[derive(Debug)]
pub struct Archive {
    folder: Folder,
    topic: Topic,
    table: Arc<Table>,
    /// The table columns that readers want; `None` for all.
    columns: Option<Vec<usize>>,
}

impl Archive {
    /// The archive of `topic` below `root`, whose records `table` describes. Nothing need be there
    /// yet, and nothing is made.
    ///
    /// # Errors
    /// [`LogError::Refused`] for a topic that cannot name a folder, or a table with a column that
    /// has the name of one of the archive's own.
    pub fn open(
        root: impl AsRef<Path>,
        topic: &Topic,
        table: Arc<Table>,
    ) -> Result<Self, LogError> {
        let name = topic.as_str();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !name.bytes().all(legal) || matches!(name, "" | "." | "..") {
            return Err(LogError::Refused(format!(
                "topic {name:?} cannot be archived: a topic's name has letters, digits, '.', '_' and '-' only"
            )));
        }
        if let Some(taken) = OWN_COLUMNS.iter().find(|name| table.index(name).is_some()) {
            return Err(LogError::Refused(format!(
                "table {} has a column {taken}, which the archive needs for itself: rename it",
                table.name
            )));
        }
        Ok(Self {
            folder: Folder::new(root.as_ref().join("archive").join(name)),
            topic: topic.clone(),
            table,
            columns: None,
        })
    }

    /// The same archive, of which typed chunks hold only the table's columns at these indices, and no
    /// arrivals; texts come as codes of a dictionary where the file has them so.
    pub fn only(mut self, columns: &[usize]) -> Self {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        columns.dedup();
        self.columns = Some(columns);
        self
    }

    /// The topic.
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The table definition it is read and written with.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Where the archive of a partition begins; `None` where there is none.
    ///
    /// # Errors
    /// The files cannot be listed.
    pub fn first(&self, place: &TopicPartition) -> Result<Option<Offset>, LogError> {
        Ok(self.folder.list(place.partition)?.first().copied())
    }

    /// Where the archive of a partition ends, and the next file begins; `None` where there is none.
    ///
    /// # Errors
    /// The files cannot be listed, or the last one is damaged.
    pub fn next(&self, place: &TopicPartition) -> Result<Option<Offset>, LogError> {
        let Some(last) = self.folder.list(place.partition)?.pop() else {
            return Ok(None);
        };
        Ok(Some(self.footer(place, last)?.next))
    }

    /// Whether the archive of a partition has offsets of its own making: files that tell of none were
    /// adopted, and their records numbered.
    ///
    /// # Errors
    /// The files cannot be listed, or the last one is damaged.
    pub fn is_numbered(&self, place: &TopicPartition) -> Result<bool, LogError> {
        let Some(last) = self.folder.list(place.partition)?.pop() else {
            return Ok(false);
        };
        let adopted = self.footer(place, last)?.adopted;
        Ok(adopted.is_some_and(|adopted| adopted.numbered))
    }

    /// What the footer of the file that begins at `first` says.
    ///
    /// # Errors
    /// The file is not there or damaged.
    pub fn footer(&self, place: &TopicPartition, first: Offset) -> Result<Footer, LogError> {
        footer::read(&self.folder.path(place.partition, first), place, first)
    }

    /// What the footer of the file that stands for `offset` says, if there is one.
    pub(crate) fn footer_of(
        &self,
        place: &TopicPartition,
        offset: Offset,
    ) -> Result<Option<Footer>, LogError> {
        let files = self.folder.list(place.partition)?;
        match files.into_iter().rfind(|first| *first <= offset) {
            Some(first) => self.footer(place, first).map(Some),
            None => Ok(None),
        }
    }

    /// The greatest event time, in this archive's table definition, among the records of a
    /// partition before offset `before`; `None` where there is none.
    ///
    /// The footers know it at the seams of files; inside of one, and in files of another table
    /// definition, records are decoded.
    ///
    /// # Errors
    /// The archive does not reach that far or cannot be read.
    pub fn watermark(
        &self,
        place: &TopicPartition,
        before: Offset,
    ) -> Result<Option<Watermark>, LogError> {
        let mut greatest = None;
        for first in self.folder.list(place.partition)?.into_iter().rev() {
            if first >= before {
                continue;
            }
            let footer = self.footer(place, first)?;
            let ours = footer.table == self.table.canonical();
            if ours && footer.next <= before {
                return Ok(greatest.max(footer.greatest).max(footer.before));
            }
            let decoder = Decoder::new(self.table.clone(), &[self.table.event_time]);
            for chunk in self.read(place, first..footer.next.min(before), 65_536)? {
                greatest = greatest.max(latest(&decoder.decode(&chunk?)?, 0));
            }
            if ours {
                return Ok(greatest.max(footer.before));
            }
        }
        Ok(greatest)
    }

    /// The files of a range of one partition with what their footers say, each found to be as it was
    /// written, and so what was adopted.
    ///
    /// # Errors
    /// A file that is damaged, or a range that the archive does not hold.
    pub fn checked(
        &self,
        place: &TopicPartition,
        range: &Range<Offset>,
    ) -> Result<Vec<(PathBuf, Footer)>, LogError> {
        let mut files = vec![];
        if range.is_empty() {
            return Ok(files);
        }
        let found = self.found(place)?;
        within(place, range, &self.bounds(place)?)?;
        for (n, first) in found.iter().enumerate() {
            let ends_before = found.get(n + 1).is_some_and(|next| *next <= range.start);
            if *first < range.end && !ends_before {
                let path = self.folder.path(place.partition, *first);
                files.push((path.clone(), reader::checked(&path, place, *first)?));
            }
        }
        Ok(files)
    }

    /// The records of a range as producers wrote them, also where the archive has them in columns.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub fn raw(&self, place: &TopicPartition, range: Range<Offset>) -> Result<Chunks, LogError> {
        self.chunks(place, range, 65_536, None)
    }

    /// The chunks of a range, in columns where the files were written with this table.
    fn chunks(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        rows: usize,
        table: Option<&Table>,
    ) -> Result<Chunks, LogError> {
        let files = self.found(place)?;
        within(place, &range, &self.bounds(place)?)?;
        if range.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let files = files
            .into_iter()
            .map(|first| (first, self.folder.path(place.partition, first)))
            .collect();
        let want = reader::Want {
            place: place.clone(),
            range,
            rows: rows.max(1),
            table: table.map(Table::canonical).unwrap_or_default(),
            schema: Arc::clone(&self.table.schema),
            columns: self.columns.clone(),
        };
        Ok(reader::chunks(files, want))
    }

    /// Removes what archivers of this partition that died left unfinished.
    pub(crate) fn sweep(&self, place: &TopicPartition) -> Result<(), LogError> {
        self.folder.sweep(place.partition)
    }

    fn found(&self, place: &TopicPartition) -> Result<Vec<Offset>, LogError> {
        let files = if place.topic == self.topic {
            self.folder.list(place.partition)?
        } else {
            Vec::new()
        };
        if files.is_empty() {
            return Err(LogError::NoPartition {
                place: place.clone(),
                there: self.partitions()?,
            });
        }
        Ok(files)
    }
}

/// The greatest value of a decoded timestamp column.
fn latest(decoded: &Decoded, column: usize) -> Option<Watermark> {
    let times = decoded.columns.columns().get(column)?;
    let times = times.as_primitive_opt::<TimestampMicrosecondType>()?;
    max(times).map(|time| Watermark(EventTime(time)))
}

impl EventLog for Archive {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        let mut places = Vec::new();
        for partition in self.folder.partitions()? {
            if !self.folder.list(partition)?.is_empty() {
                places.push(TopicPartition {
                    topic: self.topic.clone(),
                    partition,
                });
            }
        }
        Ok(places)
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        let files = self.found(place)?;
        let (first, last) = (files.first().copied(), files.last().copied());
        let next = self.footer(place, last.unwrap_or_default())?.next;
        Ok(first.unwrap_or_default()..next)
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        chunk_rows: usize,
    ) -> Result<Chunks, LogError> {
        self.chunks(place, range, chunk_rows, Some(&self.table))
    }
}
