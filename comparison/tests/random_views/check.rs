//! Every way to compute a view, against the truth.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, cast};
use batch_layer::commit;
use comparison::compare::{Events, compare};
use comparison::difference::difference;
use comparison::kappa::kappa;
use comparison::lambda::Options;
use comparison::schedule::Schedule;
use comparison::truth::{Answer, Asked};
use event_log::EventLog;
use roaring::RoaringBitmap;
use serving_layer::reading::Reading;
use shared_logic::answer::{answer, answer_at};
use shared_logic::coverage::OffsetVector;
use shared_logic::fold::Fold;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;
use shared_logic::window::Window;
use speed_layer::commit::Speed;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::GenerationId;
use view_store::manifest::Maker;
use view_store::snapshot::Snapshot;
use view_store::store::Store;

use crate::case::{Case, Laid};
use crate::dice::Dice;
use crate::engines::polars;

/// How many cuts and checkpoints are tried.
const CUTS: usize = 20;
const CHECKPOINTS: usize = 5;

type Checked = Result<(), String>;

/// Fails with what disagrees, in words.
pub fn check(case: &Case) -> Checked {
    let laid = Laid::new(case)?;
    let mut dice = Dice::new(!case.seed);
    let mut checker = Checker {
        laid: &laid,
        known: vec![],
    };
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
    let mut checker = Checker {
        laid: &laid,
        known: vec![],
    };
    checker.polars(&mut Dice::new(!case.seed))
}

struct Checker<'l> {
    laid: &'l Laid,
    /// What the truth has said already.
    known: Vec<(Asked, Arc<Result<Answer, String>>)>,
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
            log: &laid.log,
            rows: &laid.rows,
            truth: &laid.truth,
        };
        for _ in 0..2 {
            let cut = laid.cut(dice);
            let landing = laid.cut(dice).max(&cut);
            let schedule = Schedule {
                cut,
                landing,
                end: laid.end.clone(),
                boundary: EventTime(dice.between(-20, 20) * 1_000_000),
            };
            let options = options(dice);
            let report = match compare(&laid.view, given, &schedule, &options) {
                Ok(report) => report,
                // A sum or an expression that fails fails in either engine.
                Err(error) if fails(&error.to_string()) => {
                    kappa(&laid.view, &laid.log, &laid.end, &options.speed).err();
                    continue;
                }
                Err(error) => return Err(format!("the comparison fails: {error}")),
            };
            for line in &report.lines {
                if !line.explained() {
                    let (name, books, drift) = (line.run.rule, line.books, line.drift);
                    return Err(format!(
                        "under {name:?} and {schedule:?} the books say {books:?}, {drift} groups drift"
                    ));
                }
                let exact = line
                    .run
                    .rule
                    .is_none_or(|rule| rule.to_string() == "offset");
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

    /// What the truth says below `upto`, where a batch has landed at `cut`.
    fn expected(
        &mut self,
        cut: &OffsetVector,
        upto: &OffsetVector,
    ) -> (Asked, Arc<Result<Answer, String>>) {
        let laid = self.laid;
        let read = laid.below(upto);
        let speed = match laid.view.lateness {
            Some(lateness) if lateness.late == shared_logic::lateness::Late::SpeedOnly => {
                &read - &laid.below(cut)
            }
            _ => RoaringBitmap::new(),
        };
        let asked = Asked { read, speed };
        if let Some((_, known)) = self.known.iter().find(|(known, _)| *known == asked) {
            return (asked, Arc::clone(known));
        }
        let said = laid.truth.spec(&asked).map_err(|error| error.to_string());
        let said = Arc::new(said);
        self.known.push((asked.clone(), Arc::clone(&said)));
        (asked, said)
    }

    /// Compares the fold of everything below `upto` with the truth: rows, order and counters.
    fn agree(
        &mut self,
        how: &str,
        partial: &Partial,
        cut: &OffsetVector,
        upto: &OffsetVector,
    ) -> Checked {
        let laid = self.laid;
        let (asked, said) = self.expected(cut, upto);
        let fates = laid.truth.fates(&asked);
        let counters = partial.counters;
        let counted = [counters.rejected, counters.filtered, counters.late];
        let known = [&fates.rejected, &fates.filtered, &fates.late].map(RoaringBitmap::len);
        same(
            &format!("{how}: rejected, filtered, late"),
            &counted,
            &known,
        )?;
        let found = answer(&laid.view, partial).map_err(|error| error.to_string());
        match (&found, said.as_ref()) {
            (Ok(rows), Ok(truth)) => {
                self.equal(rows, truth)
                    .map_err(|error| format!("{how}: {error}"))?;
                self.points(partial, rows)
                    .map_err(|error| format!("{how}: {error}"))
            }
            (Err(error), Err(other)) if fails(error) && fails(other) => Ok(()),
            _ => Err(format!(
                "{how}: {}, the truth says {}",
                briefly(&found),
                briefly(&said.as_ref().as_ref().map(|truth| truth.rows.clone()))
            )),
        }
    }

    fn equal(&self, rows: &RecordBatch, truth: &Answer) -> Checked {
        let keys = laid_keys(self.laid);
        let found = difference(rows, &truth.rows, &truth.bounds, keys)
            .map_err(|error| error.to_string())?;
        if found.wrong > 0 {
            return Err(format!(
                "{} of {} groups differ\n{}",
                found.wrong,
                found.groups,
                both(rows, &truth.rows)
            ));
        }
        if rows.num_rows() != truth.rows.num_rows() {
            return Err("as many groups, but not as many rows".to_owned());
        }
        for key in keys {
            let (mine, its) = (rows.column(*key), truth.rows.column(*key));
            let its: ArrayRef = cast(its, mine.data_type()).unwrap();
            let compare = make_comparator(mine, &its, SortOptions::default()).unwrap();
            if !(0..rows.num_rows()).all(|row| compare(row, row).is_eq()) {
                return Err(format!(
                    "the rows are in another order\n{}",
                    both(rows, &truth.rows)
                ));
            }
        }
        Ok(())
    }

    /// The rows of single windows are those of the whole.
    fn points(&self, partial: &Partial, rows: &RecordBatch) -> Checked {
        let view = &self.laid.view;
        let Some(starts) = rows.column_by_name("window_start") else {
            return Ok(());
        };
        if matches!(view.window, Window::All) {
            return Ok(());
        }
        use arrow::array::AsArray;
        let starts = starts.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
        let mut asked: Vec<i64> = starts.values().to_vec();
        asked.dedup();
        for start in asked.into_iter().take(3) {
            let found =
                answer_at(view, partial, EventTime(start)).map_err(|error| error.to_string())?;
            let first = starts.values().partition_point(|other| *other < start);
            let last = starts.values().partition_point(|other| *other <= start);
            same(
                "the rows of one window",
                &found,
                &rows.slice(first, last - first),
            )?;
        }
        Ok(())
    }
}

fn laid_keys(laid: &Laid) -> &[usize] {
    laid.view.projection.keys_shown()
}

/// Whether an error is one of the data, which both engines must find.
fn fails(error: &str) -> bool {
    error.contains("does not fit")
        || error.contains("cannot show")
        || error.contains("out of range")
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, mine: &T, its: &T) -> Checked {
    match mine == its {
        true => Ok(()),
        false => Err(format!("{what} are {mine:?}, by the truth {its:?}")),
    }
}

fn briefly<E: std::fmt::Display>(result: &Result<RecordBatch, E>) -> String {
    match result {
        Ok(rows) => format!("{} rows", rows.num_rows()),
        Err(error) => format!("an error: {error}"),
    }
}

/// Both answers in lines of CSV.
fn both(rows: &RecordBatch, truth: &RecordBatch) -> String {
    format!("found\n{}the truth\n{}", table(rows), table(truth))
}

fn table(rows: &RecordBatch) -> String {
    use arrow::util::display::array_value_to_string;
    let line = |row| {
        let values =
            rows.columns()
                .iter()
                .map(|column| match arrow::array::Array::is_null(column, row) {
                    true => "NULL".to_owned(),
                    false => array_value_to_string(column, row).unwrap(),
                });
        values.collect::<Vec<_>>().join(" | ") + "\n"
    };
    (0..rows.num_rows()).map(line).collect()
}
