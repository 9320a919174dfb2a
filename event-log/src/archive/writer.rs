//! Writing one file of the archive.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::decode::{Decoded, Decoder};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::Watermark;

use super::footer::Footer;
use super::{Adopted, Archive, Held, OWN_COLUMNS, latest, sums};
use crate::row::Rows;
use crate::{LogError, tile, value};

/// How many records share a row group: the least that a reader of a range must decode.
const GROUP_ROWS: usize = 65_536;

/// How large a dictionary of numbers may be, in bytes, before differences are written instead.
const DICTIONARY_BYTES: usize = 16 << 10;

/// A chunk with all that the archive keeps of it.
pub(crate) struct Prepared {
    chunk: Chunk,
    raw: Raw,
    typed: RecordBatch,
    /// Whether anything is wrong with a record.
    faulty: BooleanArray,
}

impl Prepared {
    /// Decodes a chunk, and makes raw records of those that came in columns.
    pub(crate) fn new(
        archive: &Archive,
        decoder: &Decoder,
        chunk: Chunk,
    ) -> Result<Self, LogError> {
        let Decoded { columns, faults } = decoder.decode(&chunk)?;
        let raw = match &chunk.payload {
            Payload::Raw(raw) => raw.clone(),
            Payload::Typed(source) => from_columns(archive, source, &columns)
                .map_err(|error| LogError::columns(&chunk.place, &error))?,
        };
        let mut faulty = vec![false; chunk.rows()];
        for fault in faults {
            if let Some(flag) = faulty.get_mut(fault.row) {
                *flag = true;
            }
        }
        Ok(Self {
            chunk,
            raw,
            typed: columns,
            faulty: faulty.into(),
        })
    }

    /// The first records of this chunk, at most `rows` (at least one) and about `bytes`, and the
    /// others, if any. A chunk without records is one part.
    pub(crate) fn split(self, rows: usize, bytes: usize) -> (Self, Option<Self>) {
        let mut size = 0;
        let mut fits = |row: &usize| {
            size += self.raw.keys.value_length(*row) as usize
                + self.raw.values.value_length(*row) as usize
                + self.raw.headers.value_length(*row) as usize;
            *row == 0 || (*row < rows && size <= bytes)
        };
        let all = self.chunk.rows();
        let count = (0..all).take_while(|row| fits(row)).count();
        if count == all {
            return (self, None);
        }
        let middle = self.chunk.offset(count);
        let part = |first: usize, rows: usize, start: Offset, next: Offset| Self {
            chunk: tile::part(&self.chunk, &(start..next)),
            raw: match tile::slice(&Payload::Raw(self.raw.clone()), first, rows) {
                Payload::Raw(raw) => raw,
                Payload::Typed(_) => self.raw.clone(),
            },
            typed: self.typed.slice(first, rows),
            faulty: self.faulty.slice(first, rows),
        };
        (
            part(0, count, self.chunk.start, middle),
            Some(part(count, all - count, middle, self.chunk.next)),
        )
    }

    /// How many records it holds.
    pub(crate) fn rows(&self) -> usize {
        self.chunk.rows()
    }

    /// How large its raw records are, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let size = |array: &BinaryArray| {
            let offsets = array.value_offsets();
            let span = offsets
                .last()
                .zip(offsets.first())
                .map(|(end, start)| end - start);
            span.unwrap_or_default() as usize
        };
        size(&self.raw.keys) + size(&self.raw.values) + size(&self.raw.headers)
    }
}

/// Rows of columns as the raw records that would have been produced for them.
fn from_columns(
    archive: &Archive,
    source: &RecordBatch,
    typed: &RecordBatch,
) -> Result<Raw, ArrowError> {
    let table = archive.table();
    let keys = match table
        .partition_by
        .and_then(|index| typed.columns().get(index))
    {
        Some(column) => value::keys(column)?,
        None => BinaryArray::new_null(source.num_rows()),
    };
    Ok(Raw {
        keys,
        values: Rows::new(table, source, typed)?.values(),
        headers: BinaryArray::new_null(source.num_rows()),
    })
}

/// A file of the archive that is being filled, in memory until it is finished.
pub(crate) struct FileWriter {
    schema: SchemaRef,
    parquet: ArrowWriter<Vec<u8>>,
    footer: Footer,
    place: TopicPartition,
    event_time: usize,
}

impl FileWriter {
    /// A file that begins at `first`, with the watermark of what comes before it.
    pub(crate) fn new(
        archive: &Archive,
        place: &TopicPartition,
        first: Offset,
        before: Option<Watermark>,
    ) -> Result<Self, LogError> {
        let table = archive.table();
        let types = [
            DataType::UInt64,
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Binary,
            DataType::Binary,
            DataType::Binary,
        ];
        let own = OWN_COLUMNS.iter().zip(types);
        let mut fields: Vec<Field> = own
            .map(|(name, data_type)| Field::new(*name, data_type, *name != "__offset"))
            .collect();
        let typed = table.schema.fields().iter();
        fields.extend(typed.map(|field| field.as_ref().clone().with_nullable(true)));
        let schema = Arc::new(Schema::new(fields));
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_column_dictionary_enabled(ColumnPath::from("__offset"), false)
            .set_column_dictionary_enabled(ColumnPath::from("__value"), false);
        for field in schema.fields() {
            let column = ColumnPath::from(field.name().as_str());
            let data_type = field.data_type();
            if data_type.is_integer() || data_type.is_temporal() {
                // Differences take fewer bytes than values and are read faster than a dictionary
                // that does not stay in cache; what they leave is hardly worth compressing.
                properties = properties
                    .set_column_compression(column.clone(), Compression::UNCOMPRESSED)
                    .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED)
                    .set_column_dictionary_page_size_limit(column, DICTIONARY_BYTES);
            }
        }
        let time = table.schema.fields().get(table.event_time);
        if let Some(time) = time {
            let column = ColumnPath::from(time.name().as_str());
            properties = properties.set_column_dictionary_enabled(column, false);
        }
        let properties = properties.build();
        let parquet = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))
            .map_err(|error| failed(place, &error))?;
        let mut footer = Footer::new(place, first, table.canonical());
        footer.before = before;
        Ok(Self {
            schema,
            parquet,
            footer,
            place: place.clone(),
            event_time: table.event_time,
        })
    }

    /// Makes it stand for a file that is left where it is, and for what that holds.
    pub(crate) fn adopt(&mut self, held: &Held, adopted: Adopted) {
        self.footer.next = held.last.plus(1);
        self.footer.records = held.records;
        self.footer.faulty = held.faulty;
        self.footer.greatest = held.greatest;
        self.footer.adopt(adopted);
    }

    /// How many records it holds.
    pub(crate) fn records(&self) -> u64 {
        self.footer.records
    }

    /// About how many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.parquet.bytes_written() + self.parquet.in_progress_size()
    }

    /// Appends a part, which begins where the last one ended.
    pub(crate) fn write(&mut self, part: &Prepared) -> Result<(), LogError> {
        let chunk = &part.chunk;
        let offsets = match &chunk.offsets {
            Some(offsets) => offsets.clone(),
            None => UInt64Array::from_iter_values((chunk.start.0..).take(chunk.rows())),
        };
        let arrivals = match &chunk.arrivals {
            Some(arrivals) => arrivals.reinterpret_cast(),
            None => TimestampMicrosecondArray::new_null(chunk.rows()),
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(offsets),
            Arc::new(arrivals),
            Arc::new(part.raw.keys.clone()),
            Arc::new(part.raw.values.clone()),
            Arc::new(part.raw.headers.clone()),
        ];
        columns.extend(part.typed.columns().iter().cloned());
        let rows = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|error| LogError::columns(&self.place, &error))?;
        self.parquet
            .write(&rows)
            .map_err(|error| failed(&self.place, &error))?;
        let decoded = Decoded {
            columns: part.typed.clone(),
            faults: Vec::new(),
        };
        self.footer.next = chunk.next;
        self.footer.records += chunk.rows() as u64;
        self.footer.faulty += part.faulty.true_count() as u64;
        self.footer.greatest = self.footer.greatest.max(latest(&decoded, self.event_time));
        Ok(())
    }

    /// Puts the file under its name, on disk. Returns its path, size and facts.
    pub(crate) fn finish(
        mut self,
        archive: &Archive,
    ) -> Result<(PathBuf, usize, Footer), LogError> {
        let broken = |reason: String| LogError::Columns {
            what: self.place.to_string(),
            reason,
        };
        self.parquet
            .flush()
            .map_err(|error| failed(&self.place, &error))?;
        self.parquet
            .sync()
            .map_err(|error| broken(error.to_string()))?;
        let groups = self.parquet.flushed_row_groups().to_vec();
        let facts = self.footer.metadata();
        let mut metadata = facts.map_err(|error| broken(error.to_string()))?;
        metadata.extend(sums::metadata(self.parquet.inner(), &groups));
        for entry in metadata {
            self.parquet.append_key_value_metadata(entry);
        }
        let mut bytes = self
            .parquet
            .into_inner()
            .map_err(|error| failed(&self.place, &error))?;
        sums::seal(&mut bytes, &groups).map_err(broken)?;
        let path = archive
            .folder
            .create(self.place.partition, self.footer.first, &bytes)?;
        Ok((path, bytes.len(), self.footer))
    }
}

fn failed(place: &TopicPartition, error: &ParquetError) -> LogError {
    LogError::Columns {
        what: place.to_string(),
        reason: error.to_string(),
    }
}
