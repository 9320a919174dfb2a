//! The batch fold in bounded memory: what grows too large is written as a part of the result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_log::EventLog;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::job::land::Written;

use crate::error::BatchError;
use crate::fold::{Folded, Options, fold_piece, merged};
use crate::reach::reached;
use crate::read::Piece;

/// What the program takes before it folds anything, in bytes: itself, and what it reads at a time.
const ITSELF: u64 = 64 << 20;

/// A fold that is full takes its state, then its sorted rows beside it, then these and their file.
const TIMES: u64 = 3;

/// The smallest state that is worth a segment, in bytes; under a lower limit there is no way.
const LEAST: u64 = 4 << 20;

/// What became of the pieces.
#[derive(Debug)]
pub enum Spilled {
    /// All of them fit into memory.
    Folded(Folded),
    /// Parts, written in no particular order.
    Written(Vec<Written>),
}

/// Folds the pieces in parallel within `memory` bytes; `write` makes a part durable.
///
/// Which parts there are depends on the pieces, the limit and the number of threads, and on nothing
/// else.
///
/// # Errors
/// A piece that cannot be read, folded or written; with `strict`, the first record rejected.
pub fn fold_within(
    view: &Arc<View>,
    log: &dyn EventLog,
    pieces: &[Piece],
    options: &Options,
    memory: u64,
    write: &(dyn Fn(&Partial) -> Result<Written, BatchError> + Sync),
) -> Result<Spilled, BatchError> {
    // A part is written before its neighbours are folded, and says which watermark it begins with.
    let before = reached(view, log, pieces, options.chunk_rows.max(1))?;
    let threads = options.threads.max(1);
    let state = memory.saturating_sub(ITSELF) / (threads as u64 * TIMES);
    let size = usize::try_from(state.max(LEAST)).unwrap_or(usize::MAX);
    let small = size / pieces.len().max(1);
    let fold = |nth: usize| -> Result<Done, BatchError> {
        let mut done = Done::default();
        let (Some(piece), Some(before)) = (pieces.get(nth), before.get(nth)) else {
            return Ok(done);
        };
        fold_piece(view, log, piece, before, options, size, |partial| {
            done.add(partial, small, write)
        })?;
        Ok(done)
    };
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Done)>, BatchError> {
        // A thread that waits for others to encode must not begin another piece meanwhile, so each
        // encodes alone.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        alone.install(|| {
            let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let mine = numbers.take_while(|nth| *nth < pieces.len());
            mine.map(|nth| Ok((nth, fold(nth)?))).collect()
        })
    };
    let mut all: Vec<(usize, Done)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let lists: Result<Vec<_>, BatchError> = results.collect();
        Ok::<_, BatchError>(lists?.into_iter().flatten().collect())
    })?;
    all.sort_by_key(|(nth, _)| *nth);
    let (mut kept, mut written) = (vec![], vec![]);
    for (_, mut done) in all {
        kept.append(&mut done.kept);
        written.append(&mut done.written);
    }
    if written.is_empty() {
        return Ok(Spilled::Folded(merged(view, &kept)?));
    }
    for partial in kept.iter().filter(|partial| covers(partial)) {
        written.push(write(partial)?);
    }
    Ok(Spilled::Written(written))
}

/// What became of a piece.
#[derive(Debug, Default)]
struct Done {
    kept: Vec<Partial>,
    written: Vec<Written>,
}

impl Done {
    /// Keeps a partial that is smaller than `small` bytes, and writes any other.
    fn add(
        &mut self,
        partial: Partial,
        small: usize,
        write: &(dyn Fn(&Partial) -> Result<Written, BatchError> + Sync),
    ) -> Result<(), BatchError> {
        if partial.rows.get_array_memory_size() < small {
            self.kept.push(partial);
        } else if covers(&partial) {
            self.written.push(write(&partial)?);
        }
        Ok(())
    }
}

/// Whether it stands for any offset.
fn covers(partial: &Partial) -> bool {
    partial
        .coverage
        .0
        .values()
        .any(|span| span.start < span.next)
}
