//! The events of a topic as a comparison needs them: numbered in the order of arrival, and known to
//! the independent truth.

use std::sync::Arc;

use event_log::{EventLog, LogError};
use shared_logic::chunk::Payload;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::books::Row;
use crate::error::ComparisonError;
use crate::truth::{Records, Truth};

/// How many records are read at once.
const CHUNK: usize = 16_384;

/// All events that a log held at one moment.
#[derive(Debug)]
pub struct Recorded {
    /// Every event in the order of arrival.
    pub rows: Vec<Row>,
    /// When each arrived, ascending; `None` where the log does not know.
    pub instants: Option<Vec<EventTime>>,
    /// The independent reader of the same records.
    pub truth: Truth,
}

impl Recorded {
    /// Reads what `log` holds between its start and `end`, for a fold that is compiled from `sql`.
    /// `arrival` names the column that says when events arrived; without it they arrived when the
    /// log took them. Only the columns that the view needs are kept in memory.
    ///
    /// # Errors
    /// The log cannot be read or has its records in columns, and what the truth cannot evaluate.
    pub fn read(
        log: &dyn EventLog,
        end: &OffsetVector,
        view: &Arc<View>,
        sql: &str,
        arrival: Option<&str>,
    ) -> Result<Self, ComparisonError> {
        let mut records = Records::new(sql, Some(&view.name), arrival)?;
        let mut found: Vec<(TopicPartition, Offset)> = vec![];
        for place in log.partitions()? {
            let range = log.bounds(&place)?.start..end.get(&place);
            if range.is_empty() {
                continue;
            }
            for chunk in log.read(&place, range, CHUNK)? {
                let chunk = chunk?;
                let Payload::Raw(raw) = &chunk.payload else {
                    let reason = format!("{place} holds columns, and the truth reads records");
                    return Err(LogError::Refused(reason).into());
                };
                let taken = chunk.arrivals.iter().flat_map(|taken| taken.iter());
                let taken = taken.chain(std::iter::repeat(None));
                records.extend(place.partition.0, raw.values.iter().zip(taken));
                let offsets = (0..chunk.rows()).map(|row| chunk.offset(row));
                found.extend(offsets.map(|offset| (place.clone(), offset)));
            }
        }
        let (truth, order) = records.finish()?;
        let rows = order.iter().zip(truth.event_times());
        let row = |(number, time): (&u32, &Option<i64>)| {
            let (place, offset) = found.get(*number as usize)?;
            Some(Row {
                place: place.clone(),
                offset: *offset,
                time: time.map(EventTime),
            })
        };
        Ok(Self {
            rows: rows.filter_map(row).collect(),
            instants: (truth.arrivals())
                .map(|arrivals| arrivals.iter().copied().map(EventTime).collect()),
            truth,
        })
    }
}
