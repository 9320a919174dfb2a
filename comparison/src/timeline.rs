//! What happens in a schedule, in order.

use std::time::Duration;

use crate::clock::Clock;
use crate::schedule::{Begins, Schedule, Step};

/// Something that happens. At one instant things happen in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A batch run begins and reads what has arrived; runs are numbered from 1.
    BatchBegins(u32),
    /// A batch run lands, wholly or half.
    BatchLands(u32),
    /// A batch run dies.
    BatchFails(u32),
    /// The speed layer comes back.
    Restart,
    /// The speed layer dies.
    Crash(Step),
    /// The speed layer seals what is open.
    Checkpoint,
    /// Kappa's second view has caught up.
    CaughtUp,
    /// The question is asked.
    Ask,
}

/// A replay, as it goes on the virtual clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// When it began.
    pub begun: Duration,
    /// When it had read all that had arrived by then; `None` if it never does.
    pub caught_up: Option<Duration>,
    /// The records that the log still had when it began.
    pub backlog: u64,
    /// All records that it has read.
    pub records: u64,
}

/// All that happens, and when; ends with a question.
pub fn timeline(schedule: &Schedule, clock: &Clock) -> Vec<(Duration, Event)> {
    let mut events = vec![];
    let last = clock.last();
    let begins: Vec<Duration> = match &schedule.batch.begins {
        Begins::Every(every) => multiples(*every, last).collect(),
        Begins::At(instants) => instants.clone(),
    };
    for (run, begin) in (1..).zip(begins) {
        let late = schedule.batch.late.get(&run).copied().unwrap_or_default();
        let lands = begin + schedule.batch.takes + late;
        events.push((begin, Event::BatchBegins(run)));
        events.push(match schedule.batch.fails.contains(&run) {
            true => (lands, Event::BatchFails(run)),
            false => (lands, Event::BatchLands(run)),
        });
    }
    for crash in &schedule.crashes {
        events.push((crash.at, Event::Crash(crash.step)));
        events.push((crash.at + schedule.restart, Event::Restart));
    }
    let replayed = replayed(schedule, clock).and_then(|replayed| replayed.caught_up);
    events.extend(replayed.map(|at| (at, Event::CaughtUp)));
    let end = events
        .iter()
        .map(|(at, _)| *at)
        .max()
        .unwrap_or_default()
        .max(last);
    let checkpoints = multiples(schedule.checkpoint, end);
    events.extend(checkpoints.map(|at| (at, Event::Checkpoint)));
    let ask = (schedule.ask).unwrap_or(Duration::from_secs((end.as_secs() / 10).max(1)));
    let asked = multiples(ask, end).filter(|at| *at < end);
    events.extend(asked.chain([end]).map(|at| (at, Event::Ask)));
    events.sort_by_key(|(at, event)| (*at, event.rank()));
    events
}

/// The multiples of `step` up to `end`, without 0.
fn multiples(step: Duration, end: Duration) -> impl Iterator<Item = Duration> {
    let step = step.max(Duration::from_micros(1));
    std::iter::successors(Some(step), move |at| at.checked_add(step))
        .take_while(move |at| *at <= end)
}

impl Event {
    fn rank(&self) -> u8 {
        match self {
            Self::BatchBegins(_) => 0,
            Self::BatchLands(_) | Self::BatchFails(_) => 1,
            Self::Restart => 2,
            Self::Crash(_) => 3,
            Self::Checkpoint => 4,
            Self::CaughtUp => 5,
            Self::Ask => 6,
        }
    }
}

/// How the replay of a schedule goes: a second view reads the log at its own rate while events go on
/// arriving.
pub fn replayed(schedule: &Schedule, clock: &Clock) -> Option<Replayed> {
    let replay = schedule.replay?;
    let arrivals = clock.arrivals();
    let gone = schedule
        .retain
        .and_then(|retain| replay.at.checked_sub(retain));
    let first = gone.map_or(0, |gone| arrivals.partition_point(|at| *at <= gone));
    let there = arrivals.partition_point(|at| *at <= replay.at);
    // It has caught up once it has read `records` records and no further one has arrived by then.
    let caught = (there..=arrivals.len()).find_map(|arrived| {
        let records = (arrived - first) as u32;
        let read = replay.rate.per * records / replay.rate.events.max(1);
        let at = replay.at + read;
        let after = |next: &Duration| at < *next;
        arrivals
            .get(arrived)
            .is_none_or(after)
            .then_some((at, records))
    });
    Some(Replayed {
        begun: replay.at,
        caught_up: caught.map(|(at, _)| at),
        backlog: (there - first) as u64,
        records: caught.map_or(0, |(_, records)| records.into()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use shared_logic::identity::{Offset, TopicPartition};
    use shared_logic::time::EventTime;

    use super::*;
    use crate::books::Row;

    fn clock(events: u64, per_second: u64) -> Clock {
        let row = |offset| Row {
            place: TopicPartition::new("t", 0),
            offset: Offset(offset),
            time: None,
        };
        let rows: Vec<Row> = (0..events).map(row).collect();
        let arrivals: Vec<EventTime> = (0..events)
            .map(|number| EventTime((number * 1_000_000 / per_second) as i64))
            .collect();
        Clock::new(&rows, &arrivals, EventTime(0))
    }

    #[test]
    fn a_replay_catches_up_after_backlog_over_replay_rate_minus_live_rate() {
        let clock = clock(60_000, 100);
        for rate in [150, 200, 500, 1000] {
            let schedule = format!("replay at 60s rate {rate}/s").parse().unwrap();
            let replayed = replayed(&schedule, &clock).unwrap();
            let takes = replayed.caught_up.unwrap() - replayed.begun;
            let expected = replayed.backlog as f64 / (rate as f64 - 100.0);
            assert!(
                (takes.as_secs_f64() - expected).abs() < 0.2,
                "{rate} {takes:?} {expected}"
            );
        }
    }

    #[test]
    fn what_happens_at_one_instant_happens_in_order_and_a_question_is_last() {
        let schedule =
            "batch at 10s takes 0s fails 1, checkpoint 10s, crash fold at 10s, ask every 10s";
        let events = timeline(&schedule.parse().unwrap(), &clock(300, 10));
        let at_ten: Vec<Event> = (events.iter())
            .filter(|(at, _)| *at == Duration::from_secs(10))
            .map(|(_, event)| *event)
            .collect();
        assert_eq!(
            at_ten,
            [
                Event::BatchBegins(1),
                Event::BatchFails(1),
                Event::Crash(Step::Fold),
                Event::Checkpoint,
                Event::Ask
            ]
        );
        assert_eq!(events.last().unwrap().1, Event::Ask);
    }
}
