//! From the bytes of a segment back to the partial, believing nothing.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use parquet::file::metadata::ParquetMetaData;
use shared_logic::partial::Partial;
use shared_logic::view::Fingerprint;

use super::narrow::widen;
use super::{FORMAT, Label, METADATA_KEY};
use crate::error::Error;
use crate::manifest::SegmentEntry;

/// Reads the segment that `entry` names from its `bytes`, for a view with the logic `fingerprint`.
///
/// # Errors
/// The file is not what its writer wrote ([`Error::Corrupt`]), or was made by other logic
/// ([`Error::OtherLogic`]).
pub fn decode(
    entry: &SegmentEntry,
    bytes: Bytes,
    fingerprint: &Fingerprint,
) -> Result<Partial, Error> {
    decode_rows(entry, bytes, fingerprint, None)
}

/// As [`decode`], with only the rows whose first column, in microseconds, is in `times`.
///
/// # Errors
/// As for [`decode`].
pub fn decode_between(
    entry: &SegmentEntry,
    bytes: Bytes,
    fingerprint: &Fingerprint,
    times: &Range<i64>,
) -> Result<Partial, Error> {
    decode_rows(entry, bytes, fingerprint, Some(times))
}

/// How many rows are decoded at once, at most.
const CHUNK: usize = 1 << 24;

fn decode_rows(
    entry: &SegmentEntry,
    bytes: Bytes,
    fingerprint: &Fingerprint,
    only: Option<&Range<i64>>,
) -> Result<Partial, Error> {
    let corrupt = |why: String| Error::Corrupt {
        path: entry.path.clone(),
        why,
    };
    check_sums(entry, &bytes).map_err(corrupt)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .map_err(|source| corrupt(source.to_string()))?;
    let label = label(reader.metadata()).map_err(corrupt)?;
    if label.fingerprint != *fingerprint {
        return Err(Error::OtherLogic {
            path: entry.path.clone(),
            found: label.fingerprint,
            expected: fingerprint.clone(),
        });
    }
    if (&label.coverage, label.counters) != (&entry.coverage, entry.counters) {
        return Err(corrupt("its footer and the manifest disagree".into()));
    }
    let reader = match only {
        Some(only) => within(reader, only.clone()),
        None => reader,
    };
    let rows = rows(reader)
        .and_then(|rows| widen(rows, &label.narrow))
        .map_err(|source| corrupt(source.to_string()))?;
    if only.is_none() && rows.num_rows() as u64 != entry.rows {
        return Err(corrupt(format!(
            "it has {} rows, the manifest says {}",
            rows.num_rows(),
            entry.rows
        )));
    }
    Ok(Partial {
        coverage: label.coverage,
        counters: label.counters,
        rows,
    })
}

fn check_sums(entry: &SegmentEntry, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() as u64 != entry.bytes {
        return Err(format!(
            "it is {} bytes long, the manifest says {}",
            bytes.len(),
            entry.bytes
        ));
    }
    let groups = (entry.checksum.row_groups.iter()).map(|group| (group.end, group.crc));
    let footer = (entry.bytes, entry.checksum.footer);
    let mut from = 0;
    for (end, crc) in groups.chain([footer]) {
        let to = usize::try_from(end).unwrap_or(usize::MAX);
        let part = bytes.get(from..to);
        if part.map(crc32c::crc32c) != Some(crc) {
            return Err(format!("the checksum of bytes {from} to {to} is wrong"));
        }
        from = to;
    }
    Ok(())
}

fn label(metadata: &ParquetMetaData) -> Result<Label, String> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let text = (pairs.into_iter().flatten())
        .find(|pair| pair.key == METADATA_KEY)
        .and_then(|pair| pair.value.as_deref())
        .ok_or("its footer does not say what it is")?;
    let label: Label = serde_json::from_str(text).map_err(|source| source.to_string())?;
    if !(1..=FORMAT).contains(&label.format) {
        return Err(format!(
            "it has format {}, this program reads formats up to {FORMAT}",
            label.format
        ));
    }
    Ok(label)
}

/// The same without decoding more than the first column of other rows.
fn within(
    reader: ParquetRecordBatchReaderBuilder<Bytes>,
    range: Range<i64>,
) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let first = ProjectionMask::leaves(reader.parquet_schema(), [0]);
    let is_within = move |rows: RecordBatch| {
        let times = (rows.columns().first())
            .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or_else(|| ArrowError::SchemaError("the first column is no time".into()))?;
        let within = times.values().iter().map(|time| range.contains(time));
        Ok(BooleanArray::from(within.collect::<Vec<_>>()))
    };
    let filter = ArrowPredicateFn::new(first, is_within);
    reader.with_row_filter(RowFilter::new(vec![Box::new(filter)]))
}

fn rows(reader: ParquetRecordBatchReaderBuilder<Bytes>) -> Result<RecordBatch, ArrowError> {
    // The footer's label is not part of the rows' schema.
    let schema = Arc::new(Schema::new(reader.schema().fields().clone()));
    // One chunk where memory allows: chunks would only be put together again.
    let count = reader.metadata().file_metadata().num_rows();
    let count = usize::try_from(count).unwrap_or_default().clamp(1, CHUNK);
    let reader = reader.with_batch_size(count);
    let chunks = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    concat_batches(&schema, &chunks)
}
