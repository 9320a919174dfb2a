//! Reading a range of the archive.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

use super::OWN_COLUMNS;
use super::files;
use super::footer::{self, Footer};
use crate::tile::Tiles;
use crate::{Chunks, LogError};

/// What is asked of the archive.
pub(super) struct Want {
    pub(super) place: TopicPartition,
    pub(super) range: Range<Offset>,
    pub(super) rows: usize,
    /// The table definition whose typed columns will do.
    pub(super) table: String,
    /// The table columns wanted; `None` for all.
    pub(super) columns: Option<Vec<usize>>,
    pub(super) verified: Verified,
}

/// The files whose bytes were found to be as they were written. A file never changes, so that once
/// is enough for all the ranges that an archive is read in.
#[derive(Clone, Debug, Default)]
pub(super) struct Verified(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Verified {
    /// Reads the file whole and compares its sum, unless that was done.
    pub(super) fn check(&self, path: &Path) -> Result<(), LogError> {
        let known = |files: &mut BTreeSet<PathBuf>| files.contains(path);
        if self.with(known) {
            return Ok(());
        }
        let bytes = files::read(path)?;
        footer::verify(&bytes).map_err(|reason| damaged(path, reason))?;
        self.with(|files| files.insert(path.to_owned()));
        Ok(())
    }

    fn with<T>(&self, each: impl FnOnce(&mut BTreeSet<PathBuf>) -> T) -> T {
        each(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The chunks of a range that is within the bounds of these files, given by first offset.
pub(super) fn chunks(files: Vec<(Offset, PathBuf)>, want: Want) -> Chunks {
    // The file in which the range begins, and those behind it as far as the range goes.
    let begin = files
        .partition_point(|(first, _)| *first <= want.range.start)
        .saturating_sub(1);
    let end = files.partition_point(|(first, _)| *first < want.range.end);
    let files: VecDeque<_> = files.into_iter().take(end).skip(begin).collect();
    let (range, rows) = (want.range.clone(), want.rows);
    let source = Source {
        next: files.front().map_or(range.end, |(first, _)| *first),
        files: if range.is_empty() {
            VecDeque::new()
        } else {
            files
        },
        open: None,
        failed: false,
        want,
    };
    Box::new(Tiles::new(source, range, rows))
}

/// Chunks of one file after the other.
struct Source {
    files: VecDeque<(Offset, PathBuf)>,
    want: Want,
    open: Option<OpenFile>,
    /// Where the next chunk begins.
    next: Offset,
    failed: bool,
}

/// The file that is being read.
struct OpenFile {
    path: PathBuf,
    footer: Footer,
    typed: bool,
    rows: ParquetRecordBatchReader,
}

impl Iterator for Source {
    type Item = Result<Chunk, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step().transpose();
        self.failed = matches!(step, Some(Err(_)));
        step
    }
}

impl Source {
    fn step(&mut self) -> Result<Option<Chunk>, LogError> {
        while self.next < self.want.range.end {
            if let Some(mut file) = self.open.take() {
                match file.rows.next() {
                    Some(rows) => {
                        let chunk = (rows.and_then(|rows| self.chunk(&file, &rows)))
                            .map_err(|error| damaged(&file.path, error))?;
                        self.next = chunk.next;
                        self.open = Some(file);
                        return Ok(Some(chunk));
                    }
                    // Offsets behind the last record wanted belong to this file, too.
                    None if self.next < file.footer.next => {
                        let chunk = self.empty(self.next..file.footer.next);
                        self.next = chunk.next;
                        return Ok(Some(chunk));
                    }
                    None => {}
                }
            }
            let Some((first, path)) = self.files.pop_front() else {
                return Err(self.hole(self.want.range.end));
            };
            if first < self.next {
                let reason = format!("the file before it ends at {}", self.next);
                return Err(damaged(&path, reason));
            }
            if first > self.next {
                return Err(self.hole(first));
            }
            self.open = Some(self.open(path, first)?);
        }
        Ok(None)
    }

    fn hole(&self, next: Offset) -> LogError {
        LogError::Hole {
            place: self.want.place.clone(),
            start: self.next,
            next,
        }
    }

    fn open(&self, path: PathBuf, first: Offset) -> Result<OpenFile, LogError> {
        self.want.verified.check(&path)?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(files::open(&path)?)
            .map_err(|error| damaged(&path, error))?;
        let footer = Footer::parse(builder.metadata(), &self.want.place, first)
            .map_err(|reason| damaged(&path, reason))?;
        let typed = footer.table == self.want.table && footer.faulty == 0;
        let own = OWN_COLUMNS.len();
        let wanted: Vec<usize> = match &self.want.columns {
            _ if !typed => (0..own).collect(),
            Some(columns) => [0, 1]
                .into_iter()
                .chain(columns.iter().map(|at| own + at))
                .collect(),
            None => (0..2).chain(own..builder.schema().fields().len()).collect(),
        };
        let groups = (builder.metadata().row_groups().iter().enumerate())
            .filter(|(_, group)| overlaps(group, &self.want.range))
            .map(|(nth, _)| nth)
            .collect();
        let columns = ProjectionMask::roots(builder.parquet_schema(), wanted);
        let rows = builder
            .with_projection(columns)
            .with_row_groups(groups)
            .with_batch_size(self.want.rows)
            .build()
            .map_err(|error| damaged(&path, error))?;
        Ok(OpenFile {
            path,
            footer,
            typed,
            rows,
        })
    }

    /// Rows of a file as a chunk, which begins where the last one stopped.
    fn chunk(&self, file: &OpenFile, rows: &RecordBatch) -> Result<Chunk, ArrowError> {
        let column = |name: &str| {
            (rows.column_by_name(name))
                .ok_or_else(|| ArrowError::SchemaError(format!("it has no column {name}")))
        };
        let offsets = column("__offset")?.as_primitive_opt::<UInt64Type>();
        let arrivals = column("__arrival")?.as_primitive_opt::<TimestampMicrosecondType>();
        let (Some(offsets), Some(arrivals)) = (offsets, arrivals) else {
            return Err(ArrowError::SchemaError(
                "its columns have other types".into(),
            ));
        };
        let list = offsets.values();
        let first = list.first().map_or(self.next, |at| Offset(*at));
        let next = list.last().map_or(self.next, |at| Offset(*at).plus(1));
        // The first rows read may begin before the range; what lies between them and the range's
        // start was passed over because no record in it is wanted.
        let start = match self.next < self.want.range.start {
            true => first.min(self.want.range.start),
            false => self.next,
        };
        let gapless = start == first && next.0 - start.0 == rows.num_rows() as u64;
        let payload = if file.typed {
            let typed = |name: &&str| !OWN_COLUMNS.contains(name);
            let schema = rows.schema();
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let kept: Vec<usize> = (names.enumerate().filter(|(_, name)| typed(name)))
                .map(|(at, _)| at)
                .collect();
            Payload::Typed(rows.project(&kept)?)
        } else {
            let binary = |name: &str| -> Result<BinaryArray, ArrowError> {
                (column(name)?.as_binary_opt::<i32>().cloned())
                    .ok_or_else(|| ArrowError::SchemaError(format!("{name} has another type")))
            };
            Payload::Raw(Raw {
                keys: binary("__key")?,
                values: binary("__value")?,
                headers: binary("__headers")?,
            })
        };
        let known = arrivals.null_count() < arrivals.len();
        Ok(Chunk {
            place: self.want.place.clone(),
            start,
            next,
            offsets: (!gapless).then(|| offsets.clone()),
            arrivals: known.then(|| arrivals.reinterpret_cast::<Int64Type>()),
            payload,
        })
    }

    /// A chunk of offsets that no record has.
    fn empty(&self, range: Range<Offset>) -> Chunk {
        let nothing = BinaryArray::new_null(0);
        Chunk {
            place: self.want.place.clone(),
            start: range.start,
            next: range.end,
            offsets: None,
            arrivals: None,
            payload: Payload::Raw(Raw {
                keys: nothing.clone(),
                values: nothing.clone(),
                headers: nothing,
            }),
        }
    }
}

/// Whether a row group may hold records at offsets in `range`.
fn overlaps(group: &RowGroupMetaData, range: &Range<Offset>) -> bool {
    let offsets = group
        .columns()
        .first()
        .and_then(|column| column.statistics());
    match offsets {
        Some(Statistics::Int64(offsets)) => {
            let bound = |value: Option<&i64>| value.map(|at| Offset(at.cast_unsigned()));
            bound(offsets.min_opt()).is_none_or(|min| min < range.end)
                && bound(offsets.max_opt()).is_none_or(|max| max >= range.start)
        }
        _ => true,
    }
}

fn damaged(path: &Path, reason: impl ToString) -> LogError {
    LogError::Damaged {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
