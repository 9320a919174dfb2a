//! Every architecture and seam rule on the same events, each against the independent truth.

use std::sync::Arc;

use arrow::array::RecordBatch;
use event_log::EventLog;
use roaring::RoaringBitmap;
use shared_logic::admission::Admission;
use shared_logic::coverage::OffsetVector;
use shared_logic::lateness::Late;
use shared_logic::view::View;

use crate::books::{Books, Multiplicity, Refused, Row, multiplicity};
use crate::difference::{Difference, difference};
use crate::error::ComparisonError;
use crate::kappa::kappa;
use crate::lambda::{Options, lambda};
use crate::rule::{Half, Halves, Rule};
use crate::run::Run;
use crate::schedule::Schedule;
use crate::truth::{Answer, Asked, Truth};

/// One architecture and rule, run and judged.
#[derive(Clone, Debug)]
pub struct Line {
    /// The run.
    pub run: Run,
    /// What the view's own rules say, lateness included. Under `late = 'speed-only'` a batch run
    /// corrects what is below its cut, so this is not the same for every line.
    pub truth: RecordBatch,
    /// Its answer against the truth, in groups.
    pub difference: Difference,
    /// Its answer against the truth, in rows.
    pub books: Books,
    /// Groups in which the answer differs from the independent fold of the same events, each as
    /// often as the halves took it: what the code did, beyond what the rule made it do.
    pub drift: usize,
    /// Which events its halves folded, and which not exactly once.
    pub taken: Multiplicity,
}

/// All lines of a comparison.
#[derive(Clone, Debug)]
pub struct Report {
    /// When things happened.
    pub schedule: Schedule,
    /// Lambda under each rule, then kappa.
    pub lines: Vec<Line>,
}

/// The events of a comparison: as a log for the layers, as rows for the books, and the truth.
#[derive(Clone, Copy)]
pub struct Events<'e> {
    /// What the layers read.
    pub log: &'e dyn EventLog,
    /// Every event in the order of arrival.
    pub rows: &'e [Row],
    /// The independent reader of the same input, which knows the partitions.
    pub truth: &'e Truth,
}

/// Runs lambda under every rule, and kappa, and judges each.
///
/// # Errors
/// An architecture fails; a wrong answer is no error but a line of the report.
pub fn compare(
    view: &Arc<View>,
    events: Events<'_>,
    schedule: &Schedule,
    options: &Options,
) -> Result<Report, ComparisonError> {
    let wanted = events.truth.passes();
    let all = events.truth.all().read;
    let keys = view.projection.keys_shown();
    let differ =
        |run: &Run, truth: &Answer| difference(&run.rows, &truth.rows, &truth.bounds, keys);
    // Only where a batch run corrects the view does what is right depend on its cut.
    let corrects = (view.lateness).is_some_and(|lateness| lateness.late == Late::SpeedOnly);
    let mut known: Option<(Asked, Answer)> = None;
    let mut judge = |run: Run, halves: &Halves| -> Result<Line, ComparisonError> {
        let [below, above] = [&halves.batch, &halves.speed].map(|half| read(half, events.rows));
        let asked = Asked {
            speed: match corrects {
                true => &all - &below,
                false => RoaringBitmap::new(),
            },
            read: all.clone(),
        };
        let spec = match known.take().filter(|(before, _)| *before == asked) {
            Some((_, spec)) => spec,
            None => events.truth.spec(&asked)?,
        };
        let by = |read: RoaringBitmap, speed: RoaringBitmap| {
            events.truth.fates(&Asked { read, speed }).late
        };
        // Where the halves are one generation, the speed layer goes on from the batch's watermark;
        // else each knows what it has read itself.
        let seen = match run.rule {
            Some(Rule::Offset) => &below | &above,
            _ => above.clone(),
        };
        let refused = Refused {
            batch: by(below.clone(), RoaringBitmap::new()),
            speed: by(seen, above.clone()),
        };
        let taken = multiplicity(halves, events.rows, &wanted, &refused);
        let folded = taken.batch.iter().chain(&taken.speed).collect::<Vec<u32>>();
        let read = below | above;
        let same_events = events.truth.fold_of(&folded, &read)?;
        let held = events.truth.held(&read);
        let line = Line {
            difference: differ(&run, &spec)?,
            drift: differ(&run, &same_events)?.wrong,
            books: Books {
                counted: run.counted,
                truth: held.len(),
                double: taken.double.intersection_len(&held),
                missing: taken.missing.intersection_len(&held),
                late: taken.late.intersection_len(&held),
            },
            truth: spec.rows.clone(),
            taken,
            run,
        };
        known = Some((asked, spec));
        Ok(line)
    };
    let mut lines = Vec::new();
    for rule in Rule::ALL {
        let run = lambda(view, events.log, rule, schedule, options)?;
        lines.push(judge(run, &rule.halves(schedule))?);
    }
    let run = kappa(view, events.log, &schedule.end, &options.speed)?;
    lines.push(judge(run, &whole(schedule))?);
    Ok(Report {
        schedule: schedule.clone(),
        lines,
    })
}

/// The numbers of the events in a half's ranges.
fn read(half: &Half, rows: &[Row]) -> RoaringBitmap {
    let numbered = (0_u32..).zip(rows);
    let read = numbered.filter(|(_, row)| half.reads(&row.place, row.offset));
    read.map(|(number, _)| number).collect()
}

/// Kappa as halves: no batch, and speed over everything.
fn whole(schedule: &Schedule) -> Halves {
    let nothing = Schedule {
        cut: OffsetVector::default(),
        ..schedule.clone()
    };
    let halves = Rule::Offset.halves(&nothing);
    Halves {
        speed: Half {
            admission: Admission::All,
            ..halves.speed
        },
        ..halves
    }
}

impl Line {
    /// Whether the error in rows is explained to the last event.
    pub fn explained(&self) -> bool {
        self.books.balance() && self.drift == 0
    }

    /// One sentence on why the answer is right or wrong.
    pub fn why(&self) -> &'static str {
        self.run.rule.map_or(
            "one job reads every record once, in order, and commits its position with its state",
            |rule| rule.why(),
        )
    }
}
