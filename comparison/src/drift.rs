//! Where two code bases part, and the fewest events that show it.

use roaring::RoaringBitmap;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::view::View;

use crate::books::Row;
use crate::ddmin::ddmin;
use crate::difference::difference;
use crate::error::ComparisonError;
use crate::second::Second;
use crate::truth::Truth;

/// How a second code base differs from the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Groups of either.
    pub groups: usize,
    /// Groups that differ.
    pub wrong: usize,
    /// Where the two part.
    pub parting: Option<Parting>,
}

/// Where two code bases part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The number of the event with which they part: up to it they agree, with it they do not.
    pub number: u32,
    /// Its partition.
    pub place: TopicPartition,
    /// Its offset there.
    pub offset: Offset,
    /// The numbers of a 1-minimal set of events, up to that one, on which they differ: they agree
    /// without any one of them.
    pub minimal: Vec<u32>,
}

/// Holds a second code base against the truth, which shared logic equals, over all events.
///
/// The event with which they part is found by halving, which takes for granted that they differ from
/// some event on; where a difference comes and goes it is one of those events, with which they part.
///
/// # Errors
/// Either fails on some of the events.
pub fn drift(
    view: &View,
    rows: &[Row],
    truth: &Truth,
    second: &Second,
) -> Result<Drift, ComparisonError> {
    let keys = view.projection.keys_shown();
    let differ = |numbers: &[u32]| {
        let read: RoaringBitmap = numbers.iter().copied().collect();
        let expected = truth.fold_of(numbers, &read)?;
        let found = difference(
            &second.rows(numbers)?,
            &expected.rows,
            &expected.bounds,
            keys,
        )?;
        Ok::<_, ComparisonError>((found.groups, found.wrong))
    };
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let (groups, wrong) = differ(&all)?;
    let mut drift = Drift {
        groups,
        wrong,
        parting: None,
    };
    if wrong == 0 {
        return Ok(drift);
    }
    let (mut equal, mut unequal) = (0, all.len());
    while unequal - equal > 1 {
        let middle = usize::midpoint(equal, unequal);
        let (_, wrong) = differ(all.get(..middle).unwrap_or_default())?;
        match wrong {
            0 => equal = middle,
            _ => unequal = middle,
        }
    }
    let prefix = all.get(..unequal).unwrap_or_default();
    if let Some(row) = rows.get(equal) {
        drift.parting = Some(Parting {
            number: equal as u32,
            place: row.place.clone(),
            offset: row.offset,
            minimal: ddmin(prefix, |some| Ok::<_, ComparisonError>(differ(some)?.1 > 0))?,
        });
    }
    Ok(drift)
}
