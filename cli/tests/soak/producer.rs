//! Events that come at a steady rate, whatever happens to the broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::Random;
use super::broker::Broker;

/// Events a second at most.
const RATE: u32 = 25_000;

/// The first event time, in milliseconds.
const EPOCH: u64 = 1_700_000_000_000;

pub struct Producer {
    partitions: Arc<AtomicI32>,
    until: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<u64>,
}

impl Producer {
    /// Sends so many events, to partitions at random: at [`RATE`], as far as it may.
    pub fn start(broker: &Broker, topic: &str, partitions: i32, events: u64, seed: u64) -> Self {
        let mut config = broker.config();
        config
            .set("enable.idempotence", "true")
            .set("queue.buffering.max.messages", "1000000")
            // New partitions are to be found soon, and an outage takes a while.
            .set("topic.metadata.refresh.interval.ms", "1000")
            .set("message.timeout.ms", "300000");
        let producer: BaseProducer = config.create().unwrap();
        let partitions = Arc::new(AtomicI32::new(partitions));
        let sent = Arc::new(AtomicU64::new(0));
        let until = Arc::new(AtomicU64::new(0));
        let (topic, number, count) = (topic.to_owned(), Arc::clone(&partitions), Arc::clone(&sent));
        let may = Arc::clone(&until);
        let work = move || {
            let mut random = Random(seed);
            for n in 0..events {
                if n % 256 == 0 {
                    producer.poll(Duration::from_secs(256) / RATE);
                }
                while n >= may.load(Ordering::Relaxed) {
                    producer.poll(Duration::from_millis(10));
                }
                // Up to half a minute late, every ten events a millisecond later.
                let at = EPOCH + n / 10 - random.below(30_000);
                let (page, value) = (random.below(500), random.below(1_000_000));
                let value = format!(r#"{{"at":{at},"page":"page {page}","value":{value}}}"#);
                let partition = random.below(number.load(Ordering::Relaxed) as u64) as i32;
                let mut record = BaseRecord::<(), str>::to(&topic).partition(partition);
                record = record.payload(&value);
                loop {
                    use RDKafkaErrorCode::{QueueFull, UnknownPartition};
                    match producer.send(record) {
                        Ok(()) => break,
                        // New partitions are not known at once.
                        Err((
                            KafkaError::MessageProduction(QueueFull | UnknownPartition),
                            back,
                        )) => {
                            record = back;
                            producer.poll(Duration::from_millis(10));
                        }
                        Err((error, _)) => panic!("{error}"),
                    }
                }
                count.store(n + 1, Ordering::Relaxed);
            }
            producer.flush(Duration::from_secs(300)).unwrap();
            events
        };
        Self {
            partitions,
            until,
            sent,
            thread: std::thread::spawn(work),
        }
    }

    /// Lets it send as many events in all.
    pub fn go_on(&self, until: u64) {
        self.until.store(until, Ordering::Relaxed);
    }

    /// How many events were sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// From here on there are so many partitions.
    pub fn partitions(&self, partitions: i32) {
        self.partitions.store(partitions, Ordering::Relaxed);
    }

    /// Waits until all are sent.
    pub fn finish(self) -> u64 {
        self.thread.join().unwrap()
    }
}
