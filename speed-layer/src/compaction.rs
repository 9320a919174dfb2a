//! Small segments become large ones, so that their number grows with the logarithm of the days.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared_logic::identity::TopicPartition;
use shared_logic::merge::merge;
use shared_logic::view::View;
use view_store::error::{Error, Stale};
use view_store::job::JobStore;
use view_store::job::own::Ownership;
use view_store::manifest::{Generation, Manifest, SegmentEntry, Side};

use crate::error::SpeedError;

/// How many neighbours are merged at once, at least.
const WIDTH: usize = 8;

/// How many times the rows of the smallest of them the largest may have. Below [`WIDTH`], so that
/// what was merged waits for its like.
const SPREAD: u64 = 4;

/// How many bytes are merged at once, at most: they are in memory together.
const BYTES: u64 = 64 << 20;

/// Neighbours that are worth to be merged: of the partitions in `ownership`, on one side of the pin
/// and of about one size. None, if there are none.
pub fn choose(generation: &Generation, ownership: &Ownership) -> Vec<SegmentEntry> {
    let mut chains: BTreeMap<Vec<&TopicPartition>, Vec<&SegmentEntry>> = BTreeMap::new();
    for segment in &generation.segments {
        let places: Vec<_> = segment.coverage.0.keys().collect();
        if (places.iter()).all(|place| ownership.epochs.contains_key(*place)) {
            chains.entry(places).or_default().push(segment);
        }
    }
    for chain in chains.values_mut() {
        chain.sort_by_key(|segment| segment.coverage.start().0.into_values().next());
        let mut from = chain.as_slice();
        while !from.is_empty() {
            let alike = alike(generation, from);
            if alike.len() >= WIDTH {
                return alike.iter().map(|segment| (*segment).clone()).collect();
            }
            from = from.get(1..).unwrap_or_default();
        }
    }
    vec![]
}

/// The longest beginning of a chain that may become one segment.
fn alike<'a, 'b>(generation: &Generation, chain: &'b [&'a SegmentEntry]) -> &'b [&'a SegmentEntry] {
    let (mut least, mut most, mut bytes, mut end) = (u64::MAX, 0, 0, None);
    let pin = generation.pin.as_ref();
    let mut first = None;
    let fits = |segment: &&&SegmentEntry| {
        let rows = segment.rows.max(1);
        (least, most) = (least.min(rows), most.max(rows));
        bytes += segment.bytes;
        let follows = end
            .as_ref()
            .is_none_or(|end| *end == segment.coverage.start());
        end = Some(segment.coverage.next());
        let side = pin.map(|pin| Side::of(&segment.coverage, &pin.cut));
        let first = *first.get_or_insert(side);
        follows && side == first && most <= SPREAD * least && bytes <= BYTES
    };
    let count = chain.iter().take_while(fits).count();
    chain.get(..count).unwrap_or_default()
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
    let chosen = choose(generation.map_err(Error::from)?, ownership);
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
