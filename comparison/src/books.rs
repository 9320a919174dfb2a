//! Accounting in rows: what was counted twice, lost or late, and whether the sum comes out.

use roaring::RoaringBitmap;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;

use crate::rule::Halves;

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
/// `wanted` holds the numbers of the rows that a view folds: after WHERE, with an event time.
/// `refused` are those that each half leaves out because they come too late for the view.
pub fn multiplicity(
    halves: &Halves,
    rows: &[Row],
    wanted: &RoaringBitmap,
    refused: &Refused,
) -> Multiplicity {
    let mut batch = RoaringBitmap::new();
    let mut speed = RoaringBitmap::new();
    let mut closed = RoaringBitmap::new();
    for number in wanted {
        let Some(row) = rows.get(number as usize) else {
            continue;
        };
        let Some(time) = row.time else { continue };
        for (half, refused, folded) in [
            (&halves.batch, &refused.batch, &mut batch),
            (&halves.speed, &refused.speed, &mut speed),
        ] {
            if half.takes(&row.place, row.offset, time) {
                let to = match refused.contains(number) {
                    true => &mut closed,
                    false => folded,
                };
                to.insert(number);
            }
        }
        if halves.batch.closed_before(&row.place, row.offset, time) {
            closed.insert(number);
        }
    }
    let nowhere = wanted - &(&batch | &speed);
    Multiplicity {
        double: &batch & &speed,
        late: &nowhere & &closed,
        missing: nowhere - closed,
        batch,
        speed,
    }
}

/// Events by row number that come too late for the view, each half judging by what it has read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refused {
    /// Left out by the batch half.
    pub batch: RoaringBitmap,
    /// Left out by the speed half.
    pub speed: RoaringBitmap,
}

/// Which events each half folds, and which were not folded exactly once, by row number.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiplicity {
    /// Folded by the batch half.
    pub batch: RoaringBitmap,
    /// Folded by the speed half.
    pub speed: RoaringBitmap,
    /// Folded by both halves.
    pub double: RoaringBitmap,
    /// Folded by neither, because they came after their side of the boundary was closed, or too
    /// late for the view.
    pub late: RoaringBitmap,
    /// Folded by neither for any other reason.
    pub missing: RoaringBitmap,
}
