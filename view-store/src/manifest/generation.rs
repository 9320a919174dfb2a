//! A generation: the segments that one version of a job's logic made, and who may add to them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use shared_logic::coverage::{Coverage, CoverageError, OffsetVector};
use shared_logic::identity::TopicPartition;
use shared_logic::view::Fingerprint;

use super::{Delivery, SegmentEntry};

/// How often a partition of a generation was claimed: only the newest claim may seal. The first
/// claim is 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of one batch run's pin; never given twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PinId(pub String);

impl fmt::Display for PinId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a batch run will land: no segment straddles its cut from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Which run's pin it is.
    pub id: PinId,
    /// The offsets up to which the run folds.
    pub cut: OffsetVector,
}

/// The segments that one version of a job's logic made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The name of the view.
    pub view: String,
    /// The hash of its logic.
    pub fingerprint: Fingerprint,
    /// The job's SQL text, tables and views.
    pub sql: String,
    /// The first offset that it covers in each partition.
    pub origin: OffsetVector,
    /// The next offset to fold in each partition: the end of what its segments cover, or the
    /// origin where they cover nothing.
    pub next: OffsetVector,
    /// The newest claim of each partition.
    pub owners: BTreeMap<TopicPartition, Epoch>,
    /// How it is fed; not written where it is exactly once.
    #[serde(default, skip_serializing_if = "Delivery::is_exact")]
    pub delivery: Delivery,
    /// The batch run under way, if any.
    pub pin: Option<Pin>,
    /// Its segments, in no order; in each partition they tile from the origin to `next`.
    pub segments: Vec<SegmentEntry>,
}

/// On which side of a cut a fold lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// All of it below: a landing at this cut replaces it.
    Below,
    /// All of it at the cut or above.
    Above,
    /// Neither: some partition's span is cut in two, or some spans are below and some above.
    Straddles,
}

impl Side {
    /// On which side of `cut` the records of `coverage` are. What covers nothing is below.
    pub fn of(coverage: &Coverage, cut: &OffsetVector) -> Self {
        let all = |side: fn(_, _) -> bool, edge: &OffsetVector| {
            (coverage.0.keys()).all(|place| side(edge.get(place), cut.get(place)))
        };
        if all(|next, cut| next <= cut, &coverage.next()) {
            Self::Below
        } else if all(|start, cut| start >= cut, &coverage.start()) {
            Self::Above
        } else {
            Self::Straddles
        }
    }
}

impl Generation {
    /// What all segments together stand for, with the watermark reached in each partition. A
    /// process that resumes here starts from it. Partitions without a record are not in it: they
    /// stand at the origin.
    ///
    /// # Errors
    /// The segments do not tile; not in a manifest that was checked.
    pub fn coverage(&self) -> Result<Coverage, CoverageError> {
        Coverage::union(self.segments.iter().map(|segment| &segment.coverage))
    }
}

#[cfg(test)]
mod tests {
    use shared_logic::coverage::Span;
    use shared_logic::identity::Offset;

    use super::*;

    fn covers(spans: [(u32, u64, u64); 2]) -> Coverage {
        let span = |(partition, start, next)| {
            let span = Span {
                start: Offset(start),
                next: Offset(next),
                records: next - start,
                watermark_before: None,
                watermark_after: None,
                last: None,
            };
            (TopicPartition::new("t", partition), span)
        };
        Coverage(spans.map(span).into())
    }

    #[test]
    fn a_fold_is_below_above_or_straddles() {
        let cut = OffsetVector(
            [
                (TopicPartition::new("t", 0), Offset(10)),
                (TopicPartition::new("t", 1), Offset(5)),
            ]
            .into(),
        );
        let side = |zero: (u64, u64), one: (u64, u64)| {
            Side::of(&covers([(0, zero.0, zero.1), (1, one.0, one.1)]), &cut)
        };
        assert_eq!(side((0, 10), (3, 5)), Side::Below);
        assert_eq!(side((10, 11), (5, 9)), Side::Above);
        assert_eq!(side((9, 11), (3, 5)), Side::Straddles);
        assert_eq!(side((0, 10), (5, 9)), Side::Straddles, "one on each side");
        let elsewhere = covers([(2, 0, 1), (3, 0, 1)]);
        assert_eq!(Side::of(&elsewhere, &cut), Side::Above, "cut at 0");
    }
}
