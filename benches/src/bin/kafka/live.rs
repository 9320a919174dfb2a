//! A speed layer over a store of its own, as `seam speed --follow` makes it, and what its store says.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use event_log::kafka::{Cluster, KafkaLog, KafkaTail};
use event_log::{EventLog, LogError};
use shared_logic::answer::answer;
use shared_logic::identity::Topic;
use shared_logic::job::Job;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use speed_layer::clock::Steady;
use speed_layer::downstream::Downstream;
use speed_layer::live::{Live, Options, Ports};
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::Delivery;
use view_store::store::Store;

use crate::events::{self, Answer};

/// How long a broker may take for an answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Layer {
    pub view: Arc<View>,
    pub sql: String,
    pub job: JobStore,
    pub cluster: Cluster,
    topic: Topic,
    _folder: tempfile::TempDir,
}

impl Layer {
    pub fn new(brokers: &str, topic: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sql = events::view(topic);
        let view = Arc::clone(&Job::compile("totals", &sql).unwrap().views[0]);
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        Self {
            job: store.job("totals").unwrap(),
            view,
            sql,
            cluster: Cluster::new(brokers),
            topic: Topic::new(topic),
            _folder: folder,
        }
    }

    pub fn log(&self) -> Result<KafkaLog, LogError> {
        KafkaLog::connect(&self.cluster, &self.topic, PATIENCE)
    }

    pub fn follow(&self, delivery: Delivery, downstream: Box<dyn Downstream>) -> Live {
        let log = self.log().unwrap();
        let new = NewGeneration {
            view: self.view.name.clone(),
            fingerprint: self.view.fingerprint.clone(),
            sql: self.sql.clone(),
            origin: log.start().unwrap(),
            again: false,
        };
        let (generation, _) = self.job.create_generation(&new).unwrap();
        let ports = Ports {
            tail: Box::new(KafkaTail::follow(log, Some(self.topic.as_str())).unwrap()),
            downstream,
            watch: Box::new(()),
            clock: Box::new(Steady::start()),
        };
        let options = Options {
            delivery,
            ..Options::default()
        };
        Live::new(&self.view, &self.job, generation, options, ports).unwrap()
    }

    /// The answer of what is sealed.
    pub fn answer(&self) -> Answer {
        let snapshot = self.job.snapshot(None).unwrap();
        let segments = snapshot.segments.iter();
        let partials: Vec<Partial> = segments
            .map(|entry| self.job.read(entry, &self.view.fingerprint).unwrap())
            .collect();
        let rows = answer(&self.view, &merge(&self.view, &partials).unwrap()).unwrap();
        let keys = rows.column(0).as_string::<i32>();
        let starts = rows.column(1).as_primitive::<TimestampMicrosecondType>();
        let number = |at: usize| rows.column(at).as_primitive::<Int64Type>();
        let (counts, sums, most) = (number(3), number(4), number(5));
        let row = |row: usize| {
            let key = keys.value(row).trim_start_matches("key ").parse().unwrap();
            let value = (counts.value(row), sums.value(row), most.value(row));
            let start = starts.value(row) as u64 / 1000;
            (
                (start, key),
                (value.0 as u64, value.1 as u64, value.2 as u64),
            )
        };
        (0..rows.num_rows()).map(row).collect()
    }
}
