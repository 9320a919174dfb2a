//! Where a batch ends and who takes over: the cut, the landing, the question.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::books::{Row, origin};
use crate::error::ComparisonError;

/// How long a batch interval is where nothing says so.
const INTERVAL: Duration = Duration::from_secs(3600);

/// One batch run and one question, as offsets of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seam {
    /// Where the log begins: at the first record of each partition.
    pub origin: OffsetVector,
    /// Where the batch stops reading: what had arrived when it started.
    pub cut: OffsetVector,
    /// The newest offsets when the batch lands.
    pub landing: OffsetVector,
    /// The newest offsets when the question is asked.
    pub end: OffsetVector,
    /// The instant of event time at which rules on event time divide: that of the cut where it is
    /// given as an instant, else the greatest event time below the cut.
    pub boundary: EventTime,
    /// The length of the intervals of event time that batch ids and versions count, aligned to 1970.
    pub interval: Duration,
}

impl Seam {
    /// The same with the view's windows as intervals, where it has windows of one length.
    pub fn aligned(self, view: &View) -> Self {
        let interval = match view.window.grid() {
            Some((length, _)) => Duration::from_micros(length.unsigned_abs()),
            None => self.interval,
        };
        Self { interval, ..self }
    }

    /// The start of the interval that the boundary is in, or of one `further` on.
    pub fn interval_start(&self, further: i64) -> EventTime {
        let length = micros(self.interval).max(1);
        let number = self.boundary.0.div_euclid(length).saturating_add(further);
        EventTime(number.saturating_mul(length))
    }
}

/// A span of time in microseconds, as event times count.
pub fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// Where a batch ends, as a user says it.
#[derive(Clone, Debug, PartialEq)]
pub enum SeamAt {
    /// After this share of the arrivals, from 0 to 1.
    Share(f64),
    /// With what had arrived at or before this instant.
    Instant(EventTime),
    /// At these offsets.
    Offsets(OffsetVector),
}

impl FromStr for SeamAt {
    type Err = ComparisonError;

    fn from_str(text: &str) -> Result<Self, ComparisonError> {
        let wrong = || {
            ComparisonError::Schedule(format!(
                "cannot read the seam {text:?}: expected a share (0.6), an instant (2001-01-05T09:00:00Z) or offsets (flights/0:12,flights/1:7)"
            ))
        };
        if let Ok(share) = text.parse::<f64>() {
            return if (0.0..=1.0).contains(&share) {
                Ok(Self::Share(share))
            } else {
                Err(wrong())
            };
        }
        if let Some(offsets) = offsets(text) {
            return Ok(Self::Offsets(offsets));
        }
        let nanos = string_to_timestamp_nanos(text).map_err(|_| wrong())?;
        Ok(Self::Instant(EventTime(nanos.div_euclid(1000))))
    }
}

/// Reads `topic/0:12,topic/1:7`; `None` where the text is anything else.
pub fn offsets(text: &str) -> Option<OffsetVector> {
    let mut vector = OffsetVector::default();
    for part in text.split(',') {
        let (place, next) = part.trim().rsplit_once(':')?;
        let place = TopicPartition::try_from(place.to_owned()).ok()?;
        vector.set(place, Offset(next.parse().ok()?));
    }
    Some(vector)
}

/// The events in the order of arrival: where each is in the log, and when it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals<'a> {
    /// Every event.
    pub rows: &'a [Row],
    /// When each arrived, if that is known.
    pub instants: Option<&'a [EventTime]>,
}

impl Arrivals<'_> {
    /// The seam of one batch run that starts at `seam` and lands `takes` later, with the question
    /// after the last arrival.
    ///
    /// # Errors
    /// An instant or a duration is given and the times of arrival are not known, or offsets lie
    /// beyond the log's end.
    pub fn seam(&self, seam: &SeamAt, takes: Duration) -> Result<Seam, ComparisonError> {
        let end = self.offsets_after(self.rows.len());
        let read = match seam {
            SeamAt::Share(share) => (self.rows.len() as f64 * share).round() as usize,
            SeamAt::Instant(instant) => self.arrived(*instant)?,
            SeamAt::Offsets(cut) => {
                if let Some(place) = end.behind(cut).next() {
                    return Err(ComparisonError::Schedule(format!(
                        "the seam {place}:{} is beyond the log's end {}",
                        cut.get(place),
                        end.get(place)
                    )));
                }
                self.below(cut)
            }
        };
        let cut = match seam {
            SeamAt::Offsets(cut) => self.offsets_after(0).max(cut),
            _ => self.offsets_after(read),
        };
        let started = match seam {
            SeamAt::Instant(instant) => Some(*instant),
            // One that has read nothing began when the first event came.
            _ => self.instant(read.saturating_sub(1)),
        };
        let landing = match (takes, started) {
            (Duration::ZERO, _) => cut.clone(),
            _ if self.rows.is_empty() => cut.clone(),
            (_, Some(started)) => {
                let landed = EventTime(started.0.saturating_add(micros(takes)));
                self.offsets_after(self.arrived(landed)?).max(&cut)
            }
            (_, None) => return Err(unknown()),
        };
        let boundary = match seam {
            SeamAt::Instant(instant) => *instant,
            _ => self.greatest_below(&cut),
        };
        Ok(Seam {
            origin: origin(self.rows),
            cut,
            landing,
            end,
            boundary,
            interval: INTERVAL,
        })
    }

    /// How many events had arrived at or before `instant`; the log's order is that of arrival.
    fn arrived(&self, instant: EventTime) -> Result<usize, ComparisonError> {
        let instants = self.instants.ok_or_else(unknown)?;
        let arrived = instants.iter().rposition(|at| *at <= instant);
        Ok(arrived.map_or(0, |last| last + 1))
    }

    fn instant(&self, row: usize) -> Option<EventTime> {
        self.instants
            .and_then(|instants| instants.get(row).copied())
    }

    /// Where each partition stands after the first `count` arrivals; at its first record where nothing
    /// came yet.
    fn offsets_after(&self, count: usize) -> OffsetVector {
        let mut next: BTreeMap<TopicPartition, Offset> = BTreeMap::new();
        for (number, row) in self.rows.iter().enumerate() {
            let reached = next.entry(row.place.clone()).or_insert(row.offset);
            if number < count {
                *reached = row.offset.plus(1);
            }
        }
        OffsetVector(next)
    }

    fn below(&self, cut: &OffsetVector) -> usize {
        let last = self
            .rows
            .iter()
            .rposition(|row| row.offset < cut.get(&row.place));
        last.map_or(0, |last| last + 1)
    }

    fn greatest_below(&self, cut: &OffsetVector) -> EventTime {
        let below = self
            .rows
            .iter()
            .filter(|row| row.offset < cut.get(&row.place));
        below
            .filter_map(|row| row.time)
            .max()
            .unwrap_or(EventTime(i64::MIN))
    }
}

fn unknown() -> ComparisonError {
    ComparisonError::Schedule(
        "the times of arrival are not known: name their column with --arrival, or give the seam as a share or as offsets without --batch-takes".into(),
    )
}

impl fmt::Display for SeamAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{share}"),
            Self::Instant(instant) => instant.fmt(f),
            Self::Offsets(offsets) => offsets.fmt(f),
        }
    }
}
