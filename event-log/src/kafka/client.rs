//! Clients of Kafka: their settings, and their errors in our words.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::admin::AdminClient;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use shared_logic::identity::{Topic, TopicPartition};

use super::cluster::Cluster;
use crate::LogError;

/// Keeps the client's own messages off the terminal, and the last error for ours.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    last: Mutex<Option<(RDKafkaErrorCode, String)>>,
}

impl Quiet {
    /// The last thing that went wrong.
    pub(super) fn last(&self) -> Option<String> {
        self.trouble().map(|(_, reason)| reason)
    }

    fn keep(&self, code: RDKafkaErrorCode, reason: &str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down says less than what was said before it.
        if last.is_none() || code != RDKafkaErrorCode::AllBrokersDown {
            *last = Some((code, reason.to_owned()));
        }
    }

    fn trouble(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What the client says where one with TLS has come to a door without it, or the other way round, or
/// one without a password to a door that asks for it.
const MISMATCHES: [&str; 3] = [
    "PLAINTEXT broker listener",
    "in state APIVERSION_QUERY",
    "security.protocol",
];

fn mismatch(reason: &str) -> bool {
    MISMATCHES.iter().any(|sign| reason.contains(sign))
}

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, _: &str, text: &str) {
        // Some of it is said nowhere else.
        if mismatch(text) {
            self.keep(RDKafkaErrorCode::BrokerTransportFailure, text);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        self.keep(code.unwrap_or(RDKafkaErrorCode::Unknown), reason);
    }
}

impl ConsumerContext for Quiet {}

/// What all clients have in common, with settings of one kind.
fn config(cluster: &Cluster, more: &[(&str, &str)]) -> ClientConfig {
    let common = [
        ("client.id", "seamline"),
        ("socket.connection.setup.timeout.ms", "3000"),
    ];
    let mut config = cluster.config(&[&common, more].concat());
    config.set_log_level(RDKafkaLogLevel::Info);
    config
}

/// A client with these settings unless the cluster's options say otherwise.
pub(super) fn client<C, T>(
    cluster: &Cluster,
    settings: &[(&str, &str)],
    context: C,
) -> Result<T, LogError>
where
    C: ClientContext,
    T: FromClientConfigAndContext<C>,
{
    config(cluster, settings)
        .create_with_context(context)
        .map_err(|error| {
            let reason = match error {
                // Its text has the value, which may be a secret.
                KafkaError::ClientConfig(_, reason, _, _) => reason,
                other => other.to_string(),
            };
            LogError::Refused(format!(
                "no client for {:?} can be made: {reason}",
                cluster.brokers()
            ))
        })
}

/// What every consumer needs to read each committed record once: what is not there is an error,
/// never a reason to begin elsewhere, and nothing is committed by itself.
pub(super) const READING: [(&str, &str); 7] = [
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("isolation.level", "read_committed"),
    ("auto.offset.reset", "error"),
    // The default of a second leaves the fetcher idle for most of a replay.
    ("fetch.queue.backoff.ms", "5"),
    ("check.crcs", "true"),
];

/// A consumer that is assigned partitions by hand and commits nothing.
pub(super) fn consumer(cluster: &Cluster) -> Result<BaseConsumer<Quiet>, LogError> {
    // A name is needed, but no group is joined where partitions are assigned by hand.
    let mut settings = vec![("group.id", "seamline")];
    settings.extend(READING);
    client(cluster, &settings, Quiet::default())
}

/// A client for topics and their settings.
pub(super) fn admin(cluster: &Cluster) -> Result<AdminClient<Quiet>, LogError> {
    client(cluster, &[], Quiet::default())
}

/// Makes sure that a broker answers, and lets us in.
pub(super) fn reach(
    asking: &BaseConsumer<Quiet>,
    cluster: &Cluster,
    timeout: Duration,
) -> Result<(), LogError> {
    let begun = Instant::now();
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        let Err(error) = asking.fetch_metadata(None, left.min(Duration::from_millis(500))) else {
            return Ok(());
        };
        // The reasons come as events of their own, some of which end a poll that does not wait.
        while asking.poll(Duration::from_millis(10)).is_some() {}
        let (code, reason) = (asking.context().trouble())
            .unwrap_or_else(|| (RDKafkaErrorCode::Unknown, error.to_string()));
        let brokers = cluster.brokers().to_owned();
        let check = match code {
            _ if mismatch(&reason) => "check security.protocol",
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
                "check sasl.mechanism, sasl.username and sasl.password"
            }
            RDKafkaErrorCode::SSL => {
                "check ssl.ca.location, the host name in the broker's certificate, and the client's own certificate if the broker asks for one"
            }
            _ if left.is_zero() => return Err(LogError::Unreachable { brokers, reason }),
            _ => continue,
        };
        return Err(LogError::Denied {
            what: brokers,
            reason,
            check: check.to_owned(),
        });
    }
}

/// What is said where the cluster forbids something.
pub(super) fn denied(topic: &Topic, group: Option<&str>, error: &KafkaError) -> Option<LogError> {
    let code = error.rdkafka_error_code()?;
    let check = match code {
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            "check that this user may Describe and Read it"
        }
        // Without a group there is a name all the same, which the client asks for.
        RDKafkaErrorCode::GroupAuthorizationFailed => {
            let group = group?;
            return Some(LogError::Denied {
                what: format!("consumer group {group}"),
                reason: code.to_string(),
                check: "check that this user may Read it".to_owned(),
            });
        }
        RDKafkaErrorCode::ClusterAuthorizationFailed => {
            "check that this user has IdempotentWrite on the cluster"
        }
        RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
            "check that this user may Write with the transactional id"
        }
        _ => return None,
    };
    Some(LogError::Denied {
        what: format!("topic {topic}"),
        reason: code.to_string(),
        check: check.to_owned(),
    })
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
