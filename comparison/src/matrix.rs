//! Is an answer a matter of how the log is read? Each way to read it against the live run.
//!
//! Under Seamline's rules it is not: who is late depends on the records before it in its own
//! partition, and that is in the log. Under the naive rules it does: a watermark over all partitions
//! depends on how they interleave, one that is judged once a chunk on its size, one that is not saved
//! on when the job was restarted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use shared_logic::identity::TopicPartition;
use shared_logic::time::Watermark;
use shared_logic::view::View;

use crate::books::{Row, origin};
use crate::compare::Events;
use crate::difference::difference;
use crate::error::ComparisonError;
use crate::kappa::Kappa;
use crate::schedule::{Delivery, Step};
use crate::truth::Answer;

/// Records in a chunk of the live run.
const LIVE: u32 = 16;

/// How the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the events arrive.
    Live,
    /// One partition after the other, in chunks of so many records.
    Replay(u32),
    /// The partitions in turns, a chunk of so many records of each.
    Interleaved(u32),
    /// As the events arrive, by a job that dies after so many hundredths of them and comes back.
    Restarted(u32),
}

impl Way {
    /// The ways that are held against the live run.
    pub const ALL: [Self; 12] = [
        Self::Replay(1),
        Self::Replay(7),
        Self::Replay(100),
        Self::Replay(65_536),
        Self::Interleaved(1),
        Self::Interleaved(7),
        Self::Interleaved(100),
        Self::Interleaved(65_536),
        Self::Restarted(10),
        Self::Restarted(50),
        Self::Restarted(75),
        Self::Restarted(90),
    ];
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::Replay(chunk) => write!(f, "replay, chunks of {chunk}"),
            Self::Interleaved(chunk) => write!(f, "interleaved, chunks of {chunk}"),
            Self::Restarted(share) => write!(f, "restarted at {share}%"),
        }
    }
}

/// Who says which events are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    /// Seamline: the watermark of the record's own partition, kept with the state.
    Seamline,
    /// One watermark over all partitions.
    Global,
    /// The watermark of its own partition, which begins anew when the job comes back.
    LostOnRestart,
    /// The watermark of its own partition, which moves once a chunk.
    PerChunk,
}

impl Judging {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Seamline,
        Self::Global,
        Self::LostOnRestart,
        Self::PerChunk,
    ];
}

impl fmt::Display for Judging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seamline => "seamline",
            Self::Global => "global watermark",
            Self::LostOnRestart => "watermark lost on restart",
            Self::PerChunk => "lateness judged per micro-batch",
        })
    }
}

/// One way to read the log under one judging, against the live run under the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How it was read.
    pub way: Way,
    /// Who said what is late.
    pub judging: Judging,
    /// Groups of either run.
    pub groups: usize,
    /// The keys of the groups that differ.
    pub differ: Vec<String>,
}

/// Every way under every judging.
///
/// # Errors
/// The log cannot be read, the view cannot be folded, or the truth cannot be told.
pub fn matrix(view: &Arc<View>, events: Events<'_>) -> Result<Vec<Cell>, ComparisonError> {
    let mut cells = vec![];
    for judging in Judging::ALL {
        let live = answer(view, events, Way::Live, judging)?;
        for way in Way::ALL {
            let other = answer(view, events, way, judging)?;
            let keys = view.projection.keys_shown();
            let found = difference(&other.rows, &live.rows, &live.bounds, keys)?;
            let names = found.rows.iter().map(|(mine, its)| match (mine, its) {
                (Some(row), _) => key(&other.rows, keys, *row),
                (None, row) => key(&live.rows, keys, row.unwrap_or_default()),
            });
            cells.push(Cell {
                way,
                judging,
                groups: found.groups,
                differ: names.collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(cells)
}

fn key(rows: &RecordBatch, keys: &[usize], row: usize) -> Result<String, ComparisonError> {
    let columns = keys.iter().filter_map(|key| rows.columns().get(*key));
    let values = columns.map(|column| array_value_to_string(column, row));
    Ok(values.collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn answer(
    view: &Arc<View>,
    events: Events<'_>,
    way: Way,
    judging: Judging,
) -> Result<Answer, ComparisonError> {
    let all = events.truth.all().read;
    let steps = steps(events.rows, way);
    let late = match judging {
        Judging::Seamline => {
            let spec = events.truth.spec(&events.truth.all())?;
            let rows = seamline(view, events, &steps, way)?;
            return Ok(Answer { rows, ..spec });
        }
        naive => naive_late(view, events.rows, &steps, way, naive),
    };
    let kept: Vec<u32> = (all.iter())
        .filter(|number| !late.contains(number))
        .collect();
    Ok(events.truth.fold_of(&kept, &all)?)
}

/// The order in which records are read: steps of row numbers.
fn steps(rows: &[Row], way: Way) -> Vec<Vec<u32>> {
    let mut partitions: BTreeMap<&TopicPartition, Vec<u32>> = BTreeMap::new();
    for (number, row) in (0_u32..).zip(rows) {
        partitions.entry(&row.place).or_default().push(number);
    }
    let chunks = |numbers: &[u32], chunk: u32| -> Vec<Vec<u32>> {
        let chunks = numbers.chunks(chunk.max(1) as usize);
        chunks.map(<[u32]>::to_vec).collect()
    };
    match way {
        Way::Live | Way::Restarted(_) => chunks(&(0..rows.len() as u32).collect::<Vec<_>>(), LIVE),
        Way::Replay(chunk) => (partitions.values())
            .flat_map(|numbers| chunks(numbers, chunk))
            .collect(),
        Way::Interleaved(chunk) => {
            let mut turns: Vec<_> = (partitions.values())
                .map(|numbers| chunks(numbers, chunk).into_iter())
                .collect();
            let mut steps = vec![];
            loop {
                let before = steps.len();
                steps.extend(turns.iter_mut().filter_map(Iterator::next));
                if steps.len() == before {
                    return steps;
                }
            }
        }
    }
}

/// Whether the job dies before this record is read.
fn dies(way: Way, read: usize, rows: usize) -> bool {
    match way {
        Way::Restarted(share) => read == rows * share as usize / 100,
        _ => false,
    }
}

/// The production path: one stream job that reads in these steps.
fn seamline(
    view: &Arc<View>,
    events: Events<'_>,
    steps: &[Vec<u32>],
    way: Way,
) -> Result<RecordBatch, ComparisonError> {
    let mut options = speed_layer::fold::Options::default();
    if let Way::Replay(chunk) | Way::Interleaved(chunk) = way {
        options.chunk_rows = chunk as usize;
    }
    let mut reached = origin(events.rows);
    let mut kappa = Kappa::new(
        view,
        events.logs.speed,
        &reached,
        &options,
        Delivery::ExactlyOnce,
    )?;
    let mut read = 0;
    // A step may be one record: folding many at once leaves the order within a partition as it is.
    let together = steps.len().div_ceil(200).max(1);
    for several in steps.chunks(together) {
        let mut restarts = false;
        for number in several.iter().flatten() {
            restarts |= dies(way, read, events.rows.len());
            read += 1;
            if let Some(row) = events.rows.get(*number as usize) {
                reached.set(row.place.clone(), row.offset.plus(1));
            }
        }
        kappa.live.follow(&reached)?;
        if restarts {
            kappa.live.crash(Step::Fold)?;
            kappa.live.come_back(&origin(events.rows))?;
            kappa.live.follow(&reached)?;
        }
    }
    Ok(kappa.serve()?.rows)
}

/// The events that a naive job leaves out as late.
fn naive_late(
    view: &View,
    rows: &[Row],
    steps: &[Vec<u32>],
    way: Way,
    judging: Judging,
) -> std::collections::BTreeSet<u32> {
    let mut late = std::collections::BTreeSet::new();
    let Some(lateness) = view.lateness else {
        return late;
    };
    // Partition, or all as one.
    let mut reached: BTreeMap<Option<&TopicPartition>, Watermark> = BTreeMap::new();
    let mut read = 0;
    for step in steps {
        let mut ahead = reached.clone();
        for number in step {
            if judging == Judging::LostOnRestart && dies(way, read, rows.len()) {
                reached.clear();
                ahead.clear();
            }
            read += 1;
            let Some((row, time)) =
                (rows.get(*number as usize)).and_then(|row| Some((row, row.time?)))
            else {
                continue;
            };
            let of = (judging != Judging::Global).then_some(&row.place);
            let known = match judging {
                Judging::PerChunk => reached.get(&of),
                _ => ahead.get(&of),
            };
            if lateness.is_late(view.window, time, known.copied()) {
                late.insert(*number);
            }
            let newest = ahead.entry(of).or_insert(Watermark(time));
            *newest = (*newest).max(Watermark(time));
        }
        reached = ahead;
    }
    late
}

#[cfg(test)]
mod tests;
