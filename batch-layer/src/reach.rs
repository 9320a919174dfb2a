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

/// The watermark of each partition.
pub type Reached = BTreeMap<TopicPartition, Option<Watermark>>;

/// The watermarks before each piece, from a first look at the event times alone.
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
) -> Result<Vec<Reached>, BatchError> {
    let within: Vec<Reached> = pieces
        .par_iter()
        .map(|piece| {
            let reached = piece.ranges.iter().map(|(place, range)| {
                let mut reach = Reach::new(view);
                for chunk in log.read(place, range.clone(), chunk_rows)? {
                    reach.push(&chunk?).map_err(FoldError::from)?;
                }
                Ok((place.clone(), reach.reached()))
            });
            reached.collect::<Result<_, BatchError>>()
        })
        .collect::<Result<_, _>>()?;
    let mut reached = Reached::new();
    let before = within.into_iter().map(|piece| {
        let before = reached.clone();
        for (place, watermark) in piece {
            let known = reached.entry(place).or_default();
            *known = watermark.max(*known);
        }
        before
    });
    Ok(before.collect())
}
