//! How far event time has come where each piece begins: what says which of its events are late.

use std::collections::BTreeMap;

use event_log::EventLog;
use rayon::prelude::*;
use shared_logic::fold::FoldError;
use shared_logic::identity::TopicPartition;
use shared_logic::reach::Reach;
use shared_logic::time::Watermark;
use shared_logic::view::View;

use crate::error::BatchError;
use crate::read::Piece;

/// The watermark before each piece, from a first look at the event times alone.
///
/// Pieces are folded side by side and a late event is judged by its partition's earlier records, so
/// these are read before anything is folded.
///
/// # Errors
/// A piece that cannot be read.
pub fn reached(
    view: &View,
    log: &dyn EventLog,
    pieces: &[Piece],
    chunk_rows: usize,
) -> Result<Vec<Option<Watermark>>, BatchError> {
    let own: Vec<Option<Watermark>> = pieces
        .par_iter()
        .map(|piece| {
            let mut reach = Reach::new(view);
            for chunk in log.read(&piece.place, piece.range.clone(), chunk_rows)? {
                reach.push(&chunk?).map_err(FoldError::from)?;
            }
            Ok(reach.reached())
        })
        .collect::<Result<_, BatchError>>()?;
    let mut reached: BTreeMap<&TopicPartition, Option<Watermark>> = BTreeMap::new();
    let before = pieces.iter().zip(own).map(|(piece, own)| {
        let watermark = reached.entry(&piece.place).or_default();
        let before = *watermark;
        *watermark = before.max(own);
        before
    });
    Ok(before.collect())
}
