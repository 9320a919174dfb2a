//! The broker: topics, all that is in them, and its death.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Broker {
    pub addresses: String,
    /// Whether scripts/kafka.sh has started it.
    ours: bool,
}

/// Key and value.
pub type Record = (Option<String>, Option<String>);

impl Broker {
    pub fn find() -> Self {
        let addresses = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker");
        let status = script("status");
        let ours = status
            .lines()
            .any(|line| line == format!("KAFKA_BROKERS={addresses}"));
        if !ours {
            println!(
                "NOT DONE: {addresses} is not the broker of scripts/kafka.sh and is not killed"
            );
        }
        Self { addresses, ours }
    }

    /// A name that no earlier run has used.
    pub fn name(&self, name: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        format!("{name}-{}", now.as_micros())
    }

    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.addresses);
        config
    }

    fn admin(&self) -> (AdminClient<DefaultClientContext>, AdminOptions) {
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        (self.config().create().unwrap(), options)
    }

    pub fn create(&self, topic: &str, partitions: i32) {
        let (admin, options) = self.admin();
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let made = futures::executor::block_on(admin.create_topics([&new], &options)).unwrap();
        made.into_iter().for_each(|made| drop(made.unwrap()));
    }

    pub fn more_partitions(&self, topic: &str, partitions: i32) {
        let (admin, options) = self.admin();
        let new = NewPartitions::new(topic, partitions as usize);
        let made = futures::executor::block_on(admin.create_partitions([&new], &options)).unwrap();
        made.into_iter().for_each(|made| drop(made.unwrap()));
    }

    /// Kills it and starts it again.
    pub fn crash(&self) {
        if self.ours {
            script("kill");
            script("restart");
        }
    }

    fn consumer(&self) -> BaseConsumer {
        let mut config = self.config();
        config
            .set("group.id", "soak")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true");
        config.create().unwrap()
    }

    /// The next offset of each partition.
    pub fn ends(&self, topic: &str) -> BTreeMap<i32, u64> {
        let consumer = self.consumer();
        let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT).unwrap();
        let partitions = metadata.topics()[0].partitions().iter().map(|one| one.id());
        let end = |partition| {
            let (_, end) = consumer
                .fetch_watermarks(topic, partition, TIMEOUT)
                .unwrap();
            (partition, end as u64)
        };
        partitions.map(end).collect()
    }

    /// All committed records, partition by partition.
    pub fn records(&self, topic: &str) -> Vec<Vec<Record>> {
        let consumer = self.consumer();
        let ends = self.ends(topic);
        let mut assignment = TopicPartitionList::new();
        for partition in ends.keys() {
            assignment
                .add_partition_offset(topic, *partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let mut records = vec![vec![]; ends.len()];
        let mut open = ends.len();
        let until = Instant::now() + Duration::from_secs(120);
        while open > 0 {
            assert!(Instant::now() < until, "{topic} could not be read in time");
            match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    let text = |bytes: Option<&[u8]>| {
                        bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
                    };
                    let record = (text(message.key()), text(message.payload()));
                    records[message.partition() as usize].push(record);
                }
                Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
                Some(Err(error)) => panic!("{topic}: {error}"),
                None => {}
            }
        }
        records
    }

    /// The values of all records.
    pub fn values(&self, topic: &str) -> Vec<Vec<String>> {
        let records = self.records(topic).into_iter();
        records
            .map(|records| {
                records
                    .into_iter()
                    .map(|(_, value)| value.unwrap())
                    .collect()
            })
            .collect()
    }

    /// The changes of a changelog, in the order of each key.
    pub fn changes(&self, topic: &str) -> Vec<Record> {
        self.records(topic).into_iter().flatten().collect()
    }
}

fn script(verb: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/kafka.sh");
    let output = Command::new(root).arg(verb).output().unwrap();
    assert!(
        output.status.success() || verb == "status",
        "kafka.sh {verb}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
