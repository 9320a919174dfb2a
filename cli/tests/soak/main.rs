//! Hours of bad luck in minutes: everything that runs is killed, paused, joined and left while events
//! come, and in the end the view, the sink and the archive are what the topic is.
//!
//! `SOAK_EVENTS` (2,000,000), `SOAK_KILLS` (20) and `SOAK_SEED` make it longer or repeat it. It kills
//! the broker, too, where that is the one that scripts/kafka.sh has started.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod broker;
mod check;
mod part;
#[path = "../support/process.rs"]
mod process;
mod producer;
#[path = "../support/seam.rs"]
mod seam;

use std::time::{Duration, Instant};

use broker::Broker;
use part::Part;
use producer::Producer;

/// Partitions of the topic, before and after some are added.
const PARTITIONS: [i32; 2] = [6, 8];

/// Longer than a member of the group may be silent.
const PAUSE: Duration = Duration::from_secs(9);

/// How long what was interrupted may take to come to the end of the topic.
const DEADLINE: Duration = Duration::from_secs(300);

/// Numbers that are the same in each run of a seed: splitmix64.
pub struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A speed layer that was fenced ends, and is started again; the archiver waits for whatever comes.
fn look_after(parts: &mut [Part]) {
    for part in parts {
        let may_end = part.name != "archive";
        part.look_after(may_end);
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect(variable))
}

fn view(topic: &str) -> String {
    format!(
        "CREATE TABLE clicks (at TIMESTAMP NOT NULL, page VARCHAR, value BIGINT)
         WITH (topic = '{topic}', event_time = 'at');
         CREATE VIEW clicks_by_page AS
         SELECT page, window_start, window_end, COUNT(*) AS n, SUM(value) AS total, MAX(value) AS most
         FROM TUMBLE(clicks, at, INTERVAL '10' SECOND)
         GROUP BY page, window_start, window_end;"
    )
}

/// What is done to the parts while events come, in this order and evenly spread; between two of them
/// others are killed.
#[derive(Clone, Copy, Debug)]
enum Event {
    Join,
    KillBroker,
    Leave,
    AddPartitions,
    Pause,
}

const EVENTS: [Event; 6] = [
    Event::Join,
    Event::KillBroker,
    Event::Leave,
    Event::AddPartitions,
    Event::KillBroker,
    Event::Pause,
];

#[test]
#[ignore = "needs a broker and minutes: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn everything_that_can_happen_changes_nothing() {
    let (events, kills) = (number("SOAK_EVENTS", 2_000_000), number("SOAK_KILLS", 20));
    let seed = number("SOAK_SEED", 1);
    let mut random = Random(seed);
    println!("{events} events, {kills} kills, seed {seed}");
    let broker = Broker::find();
    let (topic, sink) = (broker.name("soak"), broker.name("soak-sink"));
    let archivers = format!("{topic}-archive");
    broker.create(&topic, PARTITIONS[0]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("view.sql"), view(&topic)).unwrap();
    let part = |name: &str, command: &str, more: &[&str]| {
        let mut arguments = vec![command, "view.sql", "--store", "store"];
        arguments.extend(["--brokers", &broker.addresses]);
        arguments.extend(["--kafka", "session.timeout.ms=6000"]);
        arguments.extend(more);
        Part::start(folder.path(), name, &arguments)
    };
    let speed = [
        "--follow",
        "--checkpoint-within",
        "1s",
        "--group",
        &topic,
        "--sink",
        &sink,
    ];
    let archive = ["--follow", "--roll-every", "2s", "--group", &archivers];
    let mut parts = vec![
        part("speed-0", "speed", &speed),
        part("speed-1", "speed", &speed),
        part("archive", "archive", &archive),
    ];

    let mut third = None;
    let each = Duration::from_micros(events * 40 / kills.max(1));
    let producer = Producer::start(&broker, &topic, PARTITIONS[0], events, seed);
    let mut planned = EVENTS.iter().enumerate().peekable();
    for kill in 0..kills {
        producer.go_on(events * (kill + 1) / kills);
        let due = Instant::now() + each / 2 + each.mul_f64(random.below(1000) as f64 / 1000.0);
        let until = Instant::now() + DEADLINE;
        while Instant::now() < due || producer.sent() < events * kill / kills {
            look_after(&mut parts);
            assert!(Instant::now() < until, "events cannot be sent any more");
            std::thread::sleep(Duration::from_millis(20));
        }
        while let Some((_, event)) =
            planned.next_if(|(nth, _)| *nth as u64 * kills <= kill * EVENTS.len() as u64)
        {
            println!("{} {event:?}", producer.sent());
            match event {
                Event::Join => third = Some(part("speed-2", "speed", &speed)),
                Event::Leave => third.take().into_iter().for_each(Part::stop),
                Event::KillBroker => broker.crash(),
                Event::AddPartitions => {
                    broker.more_partitions(&topic, PARTITIONS[1]);
                    producer.partitions(PARTITIONS[1]);
                }
                Event::Pause => {
                    let paused = &mut parts[random.below(2) as usize];
                    paused.pause();
                    std::thread::sleep(PAUSE);
                    paused.go_on();
                }
            }
        }
        let victim = random.below(parts.len() as u64) as usize;
        println!("{} kill {}", producer.sent(), parts[victim].name);
        parts[victim].kill();
    }
    let counts = producer.finish();
    println!("all events sent: {counts} are in the topic");

    let ends = broker.ends(&topic);
    let until = Instant::now() + DEADLINE;
    let is_whole = || {
        check::has_reached(&path("store"), &ends)
            && check::is_archived(&path("store"), &topic, &view(&topic), &ends)
    };
    while !is_whole() {
        look_after(&mut parts);
        assert!(
            Instant::now() < until,
            "the end of the topic was not reached: {ends:?}\n{}",
            part::last_words(&parts)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    parts.into_iter().for_each(Part::stop);

    let values = broker.values(&topic);
    let mut dump = String::new();
    values.iter().flatten().for_each(|value| {
        dump.push_str(value);
        dump.push('\n');
    });
    std::fs::write(path("topic.jsonl"), dump).unwrap();
    let rows = |arguments: &[&str]| check::rows(&part::run(folder.path(), arguments));
    let truth = rows(&[
        "run",
        "view.sql",
        "--input",
        "topic.jsonl",
        "--as",
        "truth",
        "--format",
        "json",
    ]);
    let question = "SELECT * FROM clicks_by_page";
    let answer = rows(&["query", question, "--store", "store", "--format", "json"]);
    check::same("the view", &answer, &truth);
    check::same("the sink", &check::reduced(&broker.changes(&sink)), &truth);
    check::archive(&path("store"), &topic, &view(&topic), &values);
}
