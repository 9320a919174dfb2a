//! Merging folds that do not tile: what an architecture does that cannot see offsets.

use std::sync::Arc;

use shared_logic::coverage::Coverage;
use shared_logic::identity::TopicPartition;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;

use crate::error::ComparisonError;

/// Merges folds whether their ranges tile or not; one alone stays as it is.
///
/// Each fold's coverage is renamed to a log of its own, so that the merge has nothing to object to.
pub(crate) fn patch(view: &Arc<View>, folds: Vec<Partial>) -> Result<Partial, ComparisonError> {
    let folds = match <[Partial; 1]>::try_from(folds) {
        Ok([one]) => return Ok(one),
        Err(folds) => folds,
    };
    let renamed: Vec<Partial> = (1..)
        .zip(&folds)
        .map(|(number, fold)| renamed(fold, number))
        .collect();
    Ok(merge(view, &renamed)?)
}

fn renamed(partial: &Partial, number: u32) -> Partial {
    let spans = partial.coverage.0.iter().map(|(place, span)| {
        let topic = format!("fold {number} of {}", place.topic);
        (TopicPartition::new(topic, place.partition.0), *span)
    });
    Partial {
        coverage: Coverage(spans.collect()),
        ..partial.clone()
    }
}
