//! The week of flights in a topic of its own.

use std::sync::Arc;

use shared_logic::identity::Topic;
use shared_logic::view::View;

use super::READING;
use crate::args::{Generate, TopicArgs, Workload};
use crate::failure::Outcome;
use crate::generate;
use crate::job::Loaded;
use crate::source::Source;
use crate::store;

/// A topic that is made for the demo, and deleted when it goes out of scope.
pub struct DemoTopic<'a> {
    args: &'a TopicArgs,
    topic: Topic,
}

impl<'a> DemoTopic<'a> {
    /// Makes it, and writes the week to it.
    pub fn filled(args: &'a TopicArgs) -> Outcome<Self> {
        let topic = Topic::new(format!("seam-demo-flights-{}", std::process::id()));
        generate::run(&Generate {
            workload: Workload::Flights,
            events: None,
            seed: 1,
            to: format!("kafka:{topic}"),
            kafka: args.cluster(),
            rate: None,
            partitions: READING.partitions,
        })?;
        Ok(Self { args, topic })
    }

    /// The demo's job, reading this topic.
    pub fn job(&self, sql: &str) -> String {
        let named = format!("topic = '{}'", self.topic);
        sql.replace("topic = 'flights'", &named)
    }

    /// Archives it, and reads it for the truth.
    pub fn source(&self, loaded: &Loaded, view: &Arc<View>) -> Outcome<Source> {
        let log = store::topic(&self.args.cluster(), false, &self.topic)?;
        Source::topic(loaded, view, log, None, None)
    }

    /// Where the events are, as a line of the story.
    pub fn told(&self) -> String {
        format!(
            "Over Kafka  the stream reads the topic {}, the batch an archive of it in Parquet",
            self.topic
        )
    }
}

impl Drop for DemoTopic<'_> {
    fn drop(&mut self) {
        if let Err(failure) = delete(self.args, &self.topic) {
            failure.report();
        }
    }
}

#[cfg(feature = "kafka")]
fn delete(args: &TopicArgs, topic: &Topic) -> Outcome {
    use crate::cluster::{PATIENCE, cluster};
    use crate::failure::OrInput;

    match cluster(&args.cluster())? {
        Some(cluster) => event_log::kafka::delete_topic(&cluster, topic, PATIENCE).or_input(),
        None => Ok(()),
    }
}

#[cfg(not(feature = "kafka"))]
fn delete(_: &TopicArgs, _: &Topic) -> Outcome {
    Ok(())
}
