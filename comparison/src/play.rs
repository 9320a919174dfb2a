//! An architecture plays a schedule: events arrive, batches land, things fail, questions are asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;

use crate::clock::Clock;
use crate::error::ComparisonError;
use crate::kappa::Kappa;
use crate::lambda::{Lambda, Options};
use crate::rule::{Handover, Rule};
use crate::run::{Cost, Logs, Meter, Served};
use crate::schedule::Schedule;
use crate::seam::Seam;
use crate::stream::Stream;
use crate::timeline::{Event, Replayed, replayed, timeline};

/// How often a store may be written to: a manifest names all segments.
const MOST: usize = 2_000;

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// A lambda under this rule.
    Lambda(Rule),
    /// One stream job.
    Kappa,
}

impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lambda(rule) => write!(f, "lambda {rule}"),
            Self::Kappa => f.write_str("kappa"),
        }
    }
}

/// A question and its answer.
#[derive(Clone, Debug)]
pub struct Tick {
    /// When it was asked.
    pub at: Duration,
    /// Where the log ended then.
    pub end: OffsetVector,
    /// The answer, and what it was made of.
    pub served: Served,
    /// The seam of the batch that was served, if any had landed.
    pub seam: Option<Seam>,
    /// Whether the speed layer was running.
    pub up: bool,
}

/// A schedule that was played to its end.
#[derive(Clone, Debug)]
pub struct Played {
    /// Who played it.
    pub player: Player,
    /// All that happened, and when, questions included.
    pub events: Vec<(Duration, Event)>,
    /// The questions, in order; the last is asked when all is over.
    pub ticks: Vec<Tick>,
    /// How kappa's replay went.
    pub replayed: Option<Replayed>,
    /// What it cost.
    pub cost: Cost,
}

/// Plays `schedule` over the events of `logs`, which arrive as `clock` says.
///
/// # Errors
/// The log cannot be read, or the view cannot be folded.
pub fn play(
    view: &Arc<View>,
    logs: Logs<'_>,
    clock: &Clock,
    schedule: &Schedule,
    player: Player,
    options: &Options,
) -> Result<Played, ComparisonError> {
    let meter = Meter::start(logs);
    let (logs, origin) = (meter.logs(), clock.begins());
    let mut stage = Stage {
        schedule,
        clock,
        cuts: BTreeMap::new(),
        system: match player {
            Player::Lambda(rule) => {
                let lambda = Lambda::new(view, logs, origin, rule, options, schedule.delivery)?;
                System::Lambda(Box::new(lambda))
            }
            Player::Kappa => {
                let kappa =
                    Kappa::new(view, logs.speed, origin, &options.speed, schedule.delivery)?;
                System::Kappa(Box::new(kappa))
            }
        },
    };
    let events = timeline(schedule, clock);
    let writes =
        |(_, event): &&(_, Event)| matches!(event, Event::Checkpoint | Event::BatchLands(_));
    let writes = events.iter().filter(writes).count();
    if writes > MOST {
        return Err(ComparisonError::Schedule(format!(
            "the schedule has {writes} checkpoints and landings in {:?}, more than {MOST}: say a longer checkpoint, or batches further apart",
            clock.last()
        )));
    }
    let mut ticks = vec![];
    for (at, event) in &events {
        stage.system.speed().follow(&clock.offsets(*at))?;
        if *event == Event::Ask {
            ticks.push(stage.ask(*at)?);
        } else {
            stage.happens(*at, *event)?;
        }
    }
    let bytes = match &stage.system {
        System::Lambda(lambda) => lambda.bytes()?,
        System::Kappa(kappa) => kappa.bytes()?,
    };
    Ok(Played {
        player,
        events,
        ticks,
        replayed: match player {
            Player::Kappa => replayed(schedule, clock),
            Player::Lambda(_) => None,
        },
        cost: meter.cost(bytes),
    })
}

enum System<'l> {
    Lambda(Box<Lambda<'l>>),
    Kappa(Box<Kappa<'l>>),
}

struct Stage<'l> {
    schedule: &'l Schedule,
    clock: &'l Clock,
    /// When each batch run that is under way began.
    cuts: BTreeMap<u32, Duration>,
    system: System<'l>,
}

impl<'l> System<'l> {
    fn speed(&mut self) -> &mut Stream<'l> {
        match self {
            Self::Lambda(lambda) => &mut lambda.speed,
            Self::Kappa(kappa) => &mut kappa.live,
        }
    }
}

impl Stage<'_> {
    fn happens(&mut self, at: Duration, event: Event) -> Result<(), ComparisonError> {
        let earliest = self.clock.earliest(at, self.schedule.retain);
        match event {
            Event::Checkpoint => self.system.speed().checkpoint()?,
            Event::Crash(step) => self.system.speed().crash(step)?,
            Event::Restart => self.come_back(at, &earliest)?,
            Event::BatchBegins(run) => {
                self.cuts.insert(run, at);
                if let System::Lambda(lambda) = &mut self.system {
                    lambda.begin(&self.clock.offsets(at))?;
                }
            }
            Event::BatchLands(run) => {
                self.land(run, at, &earliest)?;
                if self.system.speed().has_lost() {
                    self.come_back(at, &earliest)?;
                }
            }
            Event::CaughtUp => self.replay(at)?,
            Event::BatchFails(_) | Event::Ask => {}
        }
        Ok(())
    }

    fn come_back(&mut self, at: Duration, earliest: &OffsetVector) -> Result<(), ComparisonError> {
        let speed = self.system.speed();
        speed.come_back(earliest)?;
        speed.follow(&self.clock.offsets(at))
    }

    fn land(
        &mut self,
        run: u32,
        at: Duration,
        earliest: &OffsetVector,
    ) -> Result<(), ComparisonError> {
        let System::Lambda(lambda) = &mut self.system else {
            return Ok(());
        };
        let Some(begun) = self.cuts.remove(&run) else {
            return Ok(());
        };
        let cut = self.clock.offsets(begun);
        // A newer batch has landed before: this one has nothing to add.
        if lambda
            .seam
            .as_ref()
            .is_some_and(|seam| !cut.reaches(&seam.cut))
        {
            return Ok(());
        }
        let mut read = cut.clone();
        if self.schedule.batch.half.contains(&run) {
            for (place, next) in &mut read.0 {
                let first = self.clock.begins().get(place).0;
                next.0 = first + next.0.saturating_sub(first) / 2;
            }
        }
        let landing = self.clock.offsets(at);
        let seam = Seam {
            origin: self.clock.begins().clone(),
            cut,
            end: landing.clone(),
            landing,
            boundary: self.clock.instant(begun),
            interval: self.schedule.interval(),
        };
        lambda.land(&seam, &read, earliest)?;
        lambda.speed.follow(&seam.end)
    }

    fn replay(&mut self, at: Duration) -> Result<(), ComparisonError> {
        let (System::Kappa(kappa), Some(replay)) = (&mut self.system, self.schedule.replay) else {
            return Ok(());
        };
        let from = self.clock.earliest(replay.at, self.schedule.retain);
        let end = self.clock.offsets(at);
        let chunk = replay.chunk.max(1);
        let mut steps = vec![];
        let mut reached = from.clone();
        while !reached.reaches(&end) {
            let behind: Vec<_> = reached.behind(&end).cloned().collect();
            for place in behind {
                let next = match replay.interleaved {
                    true => reached.get(&place).plus(chunk.into()).min(end.get(&place)),
                    false => end.get(&place),
                };
                reached.set(place, next);
                steps.push(reached.clone());
            }
        }
        kappa.replay(&from, &steps, chunk as usize)
    }

    fn ask(&mut self, at: Duration) -> Result<Tick, ComparisonError> {
        let (served, seam) = match &mut self.system {
            System::Lambda(lambda) => {
                let forgets = lambda.rule.handover() == Handover::Apart;
                if forgets && self.schedule.keep.is_some() {
                    let first = self.clock.earliest(at, self.schedule.keep);
                    lambda.speed.forget(&first)?;
                }
                (lambda.serve()?, lambda.seam.clone())
            }
            System::Kappa(kappa) => (kappa.serve()?, None),
        };
        Ok(Tick {
            at,
            end: self.clock.offsets(at),
            served,
            seam,
            up: self.system.speed().is_up(),
        })
    }
}
