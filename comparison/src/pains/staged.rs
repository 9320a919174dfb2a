//! One schedule, played by whoever wants to, and judged.

use std::sync::Arc;
use std::time::Duration;

use shared_logic::job::Job;
use shared_logic::view::View;

use crate::books::Books;
use crate::error::ComparisonError;
use crate::judge::{Judge, Verdict};
use crate::lambda::Options;
use crate::play::{Played, Player, play};
use crate::rule::Rule;
use crate::run::Logs;
use crate::scene::Scene;
use crate::schedule::Schedule;

/// Clicks per page and minute: what most lessons count.
pub(super) const CLICKS: &str = include_str!("../../../pains/clicks.sql");

/// The events of a schedule, for a view.
pub(super) struct Staged {
    pub(super) view: Arc<View>,
    pub(super) scene: Scene,
    pub(super) schedule: Schedule,
}

/// Who played, and what came of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// An architecture and its rule.
    pub who: String,
    /// Groups of the last answer or the truth.
    pub groups: usize,
    /// Groups of the last answer that are wrong.
    pub wrong_groups: usize,
    /// The last answer in events.
    pub books: Books,
    /// Groups of the last answer that a half's code computes otherwise.
    pub drift: usize,
    /// How long some answer was wrong.
    pub wrong_for: Duration,
    /// Bytes read ÷ bytes of the log: 1 is every event once.
    pub rework: f64,
    /// Bytes of segments at the end.
    pub bytes_stored: u64,
}

/// What was played, and a verdict on each answer.
pub(super) struct Judged {
    pub(super) played: Played,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) measured: Measured,
}

impl Staged {
    /// The last view of `sql` and the events of a schedule.
    pub(super) fn new(sql: &str, schedule: &str) -> Result<Self, ComparisonError> {
        let wrong = |error: String| ComparisonError::Schedule(format!("a lesson's view: {error}"));
        let job = Job::compile("pains", sql).map_err(|error| wrong(error.to_string()))?;
        let view = job
            .views
            .last()
            .ok_or_else(|| wrong("there is none".into()))?;
        let schedule: Schedule = schedule.parse()?;
        Ok(Self {
            view: Arc::clone(view),
            scene: Scene::new(view, sql, &schedule)?,
            schedule,
        })
    }

    /// The same events in one partition, in the order of these numbers.
    pub(super) fn in_one_partition(
        &self,
        sql: &str,
        order: &[usize],
    ) -> Result<Self, ComparisonError> {
        let mut made = self.scene.made.some(order.iter().copied());
        made.partitions.fill(0);
        made.count = 1;
        Ok(Self {
            view: Arc::clone(&self.view),
            scene: Scene::of(&self.view, sql, made)?,
            schedule: Schedule {
                replay: None,
                ..self.schedule.clone()
            },
        })
    }

    /// Plays it, and judges every answer.
    pub(super) fn judged(&self, player: Player) -> Result<Judged, ComparisonError> {
        let (scene, view) = (&self.scene, &self.view);
        let (log, options) = (&scene.log, Options::default());
        let played = play(
            view,
            Logs::one(log),
            &scene.clock,
            &self.schedule,
            player,
            &options,
        )?;
        let mut judge = Judge::new(view, &scene.rows, &scene.truth);
        let verdicts = played.ticks.iter();
        let verdicts = verdicts.map(|tick| judge.judge(&tick.served, &tick.end));
        let verdicts = verdicts.collect::<Result<Vec<_>, _>>()?;
        let last = verdicts.last().ok_or_else(|| {
            ComparisonError::Schedule("a schedule without a question has no answer".into())
        })?;
        let next = played.ticks.iter().skip(1);
        let spans = played.ticks.iter().zip(next).zip(&verdicts);
        let wrong = spans.filter(|(_, verdict)| verdict.difference.wrong > 0);
        let log: usize = scene.made.lines.iter().map(String::len).sum();
        let measured = Measured {
            who: player.to_string(),
            groups: last.difference.groups,
            wrong_groups: last.difference.wrong,
            books: last.books,
            drift: last.drift,
            wrong_for: wrong
                .map(|((tick, next), _)| next.at.saturating_sub(tick.at))
                .sum(),
            rework: played.cost.bytes_read as f64 / log.max(1) as f64,
            bytes_stored: played.cost.bytes_stored,
        };
        Ok(Judged {
            played,
            verdicts,
            measured,
        })
    }

    /// Plays it, for those who want the sum alone.
    pub(super) fn play(&self, player: Player) -> Result<Measured, ComparisonError> {
        Ok(self.judged(player)?.measured)
    }

    /// How many events there are.
    pub(super) fn events(&self) -> u64 {
        self.scene.rows.len() as u64
    }
}

impl Measured {
    /// The same under another name.
    pub(super) fn called(self, who: impl Into<String>) -> Self {
        Self {
            who: who.into(),
            ..self
        }
    }
}

/// A lambda under the rule of this name.
pub(super) fn lambda(rule: &str) -> Result<Player, ComparisonError> {
    Ok(Player::Lambda(rule.parse::<Rule>()?))
}
