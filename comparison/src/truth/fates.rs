//! What becomes of each event: folded, late, rejected, or not wanted.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use shared_logic::lateness::Late;
use shared_logic::window::Window;

use super::Asked;
use super::plan::Plan;
use super::rows::{Rows, State};
use super::windows::windows;

/// Events by number and by what a view makes of them; each event that was read is in one of the
/// four.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fates {
    /// In the rows of the view.
    pub folded: RoaringBitmap,
    /// Wanted by WHERE, and behind their partition's watermark for too long.
    pub late: RoaringBitmap,
    /// Not readable, or failing in an expression.
    pub rejected: RoaringBitmap,
    /// Not wanted by WHERE.
    pub filtered: RoaringBitmap,
}

/// The fates of the events that were read, which alone move the watermarks.
pub(super) fn fates(plan: &Plan, rows: &Rows, partitions: &[u32], asked: &Asked) -> Fates {
    let mut fates = Fates::default();
    let mut newest: BTreeMap<u32, i64> = BTreeMap::new();
    for number in &asked.read {
        let at = number as usize;
        let (Some(state), Some(time)) = (rows.states.get(at), rows.times.get(at)) else {
            continue;
        };
        let partition = partitions.get(at).copied().unwrap_or_default();
        let reached = newest.get(&partition).copied();
        let corrected = plan.options.late == Some(Late::SpeedOnly) && !asked.speed.contains(number);
        let late = !corrected && time.is_some_and(|time| is_late(plan, time, reached));
        let fate = match state {
            State::Rejected => &mut fates.rejected,
            State::Filtered => &mut fates.filtered,
            State::Wanted | State::Failing if late => &mut fates.late,
            State::Wanted => &mut fates.folded,
            State::Failing => &mut fates.rejected,
        };
        fate.insert(number);
        if let Some(time) = time {
            let newest = newest.entry(partition).or_insert(*time);
            *newest = (*newest).max(*time);
        }
    }
    fates
}

/// Whether the last window of an event at `time` has been closed for longer than is allowed, where
/// the greatest time before it is `reached`.
fn is_late(plan: &Plan, time: i64, reached: Option<i64>) -> bool {
    let (Some(allowed), Some(reached)) = (plan.options.allowed_lateness, reached) else {
        return false;
    };
    let ends = windows(plan.window, time).into_iter().flatten();
    let last = ends.map(|(_, end)| end).max();
    last.is_some_and(|end| {
        i128::from(end) + i128::from(allowed) <= i128::from(reached) - i128::from(plan.delay)
    })
}

/// The instant up to which windows are no longer shown once the events of `read` have been read:
/// those that end at or before it. `None` where all are.
pub(super) fn horizon(plan: &Plan, rows: &Rows, read: &RoaringBitmap) -> Option<i128> {
    let retain = plan.options.retain?;
    let times = read
        .iter()
        .filter_map(|number| *rows.times.get(number as usize)?);
    let newest = i128::from(times.max()?) - i128::from(plan.delay);
    Some(newest - i128::from(retain))
}

/// The events whose last window ends after `horizon`.
pub(super) fn held(plan: &Plan, rows: &Rows, horizon: Option<i128>) -> RoaringBitmap {
    let numbers = rows.numbers.iter().copied();
    let (Some(horizon), false) = (horizon, matches!(plan.window, Window::Session { .. })) else {
        return numbers.collect();
    };
    let held = |number: &u32| {
        let time = rows.times.get(*number as usize).copied().flatten();
        let windows = time.and_then(|time| windows(plan.window, time));
        (windows.into_iter().flatten()).any(|(_, end)| i128::from(end) > horizon)
    };
    numbers.filter(held).collect()
}
