//! A Parquet file of somebody else, while it is looked at to be adopted.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use shared_logic::identity::Offset;
use shared_logic::table::Table;
use shared_logic::time::Watermark;

use super::guarded::Guarded;
use super::reader::Batches;
use super::{Adopted, files, sums};
use crate::LogError;

/// How many records are looked at together.
const ROWS: usize = 65_536;

/// A file that is to be adopted, with the sums of its bytes.
#[derive(Debug)]
pub(crate) struct Foreign {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    bytes: u64,
    crc32c: u32,
    parts: Option<String>,
    /// The column of offsets; without one records are counted.
    pub(crate) offsets: Option<String>,
    /// The column of partitions; without one all records are of one.
    pub(crate) partitions: Option<String>,
    /// Whether the offsets are no topic's.
    pub(crate) numbered: bool,
}

impl Foreign {
    /// Reads all of a file once, for its sums.
    ///
    /// # Errors
    /// It cannot be read, or is no Parquet file.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let failed = |error| LogError::file(path, "read", error);
        let wrong = |error: String| LogError::Input {
            path: path.to_owned(),
            reason: format!("it cannot be read as Parquet: {error}"),
        };
        let mut file: File = files::open(path)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
            .map_err(|error| wrong(error.to_string()))?;
        let groups = metadata.metadata().row_groups();
        let (crc32c, parts) = sums::of_another(&mut file, bytes, groups).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            metadata,
            bytes,
            crc32c,
            parts,
            offsets: None,
            partitions: None,
            numbered: false,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its columns.
    pub(crate) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }

    /// How many records there are up to the end of each row group.
    pub(crate) fn ends(&self) -> Vec<u64> {
        let groups = self.metadata.metadata().row_groups().iter();
        let ends = groups.scan(0, |end, group| {
            *end += group.num_rows().cast_unsigned();
            Some(*end)
        });
        ends.collect()
    }

    /// Whether it is a file that was adopted.
    pub(crate) fn is(&self, adopted: &Adopted) -> bool {
        (&self.path, self.bytes, self.crc32c) == (&adopted.path, adopted.bytes, adopted.crc32c)
    }

    /// Its rows, in the columns that a table declares and those of offsets and partitions.
    ///
    /// # Errors
    /// It has changed meanwhile.
    pub(crate) fn rows(&self, table: &Table) -> Result<Batches, LogError> {
        let adopted = self.adopted(&Held::default(), table);
        let (guarded, _) = Guarded::adopted(&adopted)?;
        let metadata = self.metadata.clone();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(guarded, metadata);
        let own = [&self.offsets, &self.partitions];
        let needed = |name: &String| {
            table.index(name).is_some() || own.iter().any(|own| own.as_ref() == Some(name))
        };
        let fields = self.schema().fields().iter().enumerate();
        let roots = fields.filter(|(_, field)| needed(field.name()));
        let roots = roots.map(|(at, _)| at).collect::<Vec<_>>();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let rows = builder.with_projection(mask).with_batch_size(ROWS).build();
        Ok(Box::new(rows.map_err(|error| adopted.changed(error))?))
    }

    /// What the archive keeps of it for one partition.
    pub(crate) fn adopted(&self, held: &Held, table: &Table) -> Adopted {
        let exact = |field: &std::sync::Arc<arrow::datatypes::Field>| {
            let there = self.schema().field_with_name(field.name());
            there.is_ok_and(|there| match (field.data_type(), there.data_type()) {
                (DataType::Utf8, there) => there.is_string(),
                (ours, there) => ours == there,
            })
        };
        Adopted {
            path: self.path.clone(),
            bytes: self.bytes,
            crc32c: self.crc32c,
            parts: self.parts.clone(),
            offsets: self.offsets.clone(),
            partitions: self.partitions.clone(),
            groups: held.groups.clone(),
            exact: table.schema.fields().iter().all(exact),
            numbered: self.numbered,
        }
    }
}

/// What a file holds of one partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// The first and the last offset.
    pub(crate) first: Offset,
    pub(crate) last: Offset,
    pub(crate) records: u64,
    /// How many of them have a value that does not convert or is missing.
    pub(crate) faulty: u64,
    pub(crate) greatest: Option<Watermark>,
    /// The first and the last offset in each row group.
    pub(crate) groups: Vec<Option<(Offset, Offset)>>,
    /// The first offsets that are missing between others.
    pub(crate) gap: Option<Range<Offset>>,
}

impl Held {
    /// Adds the record at an offset behind the last one, which is in row group `group`.
    pub(crate) fn add(&mut self, at: Offset, group: usize, faulty: bool, time: Option<Watermark>) {
        let next = self.last.plus(1);
        if self.records == 0 {
            self.first = at;
        } else if at > next {
            self.gap.get_or_insert(next..at);
        }
        self.last = at;
        self.records += 1;
        self.faulty += u64::from(faulty);
        self.greatest = self.greatest.max(time);
        if self.groups.len() <= group {
            self.groups.resize(group + 1, None);
        }
        if let Some(held) = self.groups.get_mut(group) {
            *held = Some((held.map_or(at, |(first, _)| first), at));
        }
    }
}
