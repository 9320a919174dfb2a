//! What two snapshots have in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared_logic::coverage::Coverage;
use shared_logic::partial::Partial;
use view_store::manifest::{Maker, SegmentEntry};
use view_store::snapshot::Snapshot;

/// A part of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    /// A segment, in the store.
    Segment(&'a SegmentEntry),
    /// A run of an open fold, in memory.
    Run(&'a Arc<Partial>),
}

impl Part<'_> {
    fn coverage(&self) -> &Coverage {
        match self {
            Self::Segment(entry) => &entry.coverage,
            Self::Run(run) => &run.coverage,
        }
    }
}

/// The parts of two snapshots of one generation.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    /// In both, or with the same content in the later one.
    pub(super) kept: Vec<Part<'a>>,
    /// In the earlier one.
    pub(super) gone: Vec<Part<'a>>,
    /// In the later one.
    pub(super) come: Vec<Part<'a>>,
    /// Segments of the later one that runs of the earlier one were sealed as.
    pub(super) sealed: Vec<(&'a SegmentEntry, Vec<&'a Arc<Partial>>)>,
}

/// Compares two snapshots by their parts.
pub(super) fn parts<'a>(before: &'a Snapshot, after: &'a Snapshot) -> Parts<'a> {
    let paths = |snapshot: &'a Snapshot| -> BTreeSet<&'a str> {
        let segments = snapshot.segments.iter();
        segments.map(|entry| entry.path.as_str()).collect()
    };
    let runs = |snapshot: &'a Snapshot| -> BTreeSet<*const Partial> {
        snapshot.runs.iter().map(Arc::as_ptr).collect()
    };
    let mut parts = Parts::default();
    let (old, new) = (paths(before), paths(after));
    for entry in before.segments.iter() {
        if !new.contains(entry.path.as_str()) {
            parts.gone.push(Part::Segment(entry));
        }
    }
    for entry in after.segments.iter() {
        let there = match old.contains(entry.path.as_str()) {
            true => &mut parts.kept,
            false => &mut parts.come,
        };
        there.push(Part::Segment(entry));
    }
    let (old, new) = (runs(before), runs(after));
    let gone = before
        .runs
        .iter()
        .filter(|run| !new.contains(&Arc::as_ptr(run)));
    parts.gone.extend(gone.map(Part::Run));
    for run in &after.runs {
        let there = match old.contains(&Arc::as_ptr(run)) {
            true => &mut parts.kept,
            false => &mut parts.come,
        };
        there.push(Part::Run(run));
    }
    parts.same_again();
    parts
}

impl<'a> Parts<'a> {
    /// Whether what has gone and come are runs alone: no segment that a batch may have corrected.
    pub(super) fn are_runs(&self) -> bool {
        let mut parts = self.gone.iter().chain(&self.come);
        parts.all(|part| matches!(part, Part::Run(_)))
    }

    /// Keeps what has come and stands for exactly what is gone: the fold of the same events, written
    /// as one. Only a batch may fold them otherwise, where late events are the speed layer's to drop.
    fn same_again(&mut self) {
        for come in std::mem::take(&mut self.come) {
            let corrects =
                |part: &Part| matches!(part, Part::Segment(entry) if entry.maker == Maker::Batch);
            let within: Vec<Part<'a>> = (self.gone.iter().copied())
                .filter(|gone| within(gone.coverage(), come.coverage()))
                .collect();
            let all = Coverage::union(within.iter().map(Part::coverage));
            if corrects(&come) || within.is_empty() || all.as_ref() != Ok(come.coverage()) {
                self.come.push(come);
                continue;
            }
            let same = come.coverage();
            self.gone
                .retain(|gone| !self::within(gone.coverage(), same));
            self.kept.push(come);
            let runs = within.iter().filter_map(|part| match part {
                Part::Run(run) => Some(*run),
                Part::Segment(_) => None,
            });
            let runs: Vec<&Arc<Partial>> = runs.collect();
            if let (Part::Segment(entry), true) = (come, runs.len() == within.len()) {
                self.sealed.push((entry, runs));
            }
        }
    }
}

/// Whether all that `part` stands for is in `whole`; nothing is in nothing.
fn within(part: &Coverage, whole: &Coverage) -> bool {
    let mut spans = part.0.iter();
    !part.0.is_empty()
        && spans.all(|(place, span)| {
            let other = whole.0.get(place);
            other.is_some_and(|other| other.start <= span.start && span.next <= other.next)
        })
}
