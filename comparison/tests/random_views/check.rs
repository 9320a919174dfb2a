//! Every way to compute a view, against the truth.

use std::sync::Arc;
use std::time::Duration;

use batch_layer::commit;
use comparison::compare::{Events, compare};
use comparison::lambda::Options;
use comparison::rule::Rule;
use comparison::run::Logs;
use comparison::seam::Seam;
use comparison::truth::Asked;
use event_log::EventLog;
use roaring::RoaringBitmap;
use serving_layer::reading::Reading;
use shared_logic::coverage::OffsetVector;
use shared_logic::fold::Fold;
use shared_logic::time::EventTime;
use speed_layer::commit::Speed;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::{GenerationId, Maker};
use view_store::snapshot::Snapshot;
use view_store::store::Store;

use crate::agree::{Checked, Checker, fails, same};
use crate::case::{Case, Laid};
use crate::dice::Dice;
use crate::engines::polars;

/// How many cuts and checkpoints are tried.
const CUTS: usize = 20;
const CHECKPOINTS: usize = 5;

/// Fails with what disagrees, in words.
pub fn check(case: &Case) -> Checked {
    let laid = Laid::new(case)?;
    let mut dice = Dice::new(!case.seed);
    let mut checker = Checker::new(&laid);
    checker.late_events()?;
    checker.batch()?;
    checker.polars(&mut dice)?;
    checker.cuts(&mut dice)?;
    checker.restarts(&mut dice)?;
    checker.comparison(&mut dice)
}

/// Fails with what Polars computes otherwise; false for a view that it does not compute.
pub fn second_engine(case: &Case) -> Result<bool, String> {
    let laid = Laid::new(case)?;
    let mut checker = Checker::new(&laid);
    checker.polars(&mut Dice::new(!case.seed))
}

/// A job with one generation.
fn job(laid: &Laid) -> (JobStore, GenerationId) {
    let job = Store::memory().job("random").unwrap();
    let new = NewGeneration {
        view: laid.view.name.clone(),
        fingerprint: laid.view.fingerprint.clone(),
        sql: String::new(),
        origin: OffsetVector::default(),
        again: false,
    };
    let (generation, _) = job.create_generation(&new).unwrap();
    (job, generation)
}

fn options(dice: &mut Dice) -> Options {
    Options {
        batch: batch_layer::fold::Options {
            chunk_rows: dice.between(1, 40) as usize,
            threads: dice.between(1, 3) as usize,
            ..Default::default()
        },
        speed: speed_layer::fold::Options {
            chunk_rows: dice.between(1, 40) as usize,
            publish_every: dice.between(1, 60) as u64,
            checkpoint_every: dice.between(1, 120) as u64,
            ..Default::default()
        },
    }
}

/// Where the last batch run that a snapshot knows has stopped.
fn landed(snapshot: &Snapshot) -> OffsetVector {
    let batch = (snapshot.segments.iter()).find(|entry| entry.maker == Maker::Batch);
    let spans = batch.map(|entry| &entry.coverage.0).into_iter().flatten();
    OffsetVector(
        spans
            .map(|(place, span)| (place.clone(), span.next))
            .collect(),
    )
}

impl Checker<'_> {
    /// Every layer leaves out the same events as too late, and rejects the same: by number.
    fn late_events(&self) -> Checked {
        let laid = self.laid;
        let all = laid.truth.all().read;
        let asked = Asked {
            speed: all.clone(),
            read: all,
        };
        let fates = laid.truth.fates(&asked);
        for chunk_rows in [1, 3, 1000] {
            let (mut late, mut rejected) = (RoaringBitmap::new(), RoaringBitmap::new());
            for place in laid.end.0.keys() {
                let number = |offset| {
                    let found = (laid.rows.iter())
                        .position(|row| row.place == *place && row.offset == offset);
                    found.unwrap() as u32
                };
                let mut fold = Fold::new(&laid.view).unwrap();
                let range = laid.log.bounds(place).unwrap();
                for chunk in laid.log.read(place, range, chunk_rows).unwrap() {
                    let chunk = chunk.unwrap();
                    let rejects = fold.push(&chunk).unwrap();
                    rejected.extend(
                        rejects
                            .iter()
                            .map(|reject| number(chunk.offset(reject.row))),
                    );
                    late.extend(fold.late().iter().map(|row| number(chunk.offset(*row))));
                }
            }
            same("the late events", &late, &fates.late)?;
            same("the rejected events", &rejected, &fates.rejected)?;
        }
        Ok(())
    }

    /// The batch fold by itself, in any number of pieces.
    fn batch(&mut self) -> Checked {
        let laid = self.laid;
        for (pieces, threads, chunk_rows) in [(1, 1, 8192), (5, 2, 7), (40, 3, 1)] {
            let plan = batch_layer::read::plan(&OffsetVector::default(), &laid.end, pieces);
            let options = batch_layer::fold::Options {
                chunk_rows,
                threads,
                ..Default::default()
            };
            let partial = batch_layer::fold::fold(&laid.view, &laid.log, &plan, &options);
            let how = format!("batch in {pieces} pieces and chunks of {chunk_rows}");
            let partial = partial.unwrap().whole(&laid.view).unwrap();
            self.agree(&how, &partial, &laid.end, &laid.end)?;
        }
        Ok(())
    }

    /// The batch by Polars, whole and at a cut, where Polars computes the view.
    fn polars(&mut self, dice: &mut Dice) -> Result<bool, String> {
        let laid = self.laid;
        for cut in [laid.end.clone(), laid.cut(dice)] {
            let Some(partial) = polars(laid, &cut, dice) else {
                return Ok(false);
            };
            self.agree(&format!("polars below {cut}"), &partial, &cut, &cut)?;
        }
        Ok(true)
    }

    /// A batch run lands somewhere, before or after the speed layer has come that far.
    fn cuts(&mut self, dice: &mut Dice) -> Checked {
        let laid = self.laid;
        for number in 0..CUTS {
            let options = options(dice);
            let (job, generation) = job(laid);
            let mut cut = laid.cut(dice);
            let mut speed =
                Speed::resume(&laid.view, &laid.log, &job, generation, options.speed).unwrap();
            let behind = number % 3 == 0;
            if behind {
                speed.follow(&laid.log, &cut).unwrap();
                speed.checkpoint().unwrap();
                cut = job
                    .manifest()
                    .unwrap()
                    .generation(generation)
                    .unwrap()
                    .next
                    .clone();
            }
            if cut.0.values().any(|next| next.0 > 0) {
                let batch = &options.batch;
                commit::run(&laid.view, &laid.log, &job, generation, &cut, batch).unwrap();
            }
            if !behind {
                speed =
                    Speed::resume(&laid.view, &laid.log, &job, generation, options.speed).unwrap();
            }
            speed.follow(&laid.log, &laid.end).unwrap();
            let how = format!("lambda at {cut}, the batch behind the stream: {behind}");
            self.served(&format!("{how}, open"), &job, speed.snapshot())?;
            speed.checkpoint().unwrap();
            let snapshot = Arc::new(job.snapshot(None).unwrap());
            same("the cut", &landed(&snapshot).max(&cut), &cut)?;
            self.served(&how, &job, snapshot)?;
        }
        Ok(())
    }

    /// A speed layer that dies at checkpoints, with or without an open fold, and goes on.
    fn restarts(&mut self, dice: &mut Dice) -> Checked {
        let laid = self.laid;
        let options = options(dice);
        let (job, generation) = job(laid);
        let resume =
            || Speed::resume(&laid.view, &laid.log, &job, generation, options.speed).unwrap();
        let mut speed = resume();
        for number in 0..=CHECKPOINTS {
            let to = match number {
                CHECKPOINTS => laid.end.clone(),
                _ => laid.cut(dice),
            };
            speed.follow(&laid.log, &to).unwrap();
            if dice.percent(60) {
                speed.checkpoint().unwrap();
            }
            let snapshot = speed.snapshot();
            let how = format!(
                "the stream at {}, restarted {number} times",
                snapshot.offsets
            );
            self.served(&how, &job, snapshot)?;
            let next = job
                .manifest()
                .unwrap()
                .generation(generation)
                .unwrap()
                .next
                .clone();
            if dice.percent(30) && next.0.values().any(|next| next.0 > 0) {
                commit::run(
                    &laid.view,
                    &laid.log,
                    &job,
                    generation,
                    &next,
                    &options.batch,
                )
                .unwrap();
            }
            speed = resume();
        }
        speed.follow(&laid.log, &laid.end).unwrap();
        self.served("the stream at its end", &job, speed.snapshot())
    }

    /// What a reader of this snapshot sees.
    fn served(&mut self, how: &str, job: &JobStore, snapshot: Arc<Snapshot>) -> Checked {
        let (cut, upto) = (landed(&snapshot), snapshot.offsets.clone());
        let reading = Reading::of(&self.laid.view, job, snapshot).unwrap();
        self.agree(how, &reading.merged().unwrap(), &cut, &upto)
    }

    /// Every seam rule, right or wrong, is explained to the last event.
    fn comparison(&mut self, dice: &mut Dice) -> Checked {
        let laid = self.laid;
        let given = Events {
            logs: Logs::one(&laid.log),
            rows: &laid.rows,
            truth: &laid.truth,
        };
        for _ in 0..2 {
            let cut = laid.cut(dice);
            let landing = laid.cut(dice).max(&cut);
            let seam = Seam {
                origin: Default::default(),
                cut,
                landing,
                end: laid.end.clone(),
                boundary: EventTime(dice.between(-20, 20) * 1_000_000),
                interval: Duration::from_secs(dice.between(1, 20) as u64),
            };
            let options = options(dice);
            let some = dice.below(Rule::ALL.len() as u64) as usize;
            let rules = [Rule::OFFSET, Rule::ALL[some]];
            let report = match compare(&laid.view, given, &rules, &seam, &options) {
                Ok(report) => report,
                // A sum or an expression that fails fails in either engine.
                Err(error) if fails(&error.to_string()) => continue,
                Err(error) => return Err(format!("the comparison fails: {error}")),
            };
            for line in &report.lines {
                if !line.attribution.adds_up() {
                    return Err(format!(
                        "under {:?} and {seam:?} the causes do not add up: {:?}",
                        line.run.rule, line.attribution
                    ));
                }
                if !line.explained() {
                    let (name, books, drift) = (line.run.rule, line.books, line.drift);
                    return Err(format!(
                        "under {name:?} and {seam:?} the books say {books:?}, {drift} groups drift"
                    ));
                }
                let exact = line.run.rule.is_none_or(|rule| rule == Rule::OFFSET);
                if exact && line.difference.wrong > 0 {
                    return Err(format!(
                        "{:?} is wrong: {:?}",
                        line.run.rule, line.difference
                    ));
                }
            }
        }
        Ok(())
    }
}
