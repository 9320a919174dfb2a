//! Events at a steady rate, each followed until it is visible.
//!
//! The time of an event runs from when it was to be sent, not from when it was: whoever falls behind
//! pays for it, also where it is the sender. The first seconds count like all others.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use event_log::kafka::{KafkaChangelog, Writing};
use hdrhistogram::Histogram;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};
use serde::Deserialize;
use serde_json::{Value, json};
use shared_logic::identity::{Topic, TopicPartition};
use speed_layer::downstream::{Advance, Downstream};
use speed_layer::sink::Follower;
use speed_layer::sink::emit::Emit;
use speed_layer::sink::thread::{News, Sink};
use view_store::manifest::Delivery;

use crate::events::{self, Answer, Event, PARTITIONS, WINDOW};
use crate::live::{Layer, PATIENCE};
use crate::usage;

/// When events are sent.
#[derive(Clone, Copy)]
struct Plan {
    begin: Instant,
    rate: u64,
    events: u64,
}

impl Plan {
    fn due(&self, n: u64) -> Instant {
        self.begin + Duration::from_nanos(n * 1_000_000_000 / self.rate)
    }
}

/// How long events took, in microseconds.
struct Seen {
    plan: Plan,
    all: Histogram<u64>,
    /// The same of the events of each ten seconds.
    tens: Vec<Histogram<u64>>,
    events: u64,
}

impl Seen {
    fn new(plan: Plan) -> Self {
        let histogram = || Histogram::new_with_bounds(1, 600_000_000, 3).unwrap();
        let tens = (plan.events / plan.rate).div_ceil(10);
        Self {
            plan,
            all: histogram(),
            tens: (0..tens).map(|_| histogram()).collect(),
            events: 0,
        }
    }

    fn see(&mut self, n: u32, now: Instant) {
        let took = now.saturating_duration_since(self.plan.due(n.into()));
        let took = (took.as_micros() as u64).max(1);
        self.all.saturating_record(took);
        let ten = u64::from(n) / self.plan.rate / 10;
        self.tens[ten as usize].saturating_record(took);
        self.events += 1;
    }

    fn milliseconds(&self) -> Value {
        let at =
            |histogram: &Histogram<u64>, share| histogram.value_at_quantile(share) as f64 / 1000.0;
        let all = |share| at(&self.all, share);
        let tens = self.tens.iter().map(|ten| at(ten, 0.99));
        json!({
            "p50": all(0.5), "p99": all(0.99), "max": all(1.0), "events": self.events,
            "p99_of_each_ten_seconds": tens.collect::<Vec<_>>(),
        })
    }
}

/// A row of the changelog.
#[derive(Deserialize)]
struct Row<'a> {
    key: &'a str,
    window_start: &'a str,
    n: u64,
    total: u64,
    most: u64,
}

/// Sees events become visible to queries, and passes on to the sink.
struct Visible {
    /// The numbers of the events of each partition, in the order of its offsets.
    numbers: Vec<Vec<u32>>,
    at: [usize; PARTITIONS as usize],
    seen: Arc<std::sync::Mutex<Seen>>,
    topic: String,
    sink: Sink,
    done: Arc<AtomicBool>,
}

impl Downstream for Visible {
    fn advanced(
        &mut self,
        advance: &Advance<'_>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap();
        for (partition, at) in self.at.iter_mut().enumerate() {
            let place = TopicPartition::new(&self.topic, partition as u32);
            let next = advance.snapshot.offsets.get(&place).0 as usize;
            for n in &self.numbers[partition][*at..next] {
                seen.see(*n, now);
            }
            *at = next.max(*at);
        }
        if seen.events == seen.plan.events {
            self.done.store(true, Ordering::Relaxed);
        }
        drop(seen);
        self.sink.advanced(advance)
    }
}

pub fn run(brokers: &str, rate: u64, time: Duration) -> Value {
    let name = format!("open-{}", std::process::id());
    let changes = format!("{name}-changes");
    events::create(brokers, &name);
    let layer = Layer::new(brokers, &name);
    let (cluster, view) = (layer.cluster.clone(), Arc::clone(&layer.view));
    let sink_topic = Topic::new(&changes);
    let changelog = KafkaChangelog::open(
        &cluster,
        &sink_topic,
        &name,
        Writing::Plain,
        PARTITIONS as u32,
        PATIENCE,
    );
    let compile = move |_: &view_store::manifest::Generation| Ok(Arc::clone(&view));
    let follower = Follower::new(
        &layer.job,
        &name,
        Box::new(compile),
        Emit::Checkpoint,
        Box::new(changelog.unwrap()),
    );
    let told = |news: News| {
        if let News::Waiting(why) = news {
            eprintln!("the sink waits: {why}");
        }
    };
    let sink = Sink::start(follower, Emit::Checkpoint, true, Box::new(told)).unwrap();

    let events = rate * time.as_secs();
    // A moment, for all to be ready that would be running long since.
    let begin = Instant::now() + Duration::from_secs(3);
    let plan = Plan {
        begin,
        rate,
        events,
    };
    let mut numbers = vec![vec![]; PARTITIONS as usize];
    for n in 0..events {
        numbers[Event::nth(n, rate).partition() as usize].push(n as u32);
    }
    let visible = Arc::new(std::sync::Mutex::new(Seen::new(plan)));
    let done = Arc::new(AtomicBool::new(false));
    let downstream = Visible {
        numbers,
        at: [0; PARTITIONS as usize],
        seen: Arc::clone(&visible),
        topic: name.clone(),
        sink,
        done: Arc::clone(&done),
    };
    let live = layer.follow(Delivery::AtLeastOnce, Box::new(downstream));

    let sender = std::thread::spawn({
        let (brokers, name) = (brokers.to_owned(), name.clone());
        move || send(&brokers, &name, plan)
    });
    let reader = std::thread::spawn({
        let brokers = brokers.to_owned();
        move || read(&brokers, &changes, plan)
    });
    let processor = usage::processor();
    live.run(&done).unwrap();
    let late = sender.join().unwrap();
    let (emitted, found) = reader.join().unwrap();
    let truth = events::answer(events, rate);
    assert_eq!(layer.answer(), truth, "the answer of the store is wrong");
    assert_eq!(found, truth, "the answer of the sink is wrong");
    let visible = visible.lock().unwrap();
    assert_eq!((visible.events, emitted.events), (events, events));
    json!({
        "run": "open",
        "rate": rate,
        "events": events,
        "sent_late_ms": late,
        "visible_ms": visible.milliseconds(),
        "sink_ms": emitted.milliseconds(),
        "processor": usage::processor() - processor,
        "memory": usage::memory(),
    })
}

/// Sends each event when it is due. Returns how late the latest was sent, in milliseconds.
fn send(brokers: &str, topic: &str, plan: Plan) -> f64 {
    let mut config = events::client(brokers);
    config
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("linger.ms", "2");
    let producer: BaseProducer = config.create().unwrap();
    let mut text = String::new();
    let mut latest = Duration::ZERO;
    for n in 0..plan.events {
        let due = plan.due(n);
        // Nothing shorter can be slept; to spin would take a core from those that are measured.
        while Instant::now() < due {
            producer.poll(Duration::ZERO);
            std::thread::sleep(Duration::from_millis(2));
        }
        let event = Event::nth(n, plan.rate);
        event.write(&mut text);
        events::send(&producer, topic, &event, &text);
        latest = latest.max(Instant::now().saturating_duration_since(due));
    }
    producer.flush(Duration::from_secs(60)).unwrap();
    latest.as_secs_f64() * 1000.0
}

/// Reads the changelog until every event is in it, and what it comes to.
fn read(brokers: &str, topic: &str, plan: Plan) -> (Seen, Answer) {
    // Which events a group has, in the order in which they are folded.
    let mut groups: HashMap<(u64, u64), Vec<u32>> = HashMap::new();
    for n in 0..plan.events {
        let event = Event::nth(n, plan.rate);
        groups
            .entry((event.window(), event.key))
            .or_default()
            .push(n as u32);
    }
    let mut config = events::client(brokers);
    config
        .set("group.id", "open")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "5");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS as i32 {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let mut seen = Seen::new(plan);
    let mut answer = Answer::new();
    let until = plan.due(plan.events) + Duration::from_secs(120);
    while seen.events < plan.events {
        assert!(Instant::now() < until, "{} events came", seen.events);
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message.unwrap();
        let now = Instant::now();
        let row: Row = serde_json::from_slice(message.payload().unwrap()).unwrap();
        let key = row.key.trim_start_matches("key ").parse().unwrap();
        let window = window(row.window_start);
        let group = (window, key);
        let before = answer
            .get(&group)
            .map_or(0, |(count, ..): &(u64, u64, u64)| *count);
        let row = (row.n, row.total, row.most);
        for n in &groups[&group][before as usize..row.0 as usize] {
            seen.see(*n, now);
        }
        answer.insert(group, row);
    }
    (seen, answer)
}

/// The start of a window in milliseconds, as the changelog writes it.
fn window(text: &str) -> u64 {
    let instant = humantime::parse_rfc3339(text).unwrap();
    let since = instant.duration_since(std::time::UNIX_EPOCH).unwrap();
    let start = since.as_millis() as u64;
    assert_eq!(start % WINDOW, 0);
    start
}
