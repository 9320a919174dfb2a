//! Sorting the rows of a file.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{SortColumn, SortOptions, concat, interleave, lexsort_to_indices};
use arrow::error::ArrowError;
use shared_logic::chunk::{Payload, Raw};

use super::Block;

/// The same rows, sorted by `order`; rows with equal values keep their order, NULLs come last.
pub(super) fn sort(blocks: Vec<Block>) -> Result<Vec<Block>, ArrowError> {
    let orders: Vec<&dyn Array> = blocks
        .iter()
        .filter_map(|block| block.order.as_deref())
        .collect();
    if orders.is_empty() {
        return Ok(blocks);
    }
    let whole = concat(&orders)?;
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..whole.len() as u64));
    let sorted = lexsort_to_indices(
        &[
            SortColumn {
                values: whole,
                options: Some(SortOptions {
                    descending: false,
                    nulls_first: false,
                }),
            },
            SortColumn {
                values: numbers,
                options: None,
            },
        ],
        None,
    )?;
    let mut starts = Vec::with_capacity(blocks.len());
    let mut start = 0;
    for block in &blocks {
        starts.push(start);
        start += block.keys.len();
    }
    let places: Vec<(usize, usize)> = (sorted.values().iter())
        .map(|row| {
            let row = *row as usize;
            let block = starts
                .partition_point(|start| *start <= row)
                .saturating_sub(1);
            (block, row - starts.get(block).copied().unwrap_or_default())
        })
        .collect();
    let size = blocks
        .iter()
        .map(|block| block.keys.len())
        .max()
        .unwrap_or_default();
    places
        .chunks(size.max(1))
        .map(|places| gather(&blocks, places))
        .collect()
}

/// The rows at `places`, each a block and a row in it.
fn gather(blocks: &[Block], places: &[(usize, usize)]) -> Result<Block, ArrowError> {
    fn column<'a>(
        blocks: &'a [Block],
        places: &[(usize, usize)],
        of: impl Fn(&'a Block) -> Option<&'a dyn Array>,
    ) -> Result<Option<ArrayRef>, ArrowError> {
        match blocks.iter().map(of).collect::<Option<Vec<_>>>() {
            Some(arrays) => interleave(&arrays, places).map(Some),
            None => Ok(None),
        }
    }
    let binary = |of: fn(&Raw) -> &dyn Array| {
        let array = column(blocks, places, |block| match &block.payload {
            Payload::Raw(raw) => Some(of(raw)),
            Payload::Typed(_) => None,
        })?;
        let array = array.ok_or_else(|| ArrowError::SchemaError("rows of two kinds".into()))?;
        Ok::<_, ArrowError>(array.as_binary::<i32>().clone())
    };
    let payload = match blocks.first().map(|block| &block.payload) {
        Some(Payload::Typed(first)) => {
            let columns = (0..first.num_columns()).map(|nth| {
                let array = column(blocks, places, |block| match &block.payload {
                    Payload::Typed(rows) => rows.columns().get(nth).map(AsRef::as_ref),
                    Payload::Raw(_) => None,
                })?;
                array.ok_or_else(|| ArrowError::SchemaError("rows of two kinds".into()))
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            Payload::Typed(RecordBatch::try_new(first.schema(), columns)?)
        }
        _ => Payload::Raw(Raw {
            keys: binary(|raw| &raw.keys)?,
            values: binary(|raw| &raw.values)?,
            headers: binary(|raw| &raw.headers)?,
        }),
    };
    let keys = column(blocks, places, |block| Some(&block.keys))?;
    let arrivals = column(blocks, places, |block| {
        block.arrivals.as_ref().map(|list| list as &dyn Array)
    })?;
    Ok(Block {
        payload,
        keys: keys.map_or_else(
            || Vec::<&[u8]>::new().into(),
            |keys| keys.as_binary().clone(),
        ),
        arrivals: arrivals.map(|list| list.as_primitive().clone()),
        order: None,
    })
}
