//! Players of one schedule side by side, every answer judged.

use std::sync::Arc;
use std::time::Duration;

use shared_logic::view::View;

use crate::attribution::Attribution;
use crate::clock::Clock;
use crate::compare::Events;
use crate::error::ComparisonError;
use crate::judge::{Judge, Verdict};
use crate::lambda::Options;
use crate::over_time::{OverTime, over_time};
use crate::play::{Played, Player, play};
use crate::schedule::Schedule;

/// An answer, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// When the question was asked.
    pub at: Duration,
    /// In groups and in events.
    pub verdict: Verdict,
    /// In values.
    pub attribution: Attribution,
}

/// What one player made of a schedule.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it did and served.
    pub played: Played,
    /// Its answers, in the order in which they were asked for.
    pub judged: Vec<Judged>,
    /// All of that, summed up.
    pub over_time: OverTime,
}

impl Trial {
    /// Whether every error is explained to the last event and value.
    pub fn explained(&self) -> bool {
        let explained =
            |judged: &Judged| judged.verdict.explained() && judged.attribution.adds_up();
        self.judged.iter().all(explained)
    }

    /// The judgement of the last answer, when all is over.
    pub fn last(&self) -> Option<&Judged> {
        self.judged.last()
    }
}

/// Lets each of `players` play `schedule`, and judges what they serve.
///
/// # Errors
/// The log cannot be read, the view cannot be folded, or the truth cannot be told.
pub fn trials(
    view: &Arc<View>,
    events: Events<'_>,
    clock: &Clock,
    schedule: &Schedule,
    players: &[Player],
    options: &Options,
) -> Result<Vec<Trial>, ComparisonError> {
    let mut judge = Judge::new(view, events.rows, events.truth);
    let played = (players.iter())
        .map(|player| play(view, events.logs, clock, schedule, *player, options))
        .collect::<Result<Vec<_>, _>>()?;
    let mut judged = vec![vec![]; played.len()];
    // Question by question: what the truth says then is the same for all.
    let questions = played.iter().map(|played| played.ticks.len()).max();
    for question in 0..questions.unwrap_or_default() {
        for (played, judged) in played.iter().zip(&mut judged) {
            let Some(tick) = played.ticks.get(question) else {
                continue;
            };
            judged.push(Judged {
                at: tick.at,
                verdict: judge.judge(&tick.served, &tick.end)?,
                attribution: judge.attribute(&tick.served, &tick.end)?,
            });
        }
    }
    let trial = |(played, judged): (Played, Vec<Judged>)| Trial {
        over_time: over_time(&judged, events.rows),
        played,
        judged,
    };
    Ok(played.into_iter().zip(judged).map(trial).collect())
}
