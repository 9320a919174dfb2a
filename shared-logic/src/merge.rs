//! Folds of neighbouring ranges become the fold of their union.

use std::sync::Arc;

use crate::coverage::Coverage;
use crate::fold::{Fold, FoldError};
use crate::partial::Partial;
use crate::view::View;

/// The fold of everything that `partials` cover, in any order.
///
/// # Errors
/// The first overlap or hole between them, by partition and offsets; then nothing is merged.
pub fn merge<'a>(
    view: &Arc<View>,
    partials: impl IntoIterator<Item = &'a Partial>,
) -> Result<Partial, FoldError> {
    let partials: Vec<&Partial> = partials.into_iter().collect();
    if let [one] = partials.as_slice() {
        return Ok((*one).clone());
    }
    // Asked of all at once: two neighbours may have a third between them in the list.
    let union = Coverage::union(partials.iter().map(|partial| &partial.coverage))?;
    let mut fold = Fold::new(view)?;
    for partial in partials {
        fold.absorb(partial)?;
    }
    fold.finish_covering(union)
}
