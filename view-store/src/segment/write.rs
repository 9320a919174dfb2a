//! From rows to the bytes of a segment.

use arrow::array::{AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

use super::narrow::narrow;
use super::{Label, METADATA_KEY, Rows, order, sort_columns};
use crate::error::Refusal;
use crate::manifest::{Checksum, RowGroup};

/// The most rows of a row group: what a reader holds in memory at a time.
const ROW_GROUP_ROWS: usize = 65_536;

/// The most rows of a page: what a reader decodes to find one key.
const PAGE_ROWS: usize = 1_024;

/// How often a bloom filter wrongly says that a key may be there.
const FALSE_POSITIVES: f64 = 0.01;

/// From how many rows a window on the texts of its keys are written by what they share with the one
/// before rather than in a dictionary.
const CROWD: usize = 4_096;

/// How many row groups are encoded before they are appended to the file.
const WAVE: usize = 32;

/// The bytes of a segment and what its manifest entry says of them.
#[derive(Debug)]
pub struct Encoded {
    /// The file.
    pub bytes: Bytes,
    /// Its checksums.
    pub checksum: Checksum,
}

/// Writes `rows` as a segment that says `label` of itself; row groups are encoded side by side, on
/// the threads of the caller's pool.
///
/// # Errors
/// The rows are not sorted by window and key without repetition, lack the columns of a partial, or
/// have a type that Parquet does not know.
pub fn encode<'a>(rows: impl Into<Rows<'a>>, label: &Label) -> Result<Encoded, Refusal> {
    let chunks = rows.into().chunks;
    let Some(first) = chunks.first() else {
        return Err(Refusal::Rows("there is not even an empty chunk".into()));
    };
    let sorted_by = sort_columns(first)
        .ok_or_else(|| Refusal::Rows("there is no window before the column `events`".into()))?;
    order::check(chunks, sorted_by)?;
    let parquet = |source: ParquetError| Refusal::Rows(source.to_string());

    let (chunks, names) = narrow(chunks).map_err(|source| Refusal::Rows(source.to_string()))?;
    let Some(first) = chunks.first() else {
        return Err(Refusal::Rows("there is not even an empty chunk".into()));
    };
    let label = Label {
        narrow: names,
        ..label.clone()
    };
    let groups = row_groups(&chunks);
    let properties = properties(&chunks, first, sorted_by, &label)?;
    let (mut writer, factory) = ArrowWriter::try_new(Vec::new(), first.schema(), Some(properties))
        .and_then(ArrowWriter::into_serialized_writer)
        .map_err(parquet)?;
    let mut ends = Vec::new();
    let numbered: Vec<_> = groups.iter().enumerate().collect();
    for wave in numbered.chunks(WAVE) {
        let encoded: Vec<_> = match wave {
            [(nth, group)] => vec![encode_group(&factory, *nth, group).map_err(parquet)?],
            wave => (wave.par_iter())
                .map(|(nth, group)| encode_group(&factory, *nth, group))
                .collect::<Result<_, _>>()
                .map_err(parquet)?,
        };
        for columns in encoded {
            let mut group = writer.next_row_group().map_err(parquet)?;
            for column in columns {
                column.append_to_row_group(&mut group).map_err(parquet)?;
            }
            group.close().map_err(parquet)?;
            ends.push(writer.bytes_written());
        }
    }
    let bytes = writer.into_inner().map_err(parquet)?;
    Ok(Encoded {
        checksum: checksum(&bytes, &ends),
        bytes: bytes.into(),
    })
}

/// Row groups of [`ROW_GROUP_ROWS`] rows, the last one of the rest, each in slices of chunks.
fn row_groups(chunks: &[RecordBatch]) -> Vec<Vec<RecordBatch>> {
    let mut groups = vec![];
    let mut group = vec![];
    let mut room = ROW_GROUP_ROWS;
    for chunk in chunks {
        let mut from = 0;
        while from < chunk.num_rows() {
            let taken = room.min(chunk.num_rows() - from);
            group.push(chunk.slice(from, taken));
            from += taken;
            room -= taken;
            if room == 0 {
                groups.push(std::mem::take(&mut group));
                room = ROW_GROUP_ROWS;
            }
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

/// Encodes one row group, column by column.
fn encode_group(
    factory: &ArrowRowGroupWriterFactory,
    nth: usize,
    group: &[RecordBatch],
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    let writers = factory.create_column_writers(nth)?;
    let columns = writers.into_iter().enumerate().map(|(at, mut writer)| {
        for rows in group {
            let schema = rows.schema_ref();
            let (Some(field), Some(column)) = (schema.fields().get(at), rows.columns().get(at))
            else {
                return Err(ParquetError::General("chunks have other columns".into()));
            };
            for leaf in compute_leaves(field, column)? {
                writer.write(&leaf)?;
            }
        }
        writer.close()
    });
    columns.collect()
}

fn properties(
    chunks: &[RecordBatch],
    first: &RecordBatch,
    sorted_by: usize,
    label: &Label,
) -> Result<WriterProperties, Refusal> {
    let says =
        serde_json::to_string(label).map_err(|source| Refusal::Rows(format!("label: {source}")))?;
    let sorting = (0..sorted_by as i32)
        .map(|column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_sorting_columns(Some(sorting))
        .set_key_value_metadata(Some(vec![KeyValue::new(METADATA_KEY.to_owned(), says)]));
    let rows: usize = chunks.iter().map(RecordBatch::num_rows).sum();
    let crowded = rows / windows(chunks).max(1) > CROWD;
    for field in first.schema().fields() {
        let column = ColumnPath::from(field.name().as_str());
        // In the order of windows and keys differences are small, or as good as anything.
        let encoding = match field.data_type() {
            DataType::Decimal128(digits, _) if *digits > 18 => continue,
            DataType::Decimal128(..) => Encoding::DELTA_BINARY_PACKED,
            kind if kind.is_integer() || kind.is_temporal() => Encoding::DELTA_BINARY_PACKED,
            DataType::Utf8 if crowded => Encoding::DELTA_BYTE_ARRAY,
            _ => continue,
        };
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column.clone(), encoding);
        if encoding == Encoding::DELTA_BINARY_PACKED {
            // There is hardly anything left to compress.
            properties = properties.set_column_compression(column, Compression::UNCOMPRESSED);
        }
    }
    // Windows and keys are looked for, accumulators are not.
    for field in first.schema().fields().iter().skip(sorted_by) {
        let column = ColumnPath::from(field.name().as_str());
        properties = properties.set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    let distinct = rows.clamp(1, ROW_GROUP_ROWS) as u64;
    for key in first.schema().fields().iter().take(sorted_by).skip(1) {
        let column = ColumnPath::from(key.name().as_str());
        properties = properties
            .set_column_bloom_filter_fpp(column.clone(), FALSE_POSITIVES)
            .set_column_bloom_filter_max_ndv(column, distinct);
    }
    Ok(properties.build())
}

/// About how many windows there are: rows after which another one begins.
fn windows(chunks: &[RecordBatch]) -> usize {
    let starts = chunks.iter().filter_map(|chunk| {
        let starts = chunk.columns().first()?;
        starts.as_primitive_opt::<TimestampMicrosecondType>()
    });
    let begins = |starts: &TimestampMicrosecondArray| {
        let pairs = starts.values().iter().zip(starts.values().iter().skip(1));
        1 + pairs.filter(|(start, next)| start != next).count()
    };
    starts.map(begins).sum()
}

fn checksum(bytes: &[u8], ends: &[usize]) -> Checksum {
    let crc = |from: usize, to: usize| crc32c::crc32c(bytes.get(from..to).unwrap_or_default());
    let mut from = 0;
    let row_groups = (ends.iter())
        .map(|end| {
            let group = RowGroup {
                end: *end as u64,
                crc: crc(from, *end),
            };
            from = *end;
            group
        })
        .collect();
    Checksum {
        row_groups,
        footer: crc(from, bytes.len()),
    }
}
