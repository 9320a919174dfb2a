//! LIKE and ILIKE with a constant pattern.

use polars::prelude::{BooleanChunked, DataType, IntoColumn, NewChunkedArray};

use super::Lowered;
use super::cast::texts;
use crate::truth::TruthError;
use crate::truth::kind::Kind;

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// `%`: any text.
    Any,
    /// `_`: any character.
    One,
    /// This character.
    Exactly(char),
}

/// Whether a text has the form of `pattern`.
pub(super) fn like(inner: Lowered, pattern: &str, case: bool) -> Result<Lowered, TruthError> {
    if inner.kind != Kind::Text {
        return Err(TruthError::unsupported(format!("LIKE on {:?}", inner.kind)));
    }
    let fold = move |text: &str| {
        if case {
            text.to_owned()
        } else {
            text.to_lowercase()
        }
    };
    let pieces = pieces(&fold(pattern));
    let value = texts(inner.value.clone(), DataType::Boolean, move |texts| {
        let fits = texts
            .iter()
            .map(|text| text.map(|text| fits(&fold(text), &pieces)));
        BooleanChunked::from_iter_options(texts.name().clone(), fits).into_column()
    });
    Ok(inner.with(value, Kind::Boolean))
}

/// The pattern's places; a backslash takes the special meaning from what follows.
fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '%' => Piece::Any,
            '_' => Piece::One,
            '\\' => Piece::Exactly(letters.next().unwrap_or('\\')),
            other => Piece::Exactly(other),
        });
    }
    pieces
}

/// Keeps the set of places that the letters read so far can have come to.
fn fits(text: &str, pieces: &[Piece]) -> bool {
    let skip = |reached: &mut Vec<bool>| {
        for (at, piece) in pieces.iter().enumerate() {
            let here = reached.get(at).copied().unwrap_or_default();
            if let (Piece::Any, true, Some(next)) = (piece, here, reached.get_mut(at + 1)) {
                *next = true;
            }
        }
    };
    let mut reached = vec![false; pieces.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    skip(&mut reached);
    for letter in text.chars() {
        let mut next = vec![false; reached.len()];
        for (at, (piece, here)) in pieces.iter().zip(&reached).enumerate() {
            let to = match piece {
                _ if !here => continue,
                Piece::Any => at,
                Piece::Exactly(wanted) if *wanted != letter => continue,
                Piece::One | Piece::Exactly(_) => at + 1,
            };
            if let Some(place) = next.get_mut(to) {
                *place = true;
            }
        }
        reached = next;
        skip(&mut reached);
    }
    reached.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_texts() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "%", true),
            ("", "_", false),
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a__c", false),
            ("abcabc", "%b%b_", true),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("äöü", "_ö_", true),
        ] {
            assert_eq!(
                fits(text, &pieces(pattern)),
                expected,
                "{text:?} LIKE {pattern:?}"
            );
        }
    }
}
