//! What the batch reads: everything below the cut, in pieces that can be folded side by side.

use std::ops::Range;

use event_log::{Chunks, EventLog, LogError};
use shared_logic::chunk::Chunk;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};

/// One piece of work: a half-open range of each partition, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The offsets to fold, by partition.
    pub ranges: Vec<(TopicPartition, Range<Offset>)>,
}

impl Piece {
    /// How many offsets it has.
    pub fn offsets(&self) -> u64 {
        let lengths = self.ranges.iter().map(|(_, range)| length(range));
        lengths.sum()
    }
}

/// How many offsets a range has.
pub(crate) fn length(range: &Range<Offset>) -> u64 {
    range.end.0.saturating_sub(range.start.0)
}

/// Divides `[from, cut)` into at most `pieces`, in the order of offsets.
///
/// Each has the same share of every partition. Events come nearly in the order of time, so pieces
/// have few windows in common, and what one of them folds hardly needs to be merged with the others.
pub fn plan(from: &OffsetVector, cut: &OffsetVector, pieces: usize) -> Vec<Piece> {
    let longest = (cut.0.iter())
        .map(|(place, end)| end.0.saturating_sub(from.get(place).0))
        .max();
    let pieces = (pieces as u64).clamp(1, longest.unwrap_or_default().max(1));
    let share = |piece: u64| {
        let ranges = cut.0.iter().map(|(place, end)| {
            let start = from.get(place);
            let all = u128::from(end.0.saturating_sub(start.0));
            let at = |nth: u64| {
                let passed = all * u128::from(nth) / u128::from(pieces);
                start.plus(passed as u64)
            };
            (place.clone(), at(piece)..at(piece + 1))
        });
        Piece {
            ranges: ranges.collect(),
        }
    };
    (0..pieces).map(share).collect()
}

/// The chunks of all ranges of a piece, each partition as far on its way as the others, so that the
/// events come nearly in the order of time.
pub(crate) fn abreast(
    log: &dyn EventLog,
    piece: &Piece,
    chunk_rows: usize,
) -> Result<Abreast, LogError> {
    let lanes = piece.ranges.iter().map(|(place, range)| {
        Ok(Lane {
            chunks: log.read(place, range.clone(), chunk_rows)?,
            range: range.clone(),
            next: range.start,
        })
    });
    Ok(Abreast(lanes.collect::<Result<_, LogError>>()?))
}

/// Readers of several ranges.
pub(crate) struct Abreast(Vec<Lane>);

/// The reader of one range.
struct Lane {
    chunks: Chunks,
    range: Range<Offset>,
    next: Offset,
}

impl Lane {
    /// The share of the range that is read, in 2⁻³².
    fn share(&self) -> u128 {
        let read = u128::from(self.next.0.saturating_sub(self.range.start.0));
        (read << 32) / u128::from(length(&self.range).max(1))
    }
}

impl Iterator for Abreast {
    type Item = Result<Chunk, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let lanes = self.0.iter_mut().enumerate();
            let (at, lane) = lanes.min_by_key(|(_, lane)| lane.share())?;
            match lane.chunks.next() {
                Some(chunk) => {
                    if let Ok(chunk) = &chunk {
                        lane.next = chunk.next;
                    }
                    return Some(chunk);
                }
                None => drop(self.0.swap_remove(at)),
            }
        }
    }
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
            for end in [0, 1, 2, 7, 100, u64::MAX] {
                let cut = vector(&[(0, end), (1, 3)]);
                let plan = plan(&vector(&[(1, 1)]), &cut, pieces);
                assert!(plan.len() <= pieces);
                for (place, from) in [(0, 0), (1, 1)] {
                    let mut next = Offset(from);
                    for piece in &plan {
                        let (_, range) = &piece.ranges[place];
                        assert_eq!(range.start, next);
                        next = range.end;
                    }
                    assert_eq!(next, cut.get(&TopicPartition::new("t", place as u32)));
                }
            }
        }
    }

    #[test]
    fn pieces_are_of_one_length() {
        let plan = plan(&vector(&[(1, 10)]), &vector(&[(0, 1000), (1, 500)]), 7);
        assert_eq!(plan.len(), 7);
        assert!(
            plan.iter()
                .all(|piece| (212..=214).contains(&piece.offsets()))
        );
    }
}
