//! A sink that is told what was folded since its last step emits what it would have found by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use shared_logic::identity::Offset;
use shared_logic::partial::Partial;
use view_store::open_fold::OpenFold;

use super::{Event, PARTITIONS, VIEWS, World, comparable, events, fold, place};
use crate::lane::stack;
use crate::sink::emit::Emit;

/// What happens between two looks at the open fold.
#[derive(Clone, Debug)]
enum Act {
    /// More events of a partition are published.
    Publish(u32, Vec<Event>),
    /// All that is published is sealed.
    Seal,
    /// The sink looks and knows what is fresh, or has lost the first of it.
    Look { lost: bool },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..PARTITIONS, events()).prop_map(|(partition, events)| Act::Publish(partition, events)),
        1 => Just(Act::Seal),
        3 => prop::bool::weighted(0.2).prop_map(|lost| Act::Look { lost }),
    ]
}

/// An open fold as a speed layer keeps it, over the store of `world`.
struct Layer {
    world: World,
    open: OpenFold,
    runs: BTreeMap<u32, Vec<Arc<Partial>>>,
}

impl Layer {
    fn new(view: usize, emit: Emit) -> Self {
        let world = World::new(VIEWS[view], emit);
        let open = OpenFold::new(world.job.manifest().unwrap(), world.generation).unwrap();
        let runs = BTreeMap::new();
        Self { world, open, runs }
    }

    /// Publishes what comes next and returns its fold.
    fn publish(&mut self, partition: u32, events: &[Event]) -> Partial {
        let all = &mut self.world.events[partition as usize];
        let from = all.len();
        all.extend_from_slice(events);
        let fresh = fold(&self.world.view, partition, all, from, false);
        let runs = self.runs.remove(&partition).unwrap_or_default();
        let runs = stack(&self.world.view, runs, vec![fresh.clone()], Offset(0), None);
        self.runs.insert(partition, runs.unwrap());
        let all: Vec<_> = self.runs.values().flatten().map(Arc::clone).collect();
        self.open.replace(all).unwrap();
        fresh
    }

    fn seal(&mut self) {
        let owns = (self.world.job)
            .claim(self.world.generation, (0..PARTITIONS).map(place))
            .unwrap();
        for run in std::mem::take(&mut self.runs).into_values().flatten() {
            self.world.job.seal(&owns, &run).unwrap();
        }
        self.open
            .advance(self.world.job.manifest().unwrap())
            .unwrap();
    }

    fn look(&mut self, fresh: &[Partial]) {
        let sink = self.world.sink.as_mut().unwrap();
        sink.follow(&self.open.snapshot(), fresh).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn who_is_told_emits_what_is_found(
        view in 0..VIEWS.len(),
        close in any::<bool>(),
        acts in proptest::collection::vec(act(), 1..40),
    ) {
        let emit = if close && view != 4 { Emit::Close } else { Emit::Checkpoint };
        let (mut told, mut finds) = (Layer::new(view, emit), Layer::new(view, emit));
        let mut fresh = vec![];
        for act in acts.into_iter().chain([Act::Look { lost: false }, Act::Seal]) {
            match act {
                Act::Publish(partition, events) => {
                    fresh.push(told.publish(partition, &events));
                    finds.publish(partition, &events);
                }
                Act::Seal => {
                    told.seal();
                    finds.seal();
                }
                Act::Look { lost } => {
                    told.look(&fresh[usize::from(lost && !fresh.is_empty())..]);
                    finds.look(&[]);
                    fresh.clear();
                    let changes = |layer: &Layer| layer.world.kept.lock().unwrap().changes.clone();
                    prop_assert_eq!(changes(&told), changes(&finds));
                }
            }
        }
        prop_assert_eq!(told.world.found(), comparable(told.world.expected()));
    }
}
