//! Which records a fold stands for, per partition; folds merge only where these tile.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chunk::Chunk;
use crate::identity::{Offset, Topic, TopicPartition};
use crate::time::Watermark;

/// The next offset to read in each partition; a partition that is not named stands at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OffsetVector(pub BTreeMap<TopicPartition, Offset>);

impl OffsetVector {
    /// The next offset of `place`.
    pub fn get(&self, place: &TopicPartition) -> Offset {
        self.0.get(place).copied().unwrap_or_default()
    }

    /// Moves `place` to `next`.
    pub fn set(&mut self, place: TopicPartition, next: Offset) {
        self.0.insert(place, next);
    }

    /// The part of it that is about one topic.
    pub fn of(&self, topic: &Topic) -> Self {
        let places = self.0.iter().filter(|(place, _)| place.topic == *topic);
        Self(places.map(|(place, next)| (place.clone(), *next)).collect())
    }

    /// The partitions in which this vector is behind `other`.
    pub fn behind<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a TopicPartition> {
        (other.0.iter()).filter_map(|(place, next)| (self.get(place) < *next).then_some(place))
    }

    /// Whether this vector is at or beyond `other` in every partition.
    pub fn reaches(&self, other: &Self) -> bool {
        self.behind(other).next().is_none()
    }

    /// The larger offset of the two in each partition.
    pub fn max(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (place, next) in &other.0 {
            let reached = both.get(place).max(*next);
            both.set(place.clone(), reached);
        }
        both
    }
}

impl fmt::Display for OffsetVector {
    /// `topic/0:12,topic/1:7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (place, next)) in self.0.iter().enumerate() {
            write!(f, "{}{place}:{next}", if n > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// A record by which a log is known again: one that was deleted and made anew has another there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// Where it is.
    pub offset: Offset,
    /// A hash of its key, value, headers and arrival.
    pub checksum: u32,
}

/// The records of one partition in `[start, next)`, as a fold saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first offset covered.
    pub start: Offset,
    /// The first offset no longer covered.
    pub next: Offset,
    /// How many records were read in it, rejected and filtered ones included; at most `next - start`.
    pub records: u64,
    /// The partition's watermark before the first record.
    pub watermark_before: Option<Watermark>,
    /// The partition's watermark after the last record.
    pub watermark_after: Option<Watermark>,
    /// The last record that came as its producer wrote it; not known of records in columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastRecord>,
}

/// What a fold stands for: one half-open span of offsets in each partition.
///
/// Merging is partial on purpose: an overlap would count twice, a hole would lose, and both are
/// seen here without a look at any value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(pub BTreeMap<TopicPartition, Span>);

/// Why two coverages do not make one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverageError {
    /// Records that both cover: merging would count them twice.
    #[error(
        "both sides cover {place} from offset {start} to {next}: merging would count these records twice"
    )]
    Overlap {
        /// The partition.
        place: TopicPartition,
        /// The first offset covered by both.
        start: Offset,
        /// The first offset after the overlap.
        next: Offset,
    },
    /// Records that neither covers: merging would lose them.
    #[error(
        "neither side covers {place} from offset {start} to {next}: merging would lose these records"
    )]
    Hole {
        /// The partition.
        place: TopicPartition,
        /// The first offset that nobody covers.
        start: Offset,
        /// The first offset after the hole.
        next: Offset,
    },
    /// The later side did not follow on what the earlier side read.
    #[error("at {place} offset {at} the earlier side ends with watermark {}, the later one began with {}: the log's prefix has changed, recompute one side", show(.earlier), show(.later))]
    Prefix {
        /// The partition.
        place: TopicPartition,
        /// The offset where the two meet.
        at: Offset,
        /// The watermark after the earlier side.
        earlier: Option<Watermark>,
        /// The watermark before the later side.
        later: Option<Watermark>,
    },
}

fn show(watermark: &Option<Watermark>) -> String {
    watermark.map_or_else(|| "none".to_owned(), |time| time.to_string())
}

impl Span {
    /// The span of both, where one follows directly on the other; an empty span joins its neighbour.
    ///
    /// # Errors
    /// An overlap, a hole, or a watermark chain that does not meet.
    pub fn join(&self, other: &Self, place: &TopicPartition) -> Result<Self, CoverageError> {
        let (first, second) = if (self.start, self.next) <= (other.start, other.next) {
            (self, other)
        } else {
            (other, self)
        };
        if second.start < first.next {
            return Err(CoverageError::Overlap {
                place: place.clone(),
                start: second.start,
                next: first.next.min(second.next),
            });
        }
        if second.start > first.next {
            return Err(CoverageError::Hole {
                place: place.clone(),
                start: first.next,
                next: second.start,
            });
        }
        if first.watermark_after != second.watermark_before {
            return Err(CoverageError::Prefix {
                place: place.clone(),
                at: second.start,
                earlier: first.watermark_after,
                later: second.watermark_before,
            });
        }
        Ok(Self {
            start: first.start,
            next: second.next,
            records: first.records + second.records,
            watermark_before: first.watermark_before,
            watermark_after: second.watermark_after,
            last: second.last.or(first.last),
        })
    }
}

impl Span {
    /// This span with its watermarks counted from `before`, the watermark where it starts; for
    /// ranges that were folded without knowing what came earlier.
    pub fn following(self, before: Option<Watermark>) -> Self {
        Self {
            watermark_before: before,
            watermark_after: before.max(self.watermark_after),
            ..self
        }
    }
}

impl Coverage {
    /// Adds the records of a chunk, which were read next in their partition; `latest` is the greatest
    /// event time among them. Where nothing of the partition is covered they are the first.
    ///
    /// # Errors
    /// They do not follow on what is covered.
    pub(crate) fn read(
        &mut self,
        chunk: &Chunk,
        latest: Option<Watermark>,
    ) -> Result<(), CoverageError> {
        let place = &chunk.place;
        let before = self.0.get(place).and_then(|span| span.watermark_after);
        let span = Span {
            start: chunk.start,
            next: chunk.next,
            records: chunk.rows() as u64,
            watermark_before: before,
            watermark_after: before.max(latest),
            last: chunk.last(),
        };
        let whole = match self.0.get(place) {
            Some(known) => known.join(&span, place)?,
            None => span,
        };
        self.0.insert(place.clone(), whole);
        Ok(())
    }

    /// The coverage of both sides together; partitions of only one side are taken as they are.
    ///
    /// # Errors
    /// The first partition in which the two do not tile.
    pub fn join(&self, other: &Self) -> Result<Self, CoverageError> {
        let mut both = self.clone();
        for (place, span) in &other.0 {
            let joined = match both.0.get(place) {
                Some(mine) => mine.join(span, place)?,
                None => *span,
            };
            both.0.insert(place.clone(), joined);
        }
        Ok(both)
    }

    /// The union of many coverages in any order, each partition's spans joined from low to high.
    ///
    /// # Errors
    /// The first partition, by name, whose spans do not tile.
    pub fn union<'a>(all: impl IntoIterator<Item = &'a Self>) -> Result<Self, CoverageError> {
        let mut spans: BTreeMap<&TopicPartition, Vec<Span>> = BTreeMap::new();
        for (place, span) in all.into_iter().flat_map(|coverage| &coverage.0) {
            spans.entry(place).or_default().push(*span);
        }
        let mut union = Self::default();
        for (place, mut list) in spans {
            list.sort_by_key(|span| (span.start, span.next));
            let mut list = list.into_iter();
            let Some(mut whole) = list.next() else {
                continue;
            };
            for span in list {
                whole = whole.join(&span, place)?;
            }
            union.0.insert(place.clone(), whole);
        }
        Ok(union)
    }

    /// The first offset covered in each partition.
    pub fn start(&self) -> OffsetVector {
        OffsetVector(
            self.0
                .iter()
                .map(|(place, span)| (place.clone(), span.start))
                .collect(),
        )
    }

    /// The first offset no longer covered in each partition.
    pub fn next(&self) -> OffsetVector {
        OffsetVector(
            self.0
                .iter()
                .map(|(place, span)| (place.clone(), span.next))
                .collect(),
        )
    }

    /// How many records were read.
    pub fn records(&self) -> u64 {
        self.0.values().map(|span| span.records).sum()
    }
}

#[cfg(test)]
mod tests;
