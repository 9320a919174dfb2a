//! Topics of a cluster: finding and making them.

use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use shared_logic::identity::Topic;

use super::client::{Quiet, admin, block_on, consumer, denied, failed, reach};
use super::cluster::Cluster;
use crate::LogError;

/// What a cluster says of a topic.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// How many partitions it has; 0 where there is no such topic.
    pub(super) partitions: usize,
    /// Whether each of them can be read and written now.
    pub(super) ready: bool,
}

/// Asks for a topic.
pub(super) fn find<C: ClientContext>(
    client: &Client<C>,
    topic: &Topic,
    timeout: Duration,
) -> Result<Found, LogError> {
    let metadata = (client.fetch_metadata(Some(topic.as_str()), timeout))
        .map_err(|error| failed(format!("asking for topic {topic}"), &error))?;
    let Some(found) = metadata.topics().first() else {
        return Ok(Found::default());
    };
    match found.error().map(RDKafkaErrorCode::from) {
        None => Ok(Found {
            partitions: found.partitions().len(),
            ready: (found.partitions().iter()).all(|partition| partition.leader() >= 0),
        }),
        Some(code) => match denied(topic, None, &KafkaError::MetadataFetch(code)) {
            Some(denied) => Err(denied),
            None => Ok(Found::default()),
        },
    }
}

/// Makes sure that there is such a topic, made with this many partitions and these settings where
/// there is none. Returns how many partitions it has.
pub(super) fn ensure(
    cluster: &Cluster,
    topic: &Topic,
    partitions: u32,
    settings: &[(&str, &str)],
    timeout: Duration,
) -> Result<usize, LogError> {
    reach(&consumer(cluster)?, cluster, timeout)?;
    let admin = admin(cluster)?;
    let found = find(admin.inner(), topic, timeout)?;
    if found.partitions == 0 {
        make(&admin, topic, partitions, settings, timeout)?;
    }
    let begun = Instant::now();
    loop {
        // One that was just made takes a moment to be seen.
        let found = find(admin.inner(), topic, timeout)?;
        if found.partitions > 0 && found.ready {
            return Ok(found.partitions);
        }
        if begun.elapsed() >= timeout {
            let reason = format!("it was not there within {timeout:?}");
            return Err(failed(format!("creating topic {topic}"), &reason));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Deletes a topic with all its records; nothing happens where there is none.
///
/// # Errors
/// [`LogError::Unreachable`] where no broker answers, and where it does not delete.
pub fn delete(cluster: &Cluster, topic: &Topic, timeout: Duration) -> Result<(), LogError> {
    let what = || format!("deleting topic {topic}");
    let options = AdminOptions::new()
        .request_timeout(Some(timeout))
        .operation_timeout(Some(timeout));
    let admin = admin(cluster)?;
    let deleted = block_on(admin.delete_topics(&[topic.as_str()], &options))
        .map_err(|error| failed(what(), &error))?;
    for result in deleted {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
            Err((_, code)) => return Err(failed(what(), &code)),
        }
    }
    Ok(())
}

fn make(
    admin: &AdminClient<Quiet>,
    topic: &Topic,
    partitions: u32,
    settings: &[(&str, &str)],
    timeout: Duration,
) -> Result<(), LogError> {
    let what = || format!("creating topic {topic}");
    let count = i32::try_from(partitions).map_err(|error| failed(what(), &error))?;
    // -1: as the broker is configured.
    let mut new = NewTopic::new(topic.as_str(), count, TopicReplication::Fixed(-1));
    for (name, value) in settings {
        new = new.set(name, value);
    }
    let options = AdminOptions::new()
        .request_timeout(Some(timeout))
        .operation_timeout(Some(timeout));
    let created =
        block_on(admin.create_topics([&new], &options)).map_err(|error| failed(what(), &error))?;
    for result in created {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((
                _,
                code @ (RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed),
            )) => {
                return Err(LogError::Denied {
                    what: format!("topic {topic}"),
                    reason: format!("it does not exist and this user may not create it: {code}"),
                    check: "create it, or allow Create".to_owned(),
                });
            }
            Err((_, code)) => return Err(failed(what(), &code)),
        }
    }
    Ok(())
}
