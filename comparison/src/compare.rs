//! Every architecture and seam rule on the same events, each against the independent truth.

use std::ops::Deref;
use std::sync::Arc;

use shared_logic::view::View;

use crate::attribution::Attribution;
use crate::books::Row;
use crate::error::ComparisonError;
use crate::judge::{Judge, Verdict};
use crate::kappa::kappa;
use crate::lambda::{Options, lambda};
use crate::rule::Rule;
use crate::run::{Logs, Run};
use crate::seam::Seam;
use crate::truth::Truth;

/// One architecture and rule, run and judged.
#[derive(Clone, Debug)]
pub struct Line {
    /// The run.
    pub run: Run,
    /// What the truth says of its answer.
    pub verdict: Verdict,
    /// Its error in values, by cause.
    pub attribution: Attribution,
}

/// All lines of a comparison.
#[derive(Clone, Debug)]
pub struct Report {
    /// When things happened.
    pub seam: Seam,
    /// Lambda under each rule, then kappa.
    pub lines: Vec<Line>,
}

/// The events of a comparison: as a log for the layers, as rows for the books, and the truth.
#[derive(Clone, Copy)]
pub struct Events<'e> {
    /// What the layers read.
    pub logs: Logs<'e>,
    /// Every event in the order of arrival.
    pub rows: &'e [Row],
    /// The independent reader of the same input, which knows the partitions.
    pub truth: &'e Truth,
}

/// Runs lambda under each of `rules`, and kappa, and judges each.
///
/// # Errors
/// An architecture fails; a wrong answer is no error but a line of the report.
pub fn compare(
    view: &Arc<View>,
    events: Events<'_>,
    rules: &[Rule],
    seam: &Seam,
    options: &Options,
) -> Result<Report, ComparisonError> {
    let mut judge = Judge::new(view, events.rows, events.truth);
    let mut lines = Vec::new();
    let lambdas = rules
        .iter()
        .map(|rule| lambda(view, events.logs, *rule, seam, options));
    let kappa = || {
        kappa(
            view,
            events.logs.speed,
            &seam.origin,
            &seam.end,
            &options.speed,
        )
    };
    for run in lambdas.chain(std::iter::once_with(kappa)) {
        let run = run?;
        let verdict = judge.judge(&run.served, &seam.end)?;
        let attribution = judge.attribute(&run.served, &seam.end)?;
        lines.push(Line {
            run,
            verdict,
            attribution,
        });
    }
    Ok(Report {
        seam: seam.clone(),
        lines,
    })
}

impl Deref for Line {
    type Target = Verdict;

    fn deref(&self) -> &Verdict {
        &self.verdict
    }
}

impl Line {
    /// Whether the error is explained to the last event and value.
    pub fn explained(&self) -> bool {
        self.verdict.explained() && self.attribution.adds_up()
    }

    /// One sentence on why the answer is right or wrong.
    pub fn why(&self) -> &'static str {
        self.run.rule.map_or(
            "one job reads every record once, in order, and commits its position with its state",
            |rule| rule.why(),
        )
    }
}
