//! A batch by Polars over an archive of the same log.

use std::sync::Arc;

use batch_layer::engine::{by_polars, lowers};
use batch_layer::fold::Options;
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, archive};
use shared_logic::coverage::OffsetVector;
use shared_logic::partial::Partial;

use crate::case::Laid;
use crate::dice::Dice;

/// What Polars folds below `cut`, from small files; `None` for a view that it does not compute.
pub fn polars(laid: &Laid, cut: &OffsetVector, dice: &mut Dice) -> Option<Partial> {
    lowers(&laid.view).ok()?;
    let folder = tempfile::tempdir().unwrap();
    let table = Arc::clone(&laid.view.table);
    let files = Archive::open(folder.path(), &table.topic, Arc::clone(&table)).unwrap();
    let options = ArchiveOptions {
        chunk_rows: dice.between(1, 40) as usize,
        file_rows: dice.between(1, 50) as u64,
        ..Default::default()
    };
    archive(&laid.log, &files, None, options).unwrap();
    // A partition without records has no archive; nothing is asked of it.
    let cut = OffsetVector(
        (cut.0.iter())
            .filter(|(_, next)| next.0 > 0)
            .map(|(place, next)| (place.clone(), *next))
            .collect(),
    );
    let origin = OffsetVector::default();
    let folded = by_polars(&laid.view, &files, &origin, &cut, &Options::default());
    Some(folded.unwrap().whole(&laid.view).unwrap())
}
