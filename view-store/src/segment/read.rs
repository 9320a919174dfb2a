//! From the bytes of a segment back to the partial, believing nothing.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
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
    let rows = rows(reader)
        .and_then(|rows| widen(rows, &label.narrow))
        .map_err(|source| corrupt(source.to_string()))?;
    if rows.num_rows() as u64 != entry.rows {
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

fn rows(
    reader: ParquetRecordBatchReaderBuilder<Bytes>,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    // The footer's label is not part of the rows' schema.
    let schema = Arc::new(Schema::new(reader.schema().fields().clone()));
    let chunks = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    concat_batches(&schema, &chunks)
}
