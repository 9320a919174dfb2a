//! Names: their normal form, and the nearest known one to a name that is unknown.

use sqlparser::ast::Ident;

/// The identifier in small letters, unless it was quoted.
pub(crate) fn normal(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    if ident.quote_style.is_none() {
        ident.value = ident.value.to_lowercase();
    }
    ident
}

/// What to say after "unknown …": the nearest known name, or all of them.
pub fn suggest(name: &str, what: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => format!("there are no {what}"),
        None => format!("known {what}: {}", known.join(", ")),
    }
}

/// The known name that the fewest edits turn this one into, if they are few for its length.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = name.chars().count().div_ceil(3).min(3);
    (known.iter())
        .map(|candidate| {
            (
                edits(&name.to_lowercase(), &candidate.to_lowercase()),
                *candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, removed, replaced or swapped with the next to make `from` into
/// `to`.
pub(super) fn edits(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    // Distances between beginnings; rows are those of `from`.
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    let at = |rows: &[Vec<usize>], row: usize, column: usize| {
        rows.get(row)
            .and_then(|row| row.get(column))
            .copied()
            .unwrap_or(usize::MAX / 2)
    };
    for (row, letter) in from.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, wanted) in to.iter().enumerate() {
            let left = next.last().copied().unwrap_or_default() + 1;
            let above = at(&rows, row, column + 1) + 1;
            let replaced = at(&rows, row, column) + usize::from(letter != wanted);
            let (r, c) = (row.wrapping_sub(1), column.wrapping_sub(1));
            let swapped = from.get(r) == Some(wanted) && to.get(c) == Some(letter);
            let swap = if swapped {
                at(&rows, r, c) + 1
            } else {
                replaced
            };
            next.push(left.min(above).min(replaced).min(swap));
        }
        rows.push(next);
    }
    at(&rows, from.len(), to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("cuont", "count"), 1);
        assert_eq!(edits("delay", "delay"), 0);
    }

    #[test]
    fn the_nearest_name_is_suggested_or_all_are_listed() {
        let known = ["scheduled", "delay", "origin"];
        assert_eq!(suggest("dely", "columns", &known), "did you mean delay?");
        assert_eq!(suggest("Orgin", "columns", &known), "did you mean origin?");
        assert_eq!(
            suggest("price", "columns", &known),
            "known columns: scheduled, delay, origin"
        );
    }
}
