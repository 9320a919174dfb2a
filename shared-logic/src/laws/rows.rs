//! The rows of a user's own events, as the measures of a view take them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;

use crate::admission::Admission;
use crate::chunk::Chunk;
use crate::decode::Decoder;
use crate::fold::FoldError;
use crate::view::View;

/// The arguments of each measure of `view`, for every event of `chunks` that it folds: what
/// [`check`](super::check) takes.
///
/// Events of all groups are put together, so that laws are tried on values that never meet in one
/// group, too.
///
/// # Errors
/// Chunks that lack a column of the table.
pub fn rows(view: &Arc<View>, chunks: &[Chunk]) -> Result<Vec<Vec<ArrayRef>>, FoldError> {
    let decoder = Decoder::new(Arc::clone(&view.table), view.prepare.columns());
    let mut parts: Vec<Vec<Vec<ArrayRef>>> = view.measures.iter().map(|_| vec![]).collect();
    for chunk in chunks {
        let decoded = decoder.decode(chunk)?;
        let prepared = view.prepare.apply(&decoded, Admission::All, None)?;
        let moments = prepared.moments.map(|moments| moments.arrays(chunk));
        let each = parts.iter_mut().zip(&view.measures);
        for ((parts, measure), mut arguments) in each.zip(prepared.arguments) {
            if measure.function.ordered() {
                arguments.extend(moments.iter().flatten().cloned());
            }
            parts.push(arguments);
        }
    }
    let whole = parts.into_iter().map(|parts| {
        let columns = parts.first().map_or(0, Vec::len);
        let column = |at: usize| {
            let parts: Vec<&dyn Array> = (parts.iter())
                .filter_map(|part| part.get(at))
                .map(AsRef::as_ref)
                .collect();
            Ok(concat(&parts)?)
        };
        (0..columns).map(column).collect()
    });
    whole.collect()
}
