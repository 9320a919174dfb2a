//! What follows on the speed layer: whoever is told of each new snapshot, such as a sink.

use std::error::Error;
use std::sync::Arc;

use shared_logic::partial::Partial;
use view_store::job::own::Ownership;
use view_store::snapshot::Snapshot;

/// Something that lives on what a speed layer publishes.
///
/// It runs between two steps of the loop, so what takes long belongs on a thread of its own.
pub trait Downstream: Send {
    /// Is told after each publish, after each newer manifest and after each change of what this
    /// process owns, at most once a step; and about ten times a second while nothing happens.
    ///
    /// # Errors
    /// What it cannot live with: the speed layer then stops, as if the process had died.
    fn advanced(&mut self, advance: &Advance<'_>) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Where a speed layer stands.
#[derive(Clone, Copy, Debug)]
pub struct Advance<'a> {
    /// What a query sees now: the newest manifest that this process knows, and its open fold.
    pub snapshot: &'a Arc<Snapshot>,
    /// What was folded since the last time and is in the open fold now; less where something else
    /// came between.
    pub fresh: &'a [Partial],
    /// The partitions that this process owns, with the epochs it claimed them in.
    pub ownership: &'a Ownership,
    /// Whether the manifest is newer than the one told before.
    pub sealed: bool,
}

/// Nobody follows.
impl Downstream for () {
    fn advanced(&mut self, _: &Advance<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}
