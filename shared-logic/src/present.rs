//! From merged accumulators to the rows shown.

/// The SELECT list over keys, window and finished measures.
#[derive(Debug)]
pub struct Projection {}
