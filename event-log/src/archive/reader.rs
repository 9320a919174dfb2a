//! Reading a range of the archive.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType, UInt64Type,
};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

use super::footer::{self, Footer};
use super::guarded::Guarded;
use super::{OWN_COLUMNS, adopted, files, sums};
use crate::tile::Tiles;
use crate::{Chunks, LogError};

/// What is asked of the archive.
pub(super) struct Want {
    pub(super) place: TopicPartition,
    pub(super) range: Range<Offset>,
    pub(super) rows: usize,
    /// The table definition whose typed columns will do.
    pub(super) table: String,
    /// The columns of the table.
    pub(super) schema: SchemaRef,
    /// The table columns wanted; `None` for all.
    pub(super) columns: Option<Vec<usize>>,
}

impl Want {
    /// The names of the table columns wanted.
    fn names(&self) -> Vec<String> {
        let fields = self.schema.fields().iter().enumerate();
        let wanted = |at: &usize| self.columns.as_ref().is_none_or(|list| list.contains(at));
        fields
            .filter(|(at, _)| wanted(at))
            .map(|(_, field)| field.name().clone())
            .collect()
    }
}

/// Rows of a file.
pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

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

/// The facts of a file whose bytes are as they were written.
pub(super) fn checked(
    path: &Path,
    place: &TopicPartition,
    first: Offset,
) -> Result<Footer, LogError> {
    let bytes = files::read(path)?;
    sums::verify(&bytes).map_err(|reason| damaged(path, reason))?;
    let footer = footer::read(path, place, first)?;
    if let Some(adopted) = &footer.adopted {
        adopted.verify()?;
    }
    Ok(footer)
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
    rows: Batches,
    /// The offset of the next row, in a file in which every offset has a record.
    counted: Option<Offset>,
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
                            .map_err(|error| file.damaged(error))?;
                        self.next = chunk.next;
                        if let Some(counted) = &mut file.counted {
                            *counted = chunk.next;
                        }
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
        let (guarded, metadata) = Guarded::open(&path)?;
        let footer = Footer::parse(&metadata, &self.want.place, first)
            .map_err(|reason| damaged(&path, reason))?;
        if footer.adopted.is_some() {
            return self.open_adopted(path, footer);
        }
        let typed = footer.table == self.want.table && footer.faulty == 0;
        let mut metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::default())
            .map_err(|error| damaged(&path, error))?;
        if typed && self.want.columns.is_some() {
            metadata = coded(&metadata).map_err(|error| damaged(&path, error))?;
        }
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(guarded, metadata);
        let own = OWN_COLUMNS.len();
        let wanted: Vec<usize> = match &self.want.columns {
            _ if !typed => (0..own).collect(),
            Some(columns) if footer.gapless() => columns.iter().map(|at| own + at).collect(),
            Some(columns) => [0]
                .into_iter()
                .chain(columns.iter().map(|at| own + at))
                .collect(),
            None => (0..2).chain(own..builder.schema().fields().len()).collect(),
        };
        let columns = ProjectionMask::roots(builder.parquet_schema(), wanted);
        let builder = builder
            .with_projection(columns)
            .with_batch_size(self.want.rows);
        let groups = builder.metadata().row_groups();
        let counted = footer
            .gapless()
            .then(|| within(groups, first, &self.want.range));
        let rows = match counted {
            Some((groups, skipped, rows)) => builder
                .with_row_groups(groups)
                .with_offset(skipped)
                .with_limit(rows),
            None => {
                let groups = (groups.iter().enumerate())
                    .filter(|(_, group)| overlaps(group, &self.want.range))
                    .map(|(nth, _)| nth)
                    .collect();
                builder.with_row_groups(groups)
            }
        };
        Ok(OpenFile {
            rows: Box::new(rows.build().map_err(|error| damaged(&path, error))?),
            counted: (footer.gapless()).then(|| first.max(self.want.range.start)),
            path,
            footer,
            typed,
        })
    }

    /// Opens the file that was adopted in place of the one at `path`.
    fn open_adopted(&self, path: PathBuf, footer: Footer) -> Result<OpenFile, LogError> {
        let Some(adopted) = &footer.adopted else {
            return Err(damaged(&path, "it names no file that was adopted"));
        };
        let (guarded, metadata) = Guarded::adopted(adopted)?;
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::default());
        let rows = metadata
            .and_then(|metadata| match self.want.columns {
                Some(_) => coded(&metadata),
                None => Ok(metadata),
            })
            .and_then(|metadata| {
                adopted::rows(guarded, metadata, adopted, self.want.names(), &self.want)
            })
            .map_err(|error| adopted.changed(error))?;
        Ok(OpenFile {
            path,
            footer,
            typed: true,
            rows,
            counted: None,
        })
    }

    /// Rows of a file as a chunk, which begins where the last one stopped.
    fn chunk(&self, file: &OpenFile, rows: &RecordBatch) -> Result<Chunk, ArrowError> {
        let column = |name: &str| {
            (rows.column_by_name(name))
                .ok_or_else(|| ArrowError::SchemaError(format!("it has no column {name}")))
        };
        let other = || ArrowError::SchemaError("its columns have other types".into());
        let (start, next, offsets) = match file.counted {
            Some(start) => (start, start.plus(rows.num_rows() as u64), None),
            None => {
                let offsets = column("__offset")?.as_primitive_opt::<UInt64Type>();
                let offsets = offsets.ok_or_else(other)?;
                let list = offsets.values();
                let first = list.first().map_or(self.next, |at| Offset(*at));
                let next = list.last().map_or(self.next, |at| Offset(*at).plus(1));
                // The first rows read may begin before the range; what lies between them and the
                // range's start was passed over because no record in it is wanted.
                let start = match self.next < self.want.range.start {
                    true => first.min(self.want.range.start),
                    false => self.next,
                };
                let gapless = start == first && next.0 - start.0 == rows.num_rows() as u64;
                (start, next, (!gapless).then(|| offsets.clone()))
            }
        };
        let arrivals = match rows.column_by_name("__arrival") {
            Some(arrivals) => {
                let arrivals = arrivals.as_primitive_opt::<TimestampMicrosecondType>();
                let arrivals = arrivals.ok_or_else(other)?;
                let known = arrivals.null_count() < arrivals.len();
                known.then(|| arrivals.reinterpret_cast::<Int64Type>())
            }
            None => None,
        };
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
        Ok(Chunk {
            place: self.want.place.clone(),
            start,
            next,
            offsets,
            arrivals,
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

impl OpenFile {
    /// What is said where its rows are not what they were.
    fn damaged(&self, reason: impl ToString) -> LogError {
        match &self.footer.adopted {
            Some(adopted) => adopted.changed(reason),
            None => damaged(&self.path, reason),
        }
    }
}

/// The same file, whose texts are to be left as codes where all of a column are.
fn coded(metadata: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata, ParquetError> {
    let groups = metadata.metadata().row_groups();
    let flat = metadata.parquet_schema().num_columns() == metadata.schema().fields().len();
    let all_coded = |at: usize| {
        (groups.iter()).all(|group| {
            let column = group.columns().get(at);
            column.is_some_and(|column| {
                let pages = column.page_encoding_stats_mask();
                column.dictionary_page_offset().is_some()
                    && pages.is_some_and(|pages| pages.is_only(Encoding::RLE_DICTIONARY))
            })
        })
    };
    let fields = metadata.schema().fields().iter().enumerate();
    let fields = fields.map(|(at, field)| match field.data_type() {
        DataType::Utf8 if flat && all_coded(at) => {
            let codes = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
            Arc::new(Field::clone(field).with_data_type(codes))
        }
        _ => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::default().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

/// The row groups with offsets in `range`, of a file that begins at `first` and in which every offset
/// has a record; how many of their rows come before it, and how many are in it.
fn within(
    groups: &[RowGroupMetaData],
    first: Offset,
    range: &Range<Offset>,
) -> (Vec<usize>, usize, usize) {
    let mut chosen = vec![];
    let (mut skipped, mut rows) = (0, 0);
    let mut next = first.0;
    for (nth, group) in groups.iter().enumerate() {
        let start = next;
        next += group.num_rows().cast_unsigned();
        let (from, to) = (start.max(range.start.0), next.min(range.end.0));
        if from < to {
            if chosen.is_empty() {
                skipped = (from - start) as usize;
            }
            rows += (to - from) as usize;
            chosen.push(nth);
        }
    }
    (chosen, skipped, rows)
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
