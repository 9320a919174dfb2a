//! The events of a comparison, read by both sides: made by a schedule, or an input's own.

mod make;

use std::sync::Arc;

use event_log::memory::MemoryLog;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::books::Row;
use crate::clock::Clock;
use crate::compare::Events;
use crate::error::ComparisonError;
use crate::run::Logs;
use crate::schedule::Schedule;
use crate::truth::Truth;

pub use make::{Made, make};

/// The instant at which virtual time begins: 2001-01-01T00:00:00Z.
pub const ORIGIN: EventTime = EventTime(978_307_200_000_000);

/// Events that a schedule has made, as a log for the layers and as lines for the truth.
#[derive(Debug)]
pub struct Scene {
    /// The events as JSON lines, in the order of arrival.
    pub made: Made,
    /// What the layers read.
    pub log: MemoryLog,
    /// Every event in the order of arrival.
    pub rows: Vec<Row>,
    /// The independent reader of the lines.
    pub truth: Truth,
    /// When what arrived.
    pub clock: Clock,
}

impl Scene {
    /// The events of `schedule` for `view`, which is compiled from `sql`.
    ///
    /// # Errors
    /// A table whose values a schedule cannot make, and what the truth cannot evaluate.
    pub fn new(view: &Arc<View>, sql: &str, schedule: &Schedule) -> Result<Self, ComparisonError> {
        Self::of(view, sql, make(&view.table, schedule)?)
    }

    /// The same of events that have been made already, or of some of them.
    ///
    /// # Errors
    /// What the truth cannot evaluate.
    pub fn of(view: &Arc<View>, sql: &str, made: Made) -> Result<Self, ComparisonError> {
        let truth = Truth::of_lines(&made.text(), sql, Some(&view.name))?;
        let truth = truth.dealt(made.partitions.clone());
        let topic = view.table.topic.as_str();
        let mut next = vec![0_u64; made.count as usize];
        let mut rows = vec![];
        for (partition, time) in made.partitions.iter().zip(truth.event_times()) {
            let Some(next) = next.get_mut(*partition as usize) else {
                continue;
            };
            rows.push(Row {
                place: TopicPartition::new(topic, *partition),
                offset: Offset(*next),
                time: time.map(EventTime),
            });
            *next += 1;
        }
        let log = MemoryLog::raw((0..made.count).map(|partition| {
            let lines = made.lines.iter().zip(&made.partitions);
            let here = lines.filter(|(_, place)| **place == partition);
            let values = here.map(|(line, _)| Some(line.as_bytes())).collect();
            (TopicPartition::new(topic, partition), values)
        }));
        Ok(Self {
            clock: Clock::new(&rows, &made.arrivals, ORIGIN),
            made,
            log,
            rows,
            truth,
        })
    }

    /// The events, for a comparison.
    pub fn events(&self) -> Events<'_> {
        Events {
            logs: Logs::one(&self.log),
            rows: &self.rows,
            truth: &self.truth,
        }
    }
}
