//! Certificates, passwords and rights, over a real broker: `scripts/kafka.sh start`, then set
//! `KAFKA_BROKERS` and `KAFKA_SECURE` to what it prints and run these tests with `--ignored`.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/broker.rs"]
mod broker;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broker::{TIMEOUT, create, produce, producer, topic};
use event_log::kafka::{Cluster, KafkaLog, KafkaSink, KafkaTail};
use event_log::tail::{Tail, TailEvent};
use event_log::{EventLog, LogError};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, Topic, TopicPartition};

/// What scripts/kafka.sh says of the broker's listeners.
fn secure() -> BTreeMap<String, String> {
    let path = std::env::var("KAFKA_SECURE").expect("KAFKA_SECURE names a file of listeners");
    let text = std::fs::read_to_string(path).unwrap();
    let fields = text.lines().map(|line| line.split_once('=').unwrap());
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The listener of a protocol, with these options and the broker's certificate.
fn through(protocol: &str, options: &[(&str, &str)]) -> Cluster {
    let listeners = secure();
    let mut cluster = Cluster::new(&listeners[protocol]);
    cluster.set("security.protocol", protocol).unwrap();
    let certificate = &listeners["certificate"];
    cluster.set("ssl.ca.location", certificate).unwrap();
    for (name, value) in options {
        cluster.set(name, value).unwrap();
    }
    cluster
}

fn user<'a>(mechanism: &'a str, name: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("sasl.mechanism", mechanism),
        ("sasl.username", name),
        ("sasl.password", password),
    ]
}

/// A topic with 20 records.
fn filled(name: &str) -> Topic {
    let topic = topic(name);
    create(&topic, 1, "delete");
    let values: Vec<_> = (0..20).map(|n| Some(format!("{{\"n\":{n}}}"))).collect();
    produce(&producer(&[]), &topic, 0, &values);
    topic
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn a_topic_is_read_through_every_door() {
    let topic = filled("doors");
    let reader = |mechanism| user(mechanism, "reader", "reads");
    let doors = [
        through("ssl", &[]),
        through("sasl_plaintext", &reader("PLAIN")),
        through("sasl_plaintext", &reader("SCRAM-SHA-256")),
        through("sasl_ssl", &reader("PLAIN")),
        through("sasl_ssl", &reader("SCRAM-SHA-512")),
    ];
    for door in doors {
        let log = KafkaLog::connect(&door, &topic, TIMEOUT).unwrap();
        let place = TopicPartition::new(topic.as_str(), 0);
        let chunks = log.read(&place, Offset(0)..Offset(20), 100).unwrap();
        let rows: usize = chunks.map(|chunk| chunk.unwrap().rows()).sum();
        assert_eq!(rows, 20, "{door:?}");
    }
}

/// The one line that is said, and that it is said in time.
fn told<T: std::fmt::Debug>(attempt: impl FnOnce() -> Result<T, LogError>) -> String {
    let begun = Instant::now();
    let error = attempt().unwrap_err();
    assert!(begun.elapsed() < TIMEOUT, "{error}");
    let text = error.to_string();
    for secret in ["wrong", "reads", "strange\""] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn whoever_is_not_let_in_is_told_what_to_check() {
    let topic = filled("closed");
    let patience = Duration::from_secs(8);
    let connect = |cluster: &Cluster| told(|| KafkaLog::connect(cluster, &topic, patience));
    let check = |cluster: Cluster, parts: &[&str]| {
        let text = connect(&cluster);
        let whole = parts.iter().all(|part| text.contains(part));
        assert!(whole, "{cluster:?}: {text}");
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        check(
            through("sasl_ssl", &user(mechanism, "reader", "wrong")),
            &[
                "is closed to us",
                "check sasl.mechanism, sasl.username and sasl.password",
            ],
        );
    }
    let other = secure()["other"].clone();
    check(
        through("ssl", &[("ssl.ca.location", &other)]),
        &["is closed to us", "check ssl.ca.location"],
    );
    // A client without TLS at a door with it, and the other way round.
    check(
        through("ssl", &[("security.protocol", "plaintext")]),
        &["check security.protocol"],
    );
    let mut cluster = Cluster::new(broker::brokers());
    cluster.set("security.protocol", "ssl").unwrap();
    check(cluster, &["check security.protocol"]);
    check(
        through("sasl_plaintext", &user("PLAIN", "stranger", "strange")),
        &[
            topic.as_str(),
            "check that this user may Describe and Read it",
        ],
    );
    let reader = through("sasl_plaintext", &user("PLAIN", "reader", "reads"));
    let sink = told(|| KafkaSink::create(&reader, &Topic::new("new"), 1, patience));
    assert!(
        sink.contains("does not exist and this user may not create it"),
        "{sink}"
    );
    let nobody = connect(&Cluster::new("127.0.0.1:1"));
    assert!(nobody.starts_with("no broker at 127.0.0.1:1 ("), "{nobody}");
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn a_group_that_is_closed_is_told() {
    let topic = filled("closed-group");
    let reader = through("sasl_plaintext", &user("PLAIN", "reader", "reads"));
    let log = KafkaLog::connect(&reader, &topic, TIMEOUT).unwrap();
    let mut tail = KafkaTail::follow(log, Some("nobody")).unwrap();
    let text = told(|| {
        loop {
            tail.poll(Duration::from_millis(100))?;
        }
        #[allow(unreachable_code)]
        Ok(())
    });
    assert!(
        text.starts_with("consumer group nobody is closed to us (")
            && text.ends_with("check that this user may Read it"),
        "{text}"
    );
    // Without the group everything is there.
    let log = KafkaLog::connect(&reader, &topic, TIMEOUT).unwrap();
    let mut tail = KafkaTail::follow(log, None).unwrap();
    let (begun, mut rows) = (Instant::now(), 0);
    while rows < 20 {
        assert!(begun.elapsed() < TIMEOUT);
        for event in tail.poll(Duration::from_millis(100)).unwrap() {
            match event {
                TailEvent::Assigned(places) => {
                    let from = places.into_iter().map(|place| (place, Offset(0)));
                    tail.start(&OffsetVector(from.collect())).unwrap();
                }
                TailEvent::Records(chunk) => rows += chunk.rows(),
                other => panic!("{other:?}"),
            }
        }
    }
}
