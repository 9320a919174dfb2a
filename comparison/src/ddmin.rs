//! Delta debugging: the fewest inputs that still fail.

/// A 1-minimal part of `inputs` on which `fails` still holds: without any one of its inputs it does
/// not. `fails` holds on all of `inputs`, else they are returned as they are.
///
/// The algorithm ddmin of Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input,
/// IEEE Transactions on Software Engineering 28(2), 2002.
///
/// # Errors
/// The first error of `fails`.
pub fn ddmin<T: Clone, E>(
    inputs: &[T],
    mut fails: impl FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut failing = inputs.to_vec();
    let mut parts = 2;
    'smaller: while failing.len() >= 2 {
        let size = failing.len().div_ceil(parts);
        for part in failing.chunks(size) {
            if part.len() < failing.len() && fails(part)? {
                failing = part.to_vec();
                parts = 2;
                continue 'smaller;
            }
        }
        for number in 0..failing.len().div_ceil(size) {
            let rest: Vec<T> = (failing.chunks(size).enumerate())
                .filter(|(other, _)| *other != number)
                .flat_map(|(_, part)| part.to_vec())
                .collect();
            if !rest.is_empty() && rest.len() < failing.len() && fails(&rest)? {
                failing = rest;
                parts = parts.saturating_sub(1).max(2);
                continue 'smaller;
            }
        }
        if size == 1 {
            break;
        }
        parts = (parts * 2).min(failing.len());
    }
    Ok(failing)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever must come together, exactly that is left; and what is left is 1-minimal also
        /// where a failure comes and goes with the number of inputs.
        #[test]
        fn exactly_what_is_needed_is_left(
            count in 1..200_u32,
            needed in proptest::collection::btree_set(0..200_u32, 1..6),
            odd in any::<bool>(),
        ) {
            let inputs: Vec<u32> = (0..count.max(needed.last().copied().unwrap() + 1)).collect();
            let fails = |some: &[u32]| {
                let all = needed.iter().all(|number| some.contains(number));
                Ok::<bool, Infallible>(all || (odd && some.len() % 7 == 3))
            };
            let Ok(left) = ddmin(&inputs, fails);
            if !odd {
                prop_assert_eq!(&left, &needed.iter().copied().collect::<Vec<_>>());
            }
            let whole = fails(&inputs).unwrap();
            prop_assert!(!whole || fails(&left).unwrap());
            for number in 0..left.len() {
                let mut less = left.clone();
                less.remove(number);
                prop_assert!(!whole || less.is_empty() || !fails(&less).unwrap());
            }
        }
    }
}
