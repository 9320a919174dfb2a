//! Where a cluster is and how to talk to it: addresses, and any option of the client library.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use crate::LogError;

/// The addresses of a cluster and the options of its clients.
///
/// Options are those of librdkafka, by its names, such as `security.protocol`. What is secret in
/// them is neither printed nor part of any message.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    options: BTreeMap<String, String>,
}

/// Options that decide what is read and what is lost: they have one right value here.
const OURS: [(&str, &str); 8] = [
    (
        "auto.offset.reset",
        "an offset that is not there is an error",
    ),
    (
        "enable.auto.commit",
        "positions are in the store's manifests",
    ),
    (
        "enable.auto.offset.store",
        "positions are in the store's manifests",
    ),
    (
        "enable.partition.eof",
        "the end of a partition must be seen",
    ),
    ("group.protocol", "partitions are handed over cooperatively"),
    ("isolation.level", "only committed records are read"),
    (
        "partition.assignment.strategy",
        "partitions are handed over cooperatively",
    ),
    (
        "statistics.interval.ms",
        "an outage is seen in the statistics",
    ),
];

/// The beginning of the names of environment variables that are options.
const VARIABLE: &str = "KAFKA_";

/// The name of the option with the addresses.
const BROKERS: &str = "bootstrap.servers";

impl Cluster {
    /// The cluster behind `brokers`: `host:port`, several with commas.
    pub fn new(brokers: impl Into<String>) -> Self {
        let mut cluster = Self::default();
        cluster.options.insert(BROKERS.to_owned(), brokers.into());
        cluster
    }

    /// The addresses; empty where none are known.
    pub fn brokers(&self) -> &str {
        self.options.get(BROKERS).map_or("", String::as_str)
    }

    /// Sets an option; an earlier value is replaced.
    ///
    /// # Errors
    /// [`LogError::Refused`] for an option that the client does not have or does not take this value
    /// for, and for one that is not the user's to choose.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), LogError> {
        if let Some((_, why)) = OURS.iter().find(|(ours, _)| *ours == name) {
            return Err(LogError::Refused(format!(
                "the Kafka option {name} cannot be set: {why}"
            )));
        }
        possible(name, value).map_err(|(_, reason)| {
            LogError::Refused(format!("the Kafka option {name} is not possible: {reason}"))
        })?;
        let name = if name == "metadata.broker.list" {
            BROKERS
        } else {
            name
        };
        self.options.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Sets the options that are in the text of a properties file: `name=value`, one a line; empty
    /// lines and those that begin with `#` or `!` are passed over.
    ///
    /// # Errors
    /// As [`Cluster::set`], with the number of the line.
    pub fn read(&mut self, text: &str) -> Result<(), LogError> {
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let at = |reason: String| LogError::Refused(format!("line {}: {reason}", number + 1));
            let Some((name, value)) = line.split_once(['=', ':']) else {
                return Err(at("expected name=value".to_owned()));
            };
            self.set(name.trim(), value.trim())
                .map_err(|error| at(error.to_string()))?;
        }
        Ok(())
    }

    /// Sets an option by the environment variable of its name, in capitals and with underscores for
    /// dots: `KAFKA_SECURITY_PROTOCOL` for `security.protocol`. Variables that are no option are
    /// passed over: there are others that begin alike.
    ///
    /// # Errors
    /// As [`Cluster::set`].
    pub fn variable(&mut self, variable: &str, value: &str) -> Result<(), LogError> {
        let Some(name) = variable.strip_prefix(VARIABLE) else {
            return Ok(());
        };
        let name = name.to_ascii_lowercase().replace('_', ".");
        match possible(&name, value) {
            Err((RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, _)) => Ok(()),
            _ => self
                .set(&name, value)
                .map_err(|error| LogError::Refused(format!("{variable}: {error}"))),
        }
    }

    /// Settings of a client: `ours` unless set otherwise, then what was set.
    pub(super) fn config(&self, ours: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in ours {
            config.set(*name, *value);
        }
        for (name, value) in &self.options {
            config.set(name, value);
        }
        config
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (self.options.iter()).map(|(name, value)| match secret(name) {
            true => (name, "…"),
            false => (name, value.as_str()),
        });
        f.debug_map().entries(shown).finish()
    }
}

/// Whether the value of an option is for nobody's eyes.
fn secret(name: &str) -> bool {
    let secrets = ["password", "secret", "pem", "oauthbearer", "jaas"];
    secrets.iter().any(|part| name.contains(part))
}

/// Whether the client has an option and takes this value; if not, why.
fn possible(name: &str, value: &str) -> Result<(), (RDKafkaConfRes, String)> {
    let mut config = ClientConfig::new();
    config.set(name, value);
    match config.create_native_config() {
        Err(KafkaError::ClientConfig(code, reason, _, _)) => Err((
            code,
            match code {
                RDKafkaConfRes::RD_KAFKA_CONF_INVALID if secret(name) => "wrong value".to_owned(),
                _ => reason,
            },
        )),
        // Names and values with a NUL in them.
        Err(error) => Err((RDKafkaConfRes::RD_KAFKA_CONF_INVALID, error.to_string())),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn options_come_by_name_by_file_and_by_variable() {
        let mut cluster = Cluster::new("one:1");
        cluster.variable("KAFKA_SECURITY_PROTOCOL", "ssl").unwrap();
        cluster.variable("KAFKA_HEAP_OPTS", "-Xmx1g").unwrap();
        cluster.variable("HOME", "/").unwrap();
        let file =
            "# a comment\n\n fetch.min.bytes = 7\r\n!another\nclient.id:me\nsasl.password=a=b:c\n";
        cluster.read(file).unwrap();
        cluster.set("fetch.min.bytes", "9").unwrap();
        assert_eq!(
            format!("{cluster:?}"),
            "{\"bootstrap.servers\": \"one:1\", \"client.id\": \"me\", \"fetch.min.bytes\": \"9\", \"sasl.password\": \"…\", \"security.protocol\": \"ssl\"}"
        );
        assert_eq!(cluster.config(&[]).get("sasl.password"), Some("a=b:c"));
        assert_eq!(
            cluster.config(&[("client.id", "us")]).get("client.id"),
            Some("me")
        );
        cluster.set("metadata.broker.list", "two:2").unwrap();
        assert_eq!(cluster.brokers(), "two:2");
    }

    #[test]
    fn what_is_wrong_with_an_option_is_told_without_its_secret() {
        let mut cluster = Cluster::default();
        let told = |error: LogError| error.to_string();
        assert_eq!(
            told(cluster.set("fetch.min.byte", "1").unwrap_err()),
            "the Kafka option fetch.min.byte is not possible: No such configuration property: \"fetch.min.byte\""
        );
        let wrong = told(cluster.set("fetch.min.bytes", "many").unwrap_err());
        assert!(
            wrong.contains("Invalid value") && wrong.contains("fetch.min.bytes"),
            "{wrong}"
        );
        let nul = told(cluster.set("sasl.password", "hush\0").unwrap_err());
        assert!(!nul.contains("hush"), "{nul}");
        assert_eq!(
            told(
                cluster
                    .read("\nisolation.level=read_uncommitted")
                    .unwrap_err()
            ),
            "line 2: the Kafka option isolation.level cannot be set: only committed records are read"
        );
        assert_eq!(
            told(cluster.read("nothing").unwrap_err()),
            "line 1: expected name=value"
        );
        let variable = told(cluster.variable("KAFKA_FETCH_MIN_BYTES", "x").unwrap_err());
        assert!(
            variable.starts_with("KAFKA_FETCH_MIN_BYTES: "),
            "{variable}"
        );
    }
}
