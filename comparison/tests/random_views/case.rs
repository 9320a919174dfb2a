//! One case: a view and its events, as a file for the truth and as a log for the layers.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow::array::BinaryArray;
use comparison::books::Row;
use comparison::truth::Truth;
use event_log::EventLog;
use event_log::memory::MemoryLog;
use roaring::RoaringBitmap;
use shared_logic::chunk::{Payload, Raw};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::job::Job;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::dice::Dice;
use crate::events::{Event, events};
use crate::view::job;

#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub sql: String,
    pub partitions: u32,
    pub events: Vec<Event>,
}

impl Case {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let sql = job(&mut dice);
        let (partitions, events) = events(&mut dice);
        Self {
            seed,
            sql,
            partitions,
            events,
        }
    }

    /// The case as somebody would read it.
    pub fn told(&self) -> String {
        let mut text = format!("{}\n{} partitions\n", self.sql, self.partitions);
        for event in &self.events {
            let gap = match event.gap {
                0 => String::new(),
                gap => format!(" after {gap} offsets without a record"),
            };
            text += &format!("  {}{gap}: {}\n", event.partition, event.text);
        }
        text
    }
}

/// A case, read by both sides.
pub struct Laid {
    pub view: Arc<View>,
    pub log: MemoryLog,
    pub rows: Vec<Row>,
    pub truth: Truth,
    pub end: OffsetVector,
}

impl Laid {
    pub fn new(case: &Case) -> Result<Self, String> {
        let job = Job::compile("random", &case.sql).map_err(|error| error.to_string())?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let lines: Vec<&str> = case
            .events
            .iter()
            .map(|event| event.text.as_str())
            .collect();
        fs::write(&path, lines.join("\n")).unwrap();
        let truth = Truth::open(&path, &case.sql, None, None, None)
            .map_err(|error| error.to_string())?
            .dealt(case.events.iter().map(|event| event.partition).collect());
        let view = Arc::clone(job.views.last().unwrap());
        let place = |partition| TopicPartition::new(view.table.topic.as_str(), partition);
        let log = MemoryLog::new((0..case.partitions).map(place));
        let mut next: BTreeMap<u32, u64> = BTreeMap::new();
        let mut rows = vec![];
        for (event, time) in case.events.iter().zip(truth.event_times()) {
            let (next, place) = (
                next.entry(event.partition).or_default(),
                place(event.partition),
            );
            if event.gap > 0 {
                log.skip(&place, event.gap);
            }
            *next += event.gap;
            let nothing = BinaryArray::new_null(1);
            let record = Raw {
                keys: nothing.clone(),
                values: BinaryArray::from_vec(vec![event.text.as_bytes()]),
                headers: nothing,
            };
            log.append(&place, Payload::Raw(record), None).unwrap();
            rows.push(Row {
                place,
                offset: Offset(*next),
                time: time.map(EventTime),
            });
            *next += 1;
        }
        let end = log.end().unwrap();
        Ok(Self {
            view,
            log,
            rows,
            truth,
            end,
        })
    }

    /// The numbers of the events below `cut`.
    pub fn below(&self, cut: &OffsetVector) -> RoaringBitmap {
        let numbered = (0_u32..).zip(&self.rows);
        let below = numbered.filter(|(_, row)| row.offset < cut.get(&row.place));
        below.map(|(number, _)| number).collect()
    }

    /// A random offset in each partition.
    pub fn cut(&self, dice: &mut Dice) -> OffsetVector {
        let mut cut = self.end.clone();
        let whole = dice.percent(30).then(|| dice.below(101));
        for next in cut.0.values_mut() {
            let share = whole.unwrap_or_else(|| dice.below(101));
            next.0 = next.0 * share / 100;
        }
        cut
    }
}
