//! Accounting in rows: what was counted twice, lost or late, and whether the sum comes out.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;

use crate::halves::{Halves, Piece};

/// An event as the independent reader of the input sees it: where it is in the log and when it
/// happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its partition.
    pub place: TopicPartition,
    /// Its offset there.
    pub offset: Offset,
    /// When it happened; `None` where that cannot be read.
    pub time: Option<EventTime>,
}

/// Where the log of these events begins: at the first of each partition.
pub fn origin(rows: &[Row]) -> OffsetVector {
    let mut first = BTreeMap::new();
    for row in rows {
        first.entry(row.place.clone()).or_insert(row.offset);
    }
    OffsetVector(first)
}

/// One architecture's answer in rows against the truth. All figures are events after WHERE, each
/// once, however many windows it is in; where the view drops old windows, those that it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    /// The events in the fold whose answer was served.
    pub counted: u64,
    /// The independent count over all events, late ones included.
    pub truth: u64,
    /// Events folded more than once, each further time counted.
    pub double: u64,
    /// Events folded nowhere, other than the late ones.
    pub missing: u64,
    /// Events that arrived after their side of the boundary was closed, or too late for the view.
    pub late: u64,
}

impl Books {
    /// `counted − truth`: the error of the answer in rows.
    pub fn net(&self) -> i64 {
        self.counted
            .cast_signed()
            .wrapping_sub(self.truth.cast_signed())
    }

    /// Whether `counted = truth + double − missing − late`. Where it does not hold, the answer has
    /// an error that the seam does not explain: a bug.
    pub fn balance(&self) -> bool {
        let explained = i128::from(self.truth) + i128::from(self.double)
            - i128::from(self.missing)
            - i128::from(self.late);
        i128::from(self.counted) == explained
    }
}

/// How often the halves fold each event, from offsets and event times alone.
///
/// `wanted` holds the numbers of the rows that a view folds: after WHERE, with an event time, and
/// arrived. `refused` are those that each piece of the halves leaves out because they come too late
/// for the view, in the order of [`Halves::pieces`].
pub fn multiplicity(
    halves: &Halves,
    rows: &[Row],
    wanted: &RoaringBitmap,
    refused: &[RoaringBitmap],
) -> Multiplicity {
    let mut closed = RoaringBitmap::new();
    let mut pieces: Vec<(&Piece, &RoaringBitmap, RoaringBitmap)> = (halves.pieces().zip(refused))
        .map(|(piece, refused)| (piece, refused, RoaringBitmap::new()))
        .collect();
    for number in wanted {
        let Some(row) = rows.get(number as usize) else {
            continue;
        };
        let Some(time) = row.time else { continue };
        for (piece, refused, folded) in &mut pieces {
            if piece.admission.takes(time) && piece.reads(&row.place, row.offset) {
                let to = match refused.contains(number) {
                    true => &mut closed,
                    false => folded,
                };
                to.insert(number);
            }
        }
        if halves.closed_before(row, time) {
            closed.insert(number);
        }
    }
    let pieces: Vec<RoaringBitmap> = pieces.into_iter().map(|(_, _, folded)| folded).collect();
    let once = pieces
        .iter()
        .fold(RoaringBitmap::new(), |once, piece| once | piece);
    let nowhere = wanted - &once;
    Multiplicity {
        late: &nowhere & &closed,
        missing: nowhere - closed,
        pieces,
        once,
    }
}

/// Which events each piece folds, and which were not folded exactly once, by row number.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiplicity {
    /// Folded by each piece: the batch half, then those of the speed half.
    pub pieces: Vec<RoaringBitmap>,
    /// Folded at least once.
    pub once: RoaringBitmap,
    /// Folded by none, because they came after their side of the boundary was closed, or too late
    /// for the view.
    pub late: RoaringBitmap,
    /// Folded by none for any other reason.
    pub missing: RoaringBitmap,
}

impl Multiplicity {
    /// The events, each as often as it was folded, ascending.
    pub fn folded(&self) -> Vec<u32> {
        let mut folded: Vec<u32> = self.pieces.iter().flatten().collect();
        folded.sort_unstable();
        folded
    }

    /// Σ(m−1)⁺ over the events of `among`, where m is how often one was folded.
    pub fn double(&self, among: &RoaringBitmap) -> u64 {
        let times = self
            .pieces
            .iter()
            .map(|piece| piece.intersection_len(among));
        times.sum::<u64>() - self.once.intersection_len(among)
    }

    /// The events folded more than once.
    pub fn doubled(&self) -> RoaringBitmap {
        let mut seen = RoaringBitmap::new();
        let mut doubled = RoaringBitmap::new();
        for piece in &self.pieces {
            doubled |= &seen & piece;
            seen |= piece;
        }
        doubled
    }
}
