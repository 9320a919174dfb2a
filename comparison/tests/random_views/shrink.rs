//! The smallest case found that still fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::case::Case;
use crate::check::check;

/// What is wrong with a case; a panic is a failure like any other.
pub fn failure(case: &Case) -> Option<String> {
    let found = catch_unwind(AssertUnwindSafe(|| check(case)));
    match found {
        Ok(found) => found.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
            Some(format!("panicked: {}", text.unwrap_or_default()))
        }
    }
}

/// Takes events away, many at once and then one by one, as long as the case fails without them.
pub fn shrink(mut case: Case) -> Case {
    let mut step = case.events.len().div_ceil(2);
    while step > 0 {
        let mut at = 0;
        while at < case.events.len() {
            let mut less = case.clone();
            less.events.drain(at..(at + step).min(less.events.len()));
            match failure(&less) {
                Some(_) => case = less,
                None => at += step,
            }
        }
        step /= 2;
    }
    case
}
