//! From a partial to the bytes of a segment.

use arrow::array::{RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use shared_logic::partial::Partial;

use super::{Label, METADATA_KEY, sort_columns};
use crate::error::Refusal;
use crate::manifest::{Checksum, RowGroup};

/// The most rows of a row group: what a reader holds in memory at a time.
const ROW_GROUP_ROWS: usize = 65_536;

/// The most rows of a page: what a reader decodes to find one key.
const PAGE_ROWS: usize = 1_024;

/// How often a bloom filter wrongly says that a key may be there.
const FALSE_POSITIVES: f64 = 0.01;

/// The bytes of a segment and what its manifest entry says of them.
#[derive(Debug)]
pub struct Encoded {
    /// The file.
    pub bytes: Bytes,
    /// Its checksums.
    pub checksum: Checksum,
}

/// Writes `partial` as a segment that says `label` of itself.
///
/// # Errors
/// The rows are not sorted by window and key without repetition, lack the columns of a partial, or
/// have a type that Parquet does not know.
pub fn encode(partial: &Partial, label: &Label) -> Result<Encoded, Refusal> {
    let rows = &partial.rows;
    let sorted_by = sort_columns(rows)
        .ok_or_else(|| Refusal::Rows("there is no window before the column `events`".into()))?;
    check_sorted(rows, sorted_by)?;
    let parquet = |source: ParquetError| Refusal::Rows(source.to_string());

    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    let properties = properties(rows, sorted_by, label)?;
    let mut writer =
        ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties)).map_err(parquet)?;
    for start in (0..rows.num_rows()).step_by(ROW_GROUP_ROWS) {
        let length = ROW_GROUP_ROWS.min(rows.num_rows() - start);
        writer.write(&rows.slice(start, length)).map_err(parquet)?;
        writer.flush().map_err(parquet)?;
        ends.push(writer.bytes_written());
    }
    writer.close().map_err(parquet)?;
    Ok(Encoded {
        checksum: checksum(&bytes, &ends),
        bytes: bytes.into(),
    })
}

fn properties(
    rows: &RecordBatch,
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
    let distinct = rows.num_rows().clamp(1, ROW_GROUP_ROWS) as u64;
    for key in rows.schema().fields().iter().take(sorted_by).skip(1) {
        let column = ColumnPath::from(key.name().as_str());
        properties = properties
            .set_column_bloom_filter_fpp(column.clone(), FALSE_POSITIVES)
            .set_column_bloom_filter_max_ndv(column, distinct);
    }
    Ok(properties.build())
}

/// Lookups rely on the order, so a fold that breaks it must not become a file.
fn check_sorted(rows: &RecordBatch, sorted_by: usize) -> Result<(), Refusal> {
    let options = SortOptions {
        descending: false,
        nulls_first: true,
    };
    let comparators = (rows.columns().iter().take(sorted_by))
        .map(|column| make_comparator(column, column, options))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Refusal::Rows(source.to_string()))?;
    let ascends = |row: usize| {
        (comparators.iter())
            .map(|compare| compare(row - 1, row))
            .find(|order| order.is_ne())
            .is_some_and(|order| order.is_lt())
    };
    match (1..rows.num_rows()).find(|row| !ascends(*row)) {
        Some(row) => Err(Refusal::Rows(format!(
            "row {row} is not after the one before it: sort by window and key and merge equal ones"
        ))),
        None => Ok(()),
    }
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
