//! What the batch reads: everything below the cut, in pieces that can be folded side by side.

use std::ops::Range;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};

/// One piece of work: a half-open range of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The partition.
    pub place: TopicPartition,
    /// The offsets to fold.
    pub range: Range<Offset>,
}

/// Divides `[from, cut)` into about `pieces` ranges of similar length, in the order of partitions
/// and offsets; every partition of the cut has at least one, be it empty.
pub fn plan(from: &OffsetVector, cut: &OffsetVector, pieces: usize) -> Vec<Piece> {
    let lengths = cut
        .0
        .iter()
        .map(|(place, end)| end.0.saturating_sub(from.get(place).0));
    let target = (lengths.sum::<u64>() / pieces.max(1) as u64).max(1);
    let mut plan = Vec::new();
    for (place, end) in &cut.0 {
        let mut start = from.get(place);
        while end.0.saturating_sub(start.0) > target + target / 2 {
            let next = start.plus(target);
            plan.push(Piece {
                place: place.clone(),
                range: start..next,
            });
            start = next;
        }
        plan.push(Piece {
            place: place.clone(),
            range: start..*end,
        });
    }
    plan
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn vector(offsets: &[(u32, u64)]) -> OffsetVector {
        let places = offsets
            .iter()
            .map(|(p, at)| (TopicPartition::new("t", *p), Offset(*at)));
        OffsetVector(places.collect())
    }

    #[test]
    fn pieces_tile_the_ranges() {
        for pieces in 1..20 {
            for end in [0, 1, 2, 7, 100] {
                let cut = vector(&[(0, end), (1, 3)]);
                let plan = plan(&vector(&[(1, 1)]), &cut, pieces);
                for (place, from) in [(0, 0), (1, 1)] {
                    let mut next = Offset(from);
                    for piece in plan.iter().filter(|piece| piece.place.partition.0 == place) {
                        assert_eq!(piece.range.start, next);
                        next = piece.range.end;
                    }
                    assert_eq!(next, cut.get(&TopicPartition::new("t", place)));
                }
            }
        }
    }
}
