//! What the two halves of a lambda hold: ranges of offsets, and a predicate on the events within.

use std::collections::BTreeMap;
use std::ops::Range;

use roaring::RoaringBitmap;
use shared_logic::admission::Admission;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;

use crate::books::Row;
use crate::seam::Seam;

/// Both halves of a lambda; kappa is one without a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Halves {
    /// What the batch layer has folded.
    pub batch: Piece,
    /// What the speed layer has folded: one piece, unless it was restarted without knowing what it
    /// had folded. Pieces may overlap.
    pub speed: Vec<Piece>,
    /// Where the batch stopped reading: what belongs to it and arrived later is late.
    pub closed: OffsetVector,
    /// Whether the speed half goes on from the batch's watermarks: they are one generation.
    pub chained: bool,
}

/// A fold on its own: a half-open range in each partition, and which events of it are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The offsets that were read.
    pub ranges: BTreeMap<TopicPartition, Range<Offset>>,
    /// Which events of the ranges are taken.
    pub admission: Admission,
}

impl Halves {
    /// The halves of a rule that divides event time: the speed half is folded from the log's start.
    pub(crate) fn by_time(seam: &Seam, batch: Admission, speed: Admission) -> Self {
        Self {
            batch: Piece::new(&seam.origin, &seam.cut, &seam.end, batch),
            speed: vec![Piece::new(&seam.origin, &seam.end, &seam.end, speed)],
            closed: seam.cut.clone(),
            chained: false,
        }
    }

    /// No batch, and these pieces of a stream.
    pub(crate) fn stream(speed: Vec<Piece>) -> Self {
        let nothing = OffsetVector::default();
        Self {
            batch: Piece::new(&nothing, &nothing, &nothing, Admission::All),
            speed,
            closed: nothing,
            chained: true,
        }
    }

    /// All pieces, the batch's first.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        std::iter::once(&self.batch).chain(&self.speed)
    }

    /// Whether an event belongs to the batch by its event time, and arrived after that had read.
    pub fn closed_before(&self, row: &Row, time: EventTime) -> bool {
        self.batch.admission != Admission::All
            && self.batch.admission.takes(time)
            && row.offset >= self.closed.get(&row.place)
    }
}

impl Piece {
    /// `[from, to)` in each of these partitions.
    pub fn new(
        from: &OffsetVector,
        to: &OffsetVector,
        partitions: &OffsetVector,
        admission: Admission,
    ) -> Self {
        let places = partitions.0.keys();
        let range = |place| from.get(place)..to.get(place).max(from.get(place));
        Self {
            ranges: places.map(|place| (place.clone(), range(place))).collect(),
            admission,
        }
    }

    /// The first offset it reads in each partition.
    pub fn start(&self) -> OffsetVector {
        let starts = self.ranges.iter();
        OffsetVector(
            starts
                .map(|(place, range)| (place.clone(), range.start))
                .collect(),
        )
    }

    /// Whether the event at `offset` of `place` is in its ranges.
    pub fn reads(&self, place: &TopicPartition, offset: Offset) -> bool {
        self.ranges
            .get(place)
            .is_some_and(|range| range.contains(&offset))
    }

    /// The numbers of the events in its ranges.
    pub fn read(&self, rows: &[Row]) -> RoaringBitmap {
        let numbered = (0_u32..).zip(rows);
        let read = numbered.filter(|(_, row)| self.reads(&row.place, row.offset));
        read.map(|(number, _)| number).collect()
    }
}
