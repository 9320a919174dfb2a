//! What the speed layer reads next: a bounded step from where each partition stands.

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

/// The next step from `from` towards `end`, at most `step` offsets in each partition; stops at a
/// pin ahead, because no segment may lie across it. Partitions that stand at their end are left out.
pub fn plan(
    from: &OffsetVector,
    end: &OffsetVector,
    pin: Option<&OffsetVector>,
    step: u64,
) -> Vec<Piece> {
    let pieces = end.0.iter().map(|(place, end)| {
        let start = from.get(place);
        let mut next = start.plus(step.max(1)).min(*end);
        if let Some(pin) = pin.map(|pin| pin.get(place)).filter(|pin| *pin > start) {
            next = next.min(pin);
        }
        Piece {
            place: place.clone(),
            range: start..next,
        }
    });
    pieces.filter(|piece| !piece.range.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(offsets: &[(u32, u64)]) -> OffsetVector {
        let places = offsets
            .iter()
            .map(|(p, at)| (TopicPartition::new("t", *p), Offset(*at)));
        OffsetVector(places.collect())
    }

    fn ranges(pieces: &[Piece]) -> Vec<(u32, u64, u64)> {
        let piece = |p: &Piece| (p.place.partition.0, p.range.start.0, p.range.end.0);
        pieces.iter().map(piece).collect()
    }

    #[test]
    fn a_step_ends_at_the_pin_and_goes_on_behind_it() {
        let (end, pin) = (vector(&[(0, 100), (1, 5)]), vector(&[(0, 12)]));
        let first = plan(&vector(&[(1, 5)]), &end, Some(&pin), 20);
        assert_eq!(ranges(&first), [(0, 0, 12)]);
        let second = plan(&vector(&[(0, 12), (1, 5)]), &end, Some(&pin), 20);
        assert_eq!(ranges(&second), [(0, 12, 32)]);
    }
}
