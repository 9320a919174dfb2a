//! How the offsets of a log become those of a view, where the two are not the same.

use arrow::array::UInt64Array;
use shared_logic::chunk::Chunk;
use shared_logic::identity::Offset;

/// The log's offset `from` is the view's offset `to`, and so on from there.
///
/// Fed exactly once, a view has the offsets of the log. Otherwise it counts what was delivered: when
/// a record comes a second time it is one more, and when some are lost the next one takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Where the log was taken up.
    pub from: Offset,
    /// Where the view went on.
    pub to: Offset,
}

impl Shift {
    /// No shift: the view goes on at the log's offset `at`.
    pub fn none(at: Offset) -> Self {
        Self { from: at, to: at }
    }

    /// The view's offset of a log's offset that is not before `from`.
    pub fn view(self, log: Offset) -> Offset {
        self.to.plus(log.0.saturating_sub(self.from.0))
    }

    /// The log's offset of a view's offset that is not before `to`.
    pub fn log(self, view: Offset) -> Offset {
        self.from.plus(view.0.saturating_sub(self.to.0))
    }

    /// A chunk of the log as the view sees it.
    pub fn chunk(self, chunk: &Chunk) -> Chunk {
        if self.from == self.to {
            return chunk.clone();
        }
        let shifted = |list: &UInt64Array| -> UInt64Array {
            let offsets = list.values().iter();
            offsets.map(|at| self.view(Offset(*at)).0).collect()
        };
        Chunk {
            start: self.view(chunk.start),
            next: self.view(chunk.next),
            offsets: chunk.offsets.as_ref().map(shifted),
            ..chunk.clone()
        }
    }
}
