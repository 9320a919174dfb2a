//! Files one behind the other, offset by offset.

use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use shared_logic::identity::{Offset, TopicPartition};

use crate::LogError;
use crate::archive::{Archive, Foreign, Held};
use crate::input::source::wrong;

/// What a file holds of a partition.
pub(super) struct Piece {
    pub(super) file: Rc<Foreign>,
    pub(super) held: Held,
}

/// The files of a partition that the archive does not have yet, in the order of their offsets.
pub(super) struct Line {
    pub(super) place: TopicPartition,
    /// Where the first of them begins.
    pub(super) from: Offset,
    pub(super) fresh: Vec<Piece>,
    /// How many others it has.
    pub(super) known: u64,
}

/// Puts the pieces of a partition in order, behind what the archive has.
///
/// # Errors
/// [`LogError::Input`] for the first hole or overlap.
pub(super) fn line_up(
    archive: &Archive,
    place: TopicPartition,
    mut pieces: Vec<Piece>,
    sparse: bool,
) -> Result<Line, LogError> {
    pieces.sort_by_key(|piece| piece.held.first);
    let mut next = archive.next(&place)?;
    let (mut fresh, mut known, mut before) = (Vec::new(), 0, None::<Rc<Foreign>>);
    let mut from = None;
    for piece in pieces {
        let Piece { file, held } = &piece;
        if let Some(there) = next.filter(|next| from.is_none() && held.first < *next) {
            if !is_known(archive, &place, &piece)? {
                let twice = held.first..there.min(held.last.plus(1));
                return Err(wrong(
                    file.path(),
                    format!(
                        "{} of {place} are in the archive already, and not from this file: leave it out, or adopt it into another store",
                        span(&twice)
                    ),
                ));
            }
            known += 1;
            continue;
        }
        let begin = next.unwrap_or(held.first);
        if held.first < begin {
            return Err(overlap(
                &place,
                before.as_deref().map(Foreign::path),
                &piece,
                begin,
            ));
        }
        // Where rows are counted, whoever left some out has moved the offsets of the others.
        if held.first > begin && !(sparse && file.offsets.is_some()) {
            return Err(hole(
                &place,
                file.path(),
                begin..held.first,
                before.as_deref(),
                file.offsets.is_some(),
            ));
        }
        if let Some(gap) = held.gap.clone().filter(|_| !sparse) {
            return Err(hole(&place, file.path(), gap, Some(file), true));
        }
        from.get_or_insert(begin);
        next = Some(held.last.plus(1));
        before = Some(Rc::clone(file));
        fresh.push(piece);
    }
    Ok(Line {
        from: from.or(next).unwrap_or_default(),
        place,
        fresh,
        known,
    })
}

/// Whether the archive has this very piece.
fn is_known(archive: &Archive, place: &TopicPartition, piece: &Piece) -> Result<bool, LogError> {
    let Some(footer) = archive.footer_of(place, piece.held.first)? else {
        return Ok(false);
    };
    let same = |adopted: &crate::archive::Adopted| piece.file.is(adopted);
    Ok(footer.next == piece.held.last.plus(1) && footer.adopted.as_ref().is_some_and(same))
}

fn overlap(
    place: &TopicPartition,
    before: Option<&Path>,
    piece: &Piece,
    begin: Offset,
) -> LogError {
    let twice = piece.held.first..begin.min(piece.held.last.plus(1));
    let other = before.map_or_else(
        || "the archive".to_owned(),
        |path| path.display().to_string(),
    );
    wrong(
        piece.file.path(),
        format!(
            "{} of {place} are in {other}, too: leave out one of the two, or rewrite both in the order of offsets",
            span(&twice)
        ),
    )
}

fn hole(
    place: &TopicPartition,
    path: &Path,
    gap: Range<Offset>,
    before: Option<&Foreign>,
    said: bool,
) -> LogError {
    let behind = match before {
        None => "what the archive has".to_owned(),
        Some(file) if file.path() == path => "records of this file".to_owned(),
        Some(file) => file.path().display().to_string(),
    };
    let help = match said {
        true => {
            "bring the file that has them, or say --sparse if no record has them (markers of transactions, compacted records)"
        }
        false => {
            "bring the file that has them, or name the column of offsets with --offset-column if no record has them"
        }
    };
    wrong(
        path,
        format!(
            "{} of {place}, behind {behind}, are in no file: {help}",
            span(&gap)
        ),
    )
}

/// Offsets as they are told.
fn span(range: &Range<Offset>) -> String {
    format!(
        "offsets {} to {}",
        range.start,
        range.end.0.saturating_sub(1)
    )
}
