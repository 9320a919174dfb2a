//! The Kafka cluster that a command is to talk to: options by name, by file and by environment.

use std::fs;

use event_log::kafka::Cluster;

use crate::args::KafkaArgs;
use crate::failure::{Failure, OrInput, Outcome};

/// How long a broker may take for an answer.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(8);

/// The cluster of these arguments; what is named nearest wins: an option over the file, the file over
/// the environment. `None` where there is no address.
pub fn cluster(args: &KafkaArgs) -> Outcome<Option<Cluster>> {
    let mut cluster = Cluster::default();
    for (variable, value) in std::env::vars() {
        cluster.variable(&variable, &value).or_input()?;
    }
    if let Some(path) = &args.kafka_config {
        let at =
            |error: &dyn std::fmt::Display| Failure::input(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| at(&error))?;
        cluster.read(&text).map_err(|error| at(&error))?;
    }
    for option in &args.options {
        let (name, value) = option
            .split_once('=')
            .ok_or_else(|| Failure::input(format!("--kafka {option}: expected NAME=VALUE")))?;
        cluster.set(name, value).or_input()?;
    }
    if let Some(brokers) = &args.brokers {
        cluster.set("bootstrap.servers", brokers).or_input()?;
    }
    Ok((!cluster.brokers().is_empty()).then_some(cluster))
}
