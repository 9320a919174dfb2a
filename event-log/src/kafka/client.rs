//! Clients of Kafka: their settings, and their errors in our words.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::admin::AdminClient;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use shared_logic::identity::TopicPartition;

use crate::LogError;

/// Keeps the client's own messages off the terminal, and the last error for ours.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    last: Mutex<Option<String>>,
}

impl Quiet {
    /// The last thing that went wrong.
    pub(super) fn last(&self) -> Option<String> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, reason: &str) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }
}

impl ConsumerContext for Quiet {}

/// What all clients have in common.
pub(super) fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", "seamline")
        .set("socket.connection.setup.timeout.ms", "3000")
        .set_log_level(RDKafkaLogLevel::Emerg);
    config
}

/// A consumer that commits nothing and is told the end of each partition.
pub(super) fn consumer(brokers: &str) -> Result<BaseConsumer<Quiet>, LogError> {
    let mut config = config(brokers);
    config
        // A name is needed, but no group is joined where partitions are assigned by hand.
        .set("group.id", "seamline")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        // What is not there is an error, never a reason to begin elsewhere.
        .set("auto.offset.reset", "error")
        // The default of a second leaves the fetcher idle for most of a replay.
        .set("fetch.queue.backoff.ms", "5")
        .set("check.crcs", "true");
    config
        .create_with_context(Quiet::default())
        .map_err(|error| {
            LogError::Refused(format!("the address {brokers:?} is not possible: {error}"))
        })
}

/// A client for topics and their settings.
pub(super) fn admin(brokers: &str) -> Result<AdminClient<Quiet>, LogError> {
    config(brokers)
        .create_with_context(Quiet::default())
        .map_err(|error| {
            LogError::Refused(format!("the address {brokers:?} is not possible: {error}"))
        })
}

/// Makes sure that a broker answers.
pub(super) fn reach(
    asking: &BaseConsumer<Quiet>,
    brokers: &str,
    timeout: Duration,
) -> Result<(), LogError> {
    match asking.fetch_metadata(None, timeout) {
        Ok(_) => Ok(()),
        Err(error) => {
            // The reason comes as an event of its own.
            let _ = asking.poll(Duration::ZERO);
            let reason = asking.context().last().unwrap_or_else(|| error.to_string());
            Err(LogError::Unreachable {
                brokers: brokers.to_owned(),
                reason,
            })
        }
    }
}

/// A partition as Kafka numbers it.
pub(super) fn number(place: &TopicPartition) -> Result<i32, LogError> {
    i32::try_from(place.partition.0).map_err(|_| {
        LogError::Refused(format!(
            "there is no partition {place}: the number is too large"
        ))
    })
}

/// An error of the broker or the client.
pub(super) fn failed(what: String, reason: &dyn Display) -> LogError {
    LogError::Broker {
        what,
        reason: reason.to_string(),
    }
}

/// Waits for an answer; the client's own threads bring it.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    futures::executor::block_on(future)
}
