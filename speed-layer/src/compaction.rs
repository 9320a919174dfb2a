//! Small segments become large ones, so that their number grows with the logarithm of the days.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared_logic::coverage::Span;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::merge::merge;
use shared_logic::view::View;
use view_store::error::{Error, Stale};
use view_store::job::JobStore;
use view_store::job::own::Ownership;
use view_store::manifest::{Manifest, Pin, SegmentEntry, Side};

use crate::error::SpeedError;

/// How many neighbours are merged at once, at least.
const WIDTH: usize = 8;

/// How many times the rows of the smallest of them the largest may have. Below [`WIDTH`], so that
/// what was merged waits for its like.
const SPREAD: u64 = 4;

/// How many bytes are merged at once, at most: they are in memory together.
const BYTES: u64 = 64 << 20;

/// Neighbours that are worth to be merged: of partitions that are `owned`, on one side of the pin
/// and of about one size. None, if there are none.
///
/// A segment covers the partitions that had records, which may be others each time; so neighbours are
/// such in every partition that they share, and may share none.
pub fn choose<'s>(
    segments: &'s [SegmentEntry],
    pin: Option<&Pin>,
    owned: impl Fn(&TopicPartition) -> bool,
) -> Vec<&'s SegmentEntry> {
    let order = in_order(segments);
    let mut from = order.as_slice();
    while !from.is_empty() {
        let alike = alike(from, pin, &owned);
        if alike.len() >= WIDTH {
            return alike;
        }
        from = from.get(1..).unwrap_or_default();
    }
    vec![]
}

/// The segments, each behind those that it follows in some partition.
fn in_order(segments: &[SegmentEntry]) -> Vec<&SegmentEntry> {
    let mut chains: BTreeMap<&TopicPartition, Vec<(Offset, usize)>> = BTreeMap::new();
    for (number, segment) in segments.iter().enumerate() {
        for (place, span) in &segment.coverage.0 {
            chains.entry(place).or_default().push((span.start, number));
        }
    }
    let mut waits: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut awaited = vec![0; segments.len()];
    for mut chain in chains.into_values() {
        chain.sort_unstable();
        for (before, after) in chain.iter().zip(chain.iter().skip(1)) {
            waits.entry(before.1).or_default().push(after.1);
            if let Some(awaited) = awaited.get_mut(after.1) {
                *awaited += 1;
            }
        }
    }
    let first = awaited.iter().enumerate();
    let first = first.filter(|(_, awaited)| **awaited == 0);
    let mut order: Vec<usize> = first.map(|(number, _)| number).collect();
    let mut done = 0;
    while let Some(number) = order.get(done).copied() {
        done += 1;
        for after in waits.remove(&number).unwrap_or_default() {
            if let Some(awaited) = awaited.get_mut(after) {
                *awaited -= 1;
                if *awaited == 0 {
                    order.push(after);
                }
            }
        }
    }
    order
        .iter()
        .filter_map(|number| segments.get(*number))
        .collect()
}

/// Those that may become one segment with the first that may at all.
fn alike<'s>(
    order: &[&'s SegmentEntry],
    pin: Option<&Pin>,
    owned: &impl Fn(&TopicPartition) -> bool,
) -> Vec<&'s SegmentEntry> {
    let mut taken: Vec<&SegmentEntry> = vec![];
    let mut ends: BTreeMap<&TopicPartition, Offset> = BTreeMap::new();
    let (mut least, mut most, mut bytes) = (u64::MAX, 0, 0);
    let side_of = |segment: &SegmentEntry| pin.map(|pin| Side::of(&segment.coverage, &pin.cut));
    for segment in order {
        let spans = &segment.coverage.0;
        let rows = segment.rows.max(1);
        let follows = |(place, span): (&TopicPartition, &Span)| {
            ends.get(place).is_none_or(|end| *end == span.start)
        };
        let fits = spans.keys().all(owned)
            && spans.iter().all(follows)
            && (taken.first()).is_none_or(|first| side_of(first) == side_of(segment))
            && most.max(rows) <= SPREAD.saturating_mul(least.min(rows))
            && bytes + segment.bytes <= BYTES;
        if fits {
            (least, most, bytes) = (least.min(rows), most.max(rows), bytes + segment.bytes);
            ends.extend(spans.iter().map(|(place, span)| (place, span.next)));
            taken.push(segment);
        }
    }
    taken
}

/// Merges what is worth it, and gives the newest manifest then.
///
/// # Errors
/// A segment is damaged, or the store fails. That others were faster is none.
pub fn compact(
    view: &Arc<View>,
    job: &JobStore,
    ownership: &Ownership,
    manifest: Arc<Manifest>,
) -> Result<Arc<Manifest>, SpeedError> {
    let generation = manifest.generation(ownership.generation);
    let generation = generation.map_err(Error::from)?;
    let owned = |place: &TopicPartition| ownership.epochs.contains_key(place);
    let chosen = choose(&generation.segments, generation.pin.as_ref(), owned);
    let chosen: Vec<SegmentEntry> = chosen.into_iter().cloned().collect();
    if chosen.is_empty() {
        return Ok(manifest);
    }
    let compacted = (chosen.iter())
        .map(|entry| job.read(entry, &view.fingerprint))
        .collect::<Result<Vec<_>, Error>>();
    let compacted = match compacted {
        Ok(parts) => job.compact(ownership.generation, &chosen, &merge(view, &parts)?),
        Err(error) => Err(error),
    };
    match compacted {
        Err(Error::Retry { .. } | Error::Stale(Stale::Segment(_) | Stale::Straddles { .. })) => {
            Ok(job.manifest()?)
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
