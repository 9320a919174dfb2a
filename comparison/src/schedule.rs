//! When things happen in a comparison: the batch's cut, its landing, the question.

use shared_logic::coverage::OffsetVector;
use shared_logic::time::EventTime;

/// One batch run and one question, as offsets of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Where the batch stops reading: what had arrived when it started.
    pub cut: OffsetVector,
    /// The newest offsets when the batch lands.
    pub landing: OffsetVector,
    /// The newest offsets when the question is asked.
    pub end: OffsetVector,
    /// The instant of event time at which rules on event time divide.
    pub boundary: EventTime,
}
