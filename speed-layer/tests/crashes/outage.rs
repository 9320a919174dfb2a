//! A group that cannot be reached is waited for: the process goes on, says so once, and a crash
//! meanwhile does no more than its delivery lets it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_log::LogError;
use event_log::tail::memory::MemoryTail;
use event_log::tail::{Tail, TailEvent, TailStatistics};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use speed_layer::error::SpeedError;
use speed_layer::live::{Live, Ports};
use speed_layer::watch::{Event, Watch};
use view_store::blobs::memory::Memory;
use view_store::manifest::Delivery;

use super::fate::{Fate, Hand, Step};
use super::{World, options};

/// A tail whose group may not answer.
struct Shy {
    tail: MemoryTail,
    down: Arc<AtomicBool>,
}

impl Shy {
    fn up(&self, what: &str) -> Result<(), LogError> {
        match self.down.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err(LogError::Broker {
                what: what.into(),
                reason: "no answer".into(),
            }),
        }
    }
}

impl Tail for Shy {
    fn poll(&mut self, wait: Duration) -> Result<Vec<TailEvent>, LogError> {
        self.tail.poll(wait)
    }

    fn start(&mut self, from: &OffsetVector) -> Result<(), LogError> {
        self.tail.start(from)
    }

    fn release(&mut self, places: &[TopicPartition]) -> Result<(), LogError> {
        self.tail.release(places)
    }

    fn commit(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        self.up("committing")?;
        self.tail.commit(reached)
    }

    fn commit_durably(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        self.up("committing")?;
        self.tail.commit_durably(reached)
    }

    fn committed(&mut self, places: &[TopicPartition]) -> Result<OffsetVector, LogError> {
        self.up("asking")?;
        self.tail.committed(places)
    }

    fn statistics(&self) -> TailStatistics {
        self.tail.statistics()
    }
}

/// What was waited for, and that it came.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Watch for Heard {
    fn told(&mut self, event: Event<'_>) {
        match event {
            Event::Waiting { on, .. } => self.0.lock().unwrap().push(format!("{on} waits")),
            Event::Recovered { on } => self.0.lock().unwrap().push(format!("{on} is back")),
            _ => {}
        }
    }
}

/// Steps a process, the group being down where `down` says so, and then stops it or lets it die.
fn follow(
    world: &World,
    delivery: Delivery,
    down: impl Fn(u32) -> bool,
    dies: bool,
) -> (Result<(), SpeedError>, Vec<String>) {
    let (job, generation) = world.job(&Fate::new(None), Step::Manifest);
    let (clock, heard, flag) = (Hand::default(), Heard::default(), Arc::default());
    let tail = Shy {
        tail: world.group.join(4),
        down: Arc::clone(&flag),
    };
    let ports = Ports {
        tail: Box::new(tail),
        downstream: Box::new(()),
        watch: Box::new(heard.clone()),
        clock: Box::new(clock.clone()),
    };
    let options = options(delivery);
    let mut live = Live::new(&world.view, &job, generation, options, ports).unwrap();
    for step in 0..120 {
        flag.store(down(step), Ordering::Relaxed);
        live.step().unwrap();
        clock.turn(Duration::from_millis(100));
    }
    let ended = match dies {
        true => Ok(()),
        false => live.stop(),
    };
    let heard = heard.0.lock().unwrap().clone();
    (ended, heard)
}

fn world() -> World {
    World::new(Arc::new(Memory::default()))
}

const LOOSE: [Delivery; 2] = [Delivery::AtLeastOnce, Delivery::AtMostOnce];

#[test]
fn an_outage_of_the_group_is_waited_out() {
    for delivery in LOOSE {
        let world = world();
        let (ended, heard) = follow(&world, delivery, |step| (3..70).contains(&step), false);
        ended.unwrap();
        assert_eq!(heard, ["group waits", "group is back"], "{delivery}");
        assert_eq!(world.errors_of_store(), (0, 0), "{delivery}");
        assert_eq!(world.group.committed().0.len(), 3, "{delivery}");
    }
}

#[test]
fn so_is_one_at_the_beginning() {
    for delivery in LOOSE {
        let world = world();
        let (ended, heard) = follow(&world, delivery, |step| step < 30, false);
        ended.unwrap();
        assert_eq!(heard, ["group waits", "group is back"], "{delivery}");
        assert_eq!(world.errors_of_store(), (0, 0), "{delivery}");
    }
}

#[test]
fn what_is_owed_to_the_group_is_paid_without_new_records() {
    let world = world();
    // All is read and sealed before the group is back.
    let down = |step| (3..70).contains(&step);
    follow(&world, Delivery::AtLeastOnce, down, true).0.unwrap();
    let committed = world.group.committed();
    assert!(committed.0.values().all(|next| next.0 == 30), "{committed}");
}

#[test]
fn a_crash_meanwhile_is_like_any_other() {
    let crashed = |delivery| {
        let world = world();
        follow(&world, delivery, |step| step >= 3, true).0.unwrap();
        follow(&world, delivery, |_| false, false).0.unwrap();
        world.errors_of_store()
    };
    let (lost, doubled) = crashed(Delivery::AtLeastOnce);
    assert_eq!(lost, 0);
    assert!(doubled > 0);
    // What could not be committed was not sealed.
    assert_eq!(crashed(Delivery::AtMostOnce), (0, 0));
}

#[test]
fn an_end_meanwhile_says_what_is_left() {
    let world = world();
    let (ended, _) = follow(&world, Delivery::AtMostOnce, |step| step >= 3, false);
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("committing"), "{error}");
    assert!(error.contains("nothing is lost"), "{error}");
}
