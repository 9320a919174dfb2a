//! From rows that break a law to fewer rows that still break it.
//!
//! Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE Transactions on
//! Software Engineering 28 (2002): leave out ever smaller groups of rows while the failure stays.

use super::trial::Parts;

/// The smallest parts found: no single row can be left out, and no cut moved to an earlier place,
/// without mending the law.
pub(super) fn smallest(parts: Parts, cuts: usize, breaks: impl Fn(&Parts) -> bool) -> Parts {
    let mut parts = parts;
    loop {
        let fewer = fewer_rows(parts.clone(), &breaks);
        let earlier = earliest_cuts(&fewer, cuts, &breaks);
        if earlier == parts {
            return parts;
        }
        parts = earlier;
    }
}

fn fewer_rows(mut parts: Parts, breaks: &impl Fn(&Parts) -> bool) -> Parts {
    let mut size = parts.all().len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let mut left_out = false;
        while from < parts.all().len() {
            let candidate = without(&parts, from, size);
            if breaks(&candidate) {
                parts = candidate;
                left_out = true;
            } else {
                from += size;
            }
        }
        match (size, left_out) {
            (1, false) => return parts,
            (1, true) => {}
            _ => size = size.div_ceil(2),
        }
    }
}

/// The parts without `count` rows from place `from`; the other rows stay in their parts.
fn without(parts: &Parts, from: usize, count: usize) -> Parts {
    let mut place = 0;
    Parts(parts.0.clone().map(|mut rows| {
        rows.retain(|_| {
            place += 1;
            !(from + 1..=from + count).contains(&place)
        });
        rows
    }))
}

fn earliest_cuts(parts: &Parts, cuts: usize, breaks: &impl Fn(&Parts) -> bool) -> Parts {
    let rows = parts.all();
    let range = |cut: bool| {
        if cut {
            0..=rows.len()
        } else {
            rows.len()..=rows.len()
        }
    };
    // What is broken by many rows is not searched in every place.
    if cuts == 0 || rows.len() > 64 {
        return parts.clone();
    }
    let candidates = range(true).flat_map(|first| {
        range(cuts > 1)
            .filter(move |second| *second >= first)
            .map(move |second| (first, second))
    });
    let mut candidates = candidates.map(|(first, second)| Parts::cut(&rows, first, second));
    candidates
        .find(|parts| breaks(parts))
        .unwrap_or_else(|| parts.clone())
}
