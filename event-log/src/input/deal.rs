//! Dealing rows to partitions.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, UInt32Array};
use arrow::compute::{take, take_record_batch};
use arrow::error::ArrowError;
use shared_logic::chunk::{Payload, Raw};
use shared_logic::identity::{Offset, Partition, Topic, TopicPartition};
use shared_logic::time::EventTime;

use super::{Block, Input};
use crate::memory::MemoryLog;
use crate::partitioner::partition_of;

/// Deals rows in their order: by key, or in turn where rows are not `keyed`.
pub(super) fn deal(
    blocks: Vec<Block>,
    topic: &Topic,
    partitions: u32,
    keyed: bool,
) -> Result<Input, ArrowError> {
    let places: Vec<TopicPartition> = (0..partitions)
        .map(|partition| TopicPartition {
            topic: topic.clone(),
            partition: Partition(partition),
        })
        .collect();
    let log = MemoryLog::new(places.iter().cloned());
    let mut assignment = Vec::new();
    let mut arrivals: Option<Vec<EventTime>> = None;
    let mut next = vec![Offset(0); places.len()];
    for block in blocks {
        let mut dealt: Vec<Vec<u32>> = vec![Vec::new(); places.len()];
        for row in 0..block.keys.len() {
            let partition = if keyed {
                let key = block.keys.is_valid(row).then(|| block.keys.value(row));
                partition_of(key, partitions)
            } else {
                Partition((assignment.len() % places.len()) as u32)
            };
            let at = partition.0 as usize;
            if let (Some(rows), Some(next)) = (dealt.get_mut(at), next.get_mut(at)) {
                rows.push(row as u32);
                assignment.push((partition, *next));
                *next = next.plus(1);
            }
        }
        if let Some(list) = &block.arrivals {
            let times = list.values().iter().map(|time| EventTime(*time));
            arrivals.get_or_insert_default().extend(times);
        }
        for (place, rows) in places.iter().zip(dealt) {
            if rows.is_empty() {
                continue;
            }
            let rows = UInt32Array::from(rows);
            let times = match &block.arrivals {
                Some(list) => Some(take(list, &rows, None)?.as_primitive().clone()),
                None => None,
            };
            log.append(place, pick(&block.payload, &rows)?, times)
                .map_err(|error| ArrowError::ComputeError(error.to_string()))?;
        }
    }
    Ok(Input {
        log,
        assignment,
        arrivals,
    })
}

fn pick(payload: &Payload, rows: &UInt32Array) -> Result<Payload, ArrowError> {
    let binary = |array: &BinaryArray| -> Result<BinaryArray, ArrowError> {
        let taken: ArrayRef = take(array, rows, None)?;
        Ok(taken.as_binary::<i32>().clone())
    };
    Ok(match payload {
        Payload::Typed(columns) => Payload::Typed(take_record_batch(columns, rows)?),
        Payload::Raw(raw) => Payload::Raw(Raw {
            keys: binary(&raw.keys)?,
            values: binary(&raw.values)?,
            headers: binary(&raw.headers)?,
        }),
    })
}
