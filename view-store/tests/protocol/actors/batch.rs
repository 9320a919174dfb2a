//! A batch layer: pins, folds for a while, lands. Sometimes its archive is not the log.

use arrow::array::RecordBatch;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::Partial;
use shared_logic::time::{EventTime, Watermark};
use view_store::error::{Error, Refusal, Stale};
use view_store::manifest::Generation;

use super::{Result, ahead};
use crate::sim::{Actor, Twist};
use crate::toy::{Version, fold};

pub fn life(actor: &mut Actor) -> Result<()> {
    for _ in 0..1 + actor.rng.below(3) {
        let manifest = actor.manifest()?;
        let id = actor.choose(&manifest);
        let generation = manifest.generation(id)?;
        let version = Version::of(&generation.fingerprint);
        let past = manifest.number.0 - actor.rng.below(manifest.number.0);
        let past = actor.history(|history| history.chain.get(&past).cloned());
        let cut = match (actor.rng.below(4), past) {
            (0, _) => ahead(&mut actor.rng, &generation.next, 4),
            (1 | 2, Some(past)) if past.generations.contains_key(&id) => {
                past.generations[&id].next.clone()
            }
            _ => generation.next.clone(),
        };
        let pin = match actor.job.pin(id, cut.clone()) {
            Err(Error::Refused(Refusal::CutWithin { .. })) => {
                actor.seen("a cut lay within a segment");
                continue;
            }
            pin => pin?,
        };
        if cut.0.values().all(|next| *next == Offset(0)) {
            continue;
        }
        actor.pauses(20);
        let whole = fold(version, &OffsetVector::default(), &cut);
        let damaged = damage(actor, generation, &cut, &whole);
        let faulty = damaged.is_some();
        match actor.job.land(id, &pin, &damaged.unwrap_or(whole)) {
            Ok(landed) => {
                actor.committed(&landed);
                actor.seen("landed");
                if landed.generation(id)?.next == cut {
                    actor.seen("landed with nothing above");
                }
            }
            Err(Error::Refused(Refusal::Records { .. })) if faulty => {
                actor.seen("a record was missed")
            }
            Err(Error::Refused(Refusal::Prefix(_))) if faulty => actor.seen("a prefix was missed"),
            Err(Error::Stale(stale)) => {
                if let Stale::Pin(_) = stale {
                    actor.seen("a pin was replaced");
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sometimes, what an archive gives that lost a record, or holds another history of the same
/// length; only where segments are there to tell.
fn damage(
    actor: &mut Actor,
    generation: &Generation,
    cut: &OffsetVector,
    whole: &Partial,
) -> Option<Partial> {
    if !actor.rng.chance(25) || actor.sim.plan.twist == Twist::GoodArchive {
        return None;
    }
    let mut damaged = whole.clone();
    damaged.rows = without_the_first(&whole.rows)?;
    let mut places: Vec<(&TopicPartition, &Offset)> = cut.0.iter().collect();
    if actor.rng.chance(50) {
        places.retain(|(place, cut)| cut.0 > 0 && generation.next.get(place) >= **cut);
        let (place, _) = *actor.rng.pick(&places)?;
        damaged.coverage.0.get_mut(place)?.records -= 1;
    } else {
        places.retain(|(place, cut)| {
            let starts = |segment: &view_store::manifest::SegmentEntry| {
                segment.coverage.0.get(place).map(|span| &span.start) == Some(*cut)
            };
            cut.0 > 0 && generation.segments.iter().any(starts)
        });
        let (place, _) = *actor.rng.pick(&places)?;
        damaged.coverage.0.get_mut(place)?.watermark_after = Some(Watermark(EventTime(-1)));
    }
    Some(damaged)
}

fn without_the_first(rows: &RecordBatch) -> Option<RecordBatch> {
    (rows.num_rows() > 0).then(|| rows.slice(1, rows.num_rows() - 1))
}
