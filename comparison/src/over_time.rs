//! How wrong an architecture was over virtual time, and for how long.

use std::time::Duration;

use shared_logic::identity::{Offset, TopicPartition};

use crate::books::Row;
use crate::trial::Judged;

/// A played schedule, summed up over time. An answer counts from its question until the next.
#[derive(Clone, Debug, PartialEq)]
pub struct OverTime {
    /// How long some group was wrong.
    pub wrong: Duration,
    /// ∫ wrong groups dt, in group seconds.
    pub wrong_groups: f64,
    /// ∫ |counted − truth| dt, in event seconds.
    pub events: f64,
    /// ∫ Σ |answer − truth| dt of each measured column, in its unit times seconds.
    pub columns: Vec<(String, f64)>,
    /// When an answer was wrong first.
    pub first_wrong: Option<Duration>,
    /// The first event, in the order of arrival, that was not folded exactly once then.
    pub first_bad: Option<(TopicPartition, Offset)>,
    /// How long after the first wrong answer all are right again; `None` if none was wrong, or the
    /// last still is.
    pub corrected: Option<Duration>,
}

/// Sums up the judgements of one player; `rows` are the events in the order of arrival.
pub fn over_time(judged: &[Judged], rows: &[Row]) -> OverTime {
    let mut sums = OverTime {
        wrong: Duration::ZERO,
        wrong_groups: 0.0,
        events: 0.0,
        columns: vec![],
        first_wrong: None,
        first_bad: None,
        corrected: None,
    };
    let until = judged.iter().skip(1).map(|next| next.at);
    let last = judged.last().map(|last| last.at);
    for (tick, until) in judged.iter().zip(until.chain(last)) {
        let span = until.saturating_sub(tick.at);
        let seconds = span.as_secs_f64();
        let wrong = tick.verdict.difference.wrong;
        sums.wrong_groups += wrong as f64 * seconds;
        sums.events += tick.verdict.books.net().unsigned_abs() as f64 * seconds;
        for (number, column) in tick.attribution.columns.iter().enumerate() {
            let part = column.absolute * seconds;
            match sums.columns.get_mut(number) {
                Some((_, sum)) => *sum += part,
                None => sums.columns.push((column.name.clone(), part)),
            }
        }
        if wrong == 0 {
            let since = |first| tick.at.saturating_sub(first);
            sums.corrected = sums.corrected.or(sums.first_wrong.map(since));
            continue;
        }
        sums.wrong += span;
        sums.corrected = None;
        if sums.first_wrong.is_none() {
            sums.first_wrong = Some(tick.at);
            let taken = &tick.verdict.taken;
            let bad = taken.doubled() | &taken.late | &taken.missing;
            let row = bad.min().and_then(|number| rows.get(number as usize));
            sums.first_bad = row.map(|row| (row.place.clone(), row.offset));
        }
    }
    sums
}
