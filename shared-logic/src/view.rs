//! A compiled view: everything that batch, speed and serving need to know.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef, TimestampMicrosecondType};

use crate::coverage::Coverage;
use crate::lateness::Lateness;
use crate::measure::Measure;
use crate::prepare::Prepare;
use crate::present::Projection;
use crate::table::Table;
use crate::time::EventTime;
use crate::window::Window;

/// One GROUP BY over one table, taken apart into what is maintained and what is shown.
#[derive(Debug)]
pub struct View {
    /// Its name in SQL.
    pub name: String,
    /// The table it reads.
    pub table: Arc<Table>,
    /// Its windows.
    pub window: Window,
    /// Which of the keys sessions are found by, by index; empty for other windows.
    pub sessions_by: Vec<usize>,
    /// When an event is too late; `None` means never.
    pub lateness: Option<Lateness>,
    /// How long after their end windows are kept, in microseconds behind the newest event time
    /// among all partitions; `None` is for ever.
    pub retain: Option<i64>,
    /// From decoded columns to keys and arguments: WHERE and computed columns.
    pub prepare: Prepare,
    /// The types of the grouping keys besides the window, in GROUP BY order; behind them the keys
    /// that sessions alone are found by.
    pub keys: Vec<DataType>,
    /// How many of the keys GROUP BY has.
    pub grouped: usize,
    /// Whether each group is shown once for every event in it: a view of rows.
    pub rows: bool,
    /// The aggregates maintained, without repetition.
    pub measures: Vec<Measure>,
    /// From merged accumulators to the rows shown.
    pub projection: Projection,
    /// The columns of the answer.
    pub schema: SchemaRef,
    /// A hash of all that decides what is maintained.
    pub fingerprint: Fingerprint,
}

/// A hash of the maintained plan in our own canonical form, in 32 hexadecimal digits: equal for
/// views whose segments may be merged.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl View {
    /// The newest event time that decides what is kept, where the view drops old windows.
    fn newest(&self, coverage: &Coverage) -> Option<i128> {
        let reached = coverage.0.values().filter_map(|span| span.watermark_after);
        let delay = i128::from(self.table.watermark_delay);
        reached.max().map(|newest| i128::from(newest.0.0) - delay)
    }

    /// The last end of a window that is no longer kept once `coverage` has been read; `None` where
    /// all are kept.
    pub fn kept_from(&self, coverage: &Coverage) -> Option<EventTime> {
        let end = self.newest(coverage)? - i128::from(self.retain?);
        let bounded = end.clamp(i64::MIN.into(), i64::MAX.into());
        i64::try_from(bounded).ok().map(EventTime)
    }

    /// Whether a window that ends at `end` is no longer kept once `coverage` has been read.
    ///
    /// Newest is the newest of all partitions, so what a part of the log has dropped the whole log
    /// drops too.
    pub fn expired(&self, end: EventTime, coverage: &Coverage) -> bool {
        match (self.retain, self.newest(coverage)) {
            (Some(retain), Some(newest)) => i128::from(end.0) + i128::from(retain) <= newest,
            _ => false,
        }
    }

    /// The rows of a partial of this view without the slices whose last window is no longer kept
    /// once `coverage` has been read. Sessions stay: an event may still join one to a session that
    /// is kept.
    pub fn kept(&self, coverage: &Coverage, rows: RecordBatch) -> RecordBatch {
        let starts = rows.columns().first();
        let starts =
            starts.and_then(|starts| starts.as_primitive_opt::<TimestampMicrosecondType>());
        let Some(starts) = starts.filter(|_| self.retain.is_some()) else {
            return rows;
        };
        if let Window::Session { .. } = self.window {
            return rows;
        }
        let gone = starts.values().partition_point(|start| {
            let end = self.window.last_end(EventTime(*start));
            end.is_some_and(|end| self.expired(end, coverage))
        });
        rows.slice(gone, rows.num_rows() - gone)
    }
}
