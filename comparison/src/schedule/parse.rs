//! Reading a schedule.

use std::str::FromStr;
use std::time::Duration;

use super::clause::Clause;
use super::word::{Word, clauses};
use super::{Begins, Crash, Delivery, Hot, Late, Rate, Replay, Schedule, Several, Share, Step};
use crate::error::ComparisonError;

/// The words that clauses begin with.
const CLAUSES: &str = "a clause: rate, late, burst, boundary, hot, keys, partitions, values, null, broken, batch, checkpoint, keep, retain, delivery, crash, restart, replay, ask or seed";

impl FromStr for Schedule {
    type Err = ComparisonError;

    fn from_str(text: &str) -> Result<Self, ComparisonError> {
        let mut schedule = Self::default();
        let mut met: Vec<&str> = vec![];
        for words in clauses(text) {
            let Some(mut clause) = Clause::new(words) else {
                continue;
            };
            let first = clause.next(CLAUSES)?;
            let several = ["late", "burst", "boundary", "hot", "crash"];
            if met.contains(&first.text) && !several.contains(&first.text) {
                return Err(first.wrong("expected a second time: say it once"));
            }
            met.push(first.text);
            schedule.read(first, &mut clause)?;
            clause.end()?;
        }
        Ok(schedule)
    }
}

impl Schedule {
    fn read(&mut self, first: Word<'_>, clause: &mut Clause<'_>) -> Result<(), ComparisonError> {
        let source = &mut self.source;
        match first.text {
            "rate" => {
                source.rate = clause.next("a rate")?.rate()?;
                if clause.more_is("for")? {
                    source.span = clause.next("a duration")?.pause()?;
                }
            }
            "late" => {
                let word = clause.next("a share")?;
                let share = word.share()?;
                clause.keyword("by")?;
                let (least, most) = clause.next("a range of durations")?.spans()?;
                source.late.push(Late { share, least, most });
                if source.late.iter().map(|late| late.share.0).sum::<u32>() > 10_000 {
                    return Err(word.wrong("what is left: all late shares make more than 100%"));
                }
            }
            "burst" => source.bursts.push(several(clause)?),
            "boundary" => source.boundary.push(several(clause)?),
            "hot" => {
                let key = clause.next("a key")?.key()?;
                let word = clause.next("a share")?;
                let share = word.share()?;
                source.hot.push(Hot { key, share });
                if source.hot.iter().map(|hot| hot.share.0).sum::<u32>() > 10_000 {
                    return Err(word.wrong("what is left: all hot shares make more than 100%"));
                }
            }
            "keys" => source.keys = clause.next("a number")?.count()?,
            "partitions" => source.partitions = clause.next("a number")?.count()?,
            "values" => source.values = clause.next("a number")?.count()?,
            "null" => source.nulls = share(clause)?,
            "broken" => source.broken = share(clause)?,
            "batch" => self.batch(clause)?,
            "checkpoint" => self.checkpoint = clause.next("a duration")?.pause()?,
            "keep" => self.keep = Some(clause.next("a duration")?.pause()?),
            "retain" => self.retain = Some(clause.next("a duration")?.pause()?),
            "delivery" => {
                let word = clause.next("exactly-once, at-least-once or at-most-once")?;
                self.delivery = match word.text {
                    "exactly-once" => Delivery::ExactlyOnce,
                    "at-least-once" => Delivery::AtLeastOnce,
                    "at-most-once" => Delivery::AtMostOnce,
                    _ => return Err(word.wrong("exactly-once, at-least-once or at-most-once")),
                };
            }
            "crash" => {
                let word = clause.next("fold, seal or commit")?;
                let step = match word.text {
                    "fold" => Step::Fold,
                    "seal" => Step::Seal,
                    "commit" => Step::Commit,
                    _ => return Err(word.wrong("fold, seal or commit")),
                };
                clause.keyword("at")?;
                let at = clause.next("an instant")?.span()?;
                self.crashes.push(Crash { step, at });
            }
            "restart" => self.restart = clause.next("a duration")?.pause()?,
            "replay" => self.replay(clause)?,
            "ask" => {
                clause.keyword("every")?;
                self.ask = Some(clause.next("a duration")?.pause()?);
            }
            "seed" => self.seed = clause.next("a number")?.number()?,
            _ => return Err(first.wrong(CLAUSES)),
        }
        Ok(())
    }

    fn batch(&mut self, clause: &mut Clause<'_>) -> Result<(), ComparisonError> {
        const EXPECTED: &str = "every, at, takes, fails, lands-half, late or never";
        while let Some(word) = clause.more() {
            match word.text {
                "every" => self.batch.begins = Begins::Every(clause.next("a duration")?.pause()?),
                "at" => self.batch.begins = Begins::At(clause.next("instants")?.instants()?),
                "never" => self.batch.begins = Begins::At(vec![]),
                "takes" => self.batch.takes = clause.next("a duration")?.span()?,
                "fails" => self.batch.fails.extend(clause.next("runs")?.runs()?),
                "lands-half" => self.batch.half.extend(clause.next("runs")?.runs()?),
                "late" => {
                    let runs = clause.next("runs")?.runs()?;
                    clause.keyword("by")?;
                    let by = clause.next("a duration")?.span()?;
                    self.batch
                        .late
                        .extend(runs.into_iter().map(|run| (run, by)));
                }
                _ => return Err(word.wrong(EXPECTED)),
            }
        }
        Ok(())
    }

    fn replay(&mut self, clause: &mut Clause<'_>) -> Result<(), ComparisonError> {
        clause.keyword("at")?;
        let at = clause.next("an instant")?.span()?;
        let mut replay = Replay {
            at,
            rate: Rate {
                events: 1000,
                per: Duration::from_secs(1),
            },
            interleaved: false,
            chunk: 8192,
        };
        while let Some(word) = clause.more() {
            match word.text {
                "rate" => replay.rate = clause.next("a rate")?.rate()?,
                "interleaved" => replay.interleaved = true,
                "chunk" => replay.chunk = clause.next("a number")?.count()?,
                _ => return Err(word.wrong("rate, interleaved or chunk")),
            }
        }
        self.replay = Some(replay);
        Ok(())
    }
}

/// `2000 at 3m`.
fn several(clause: &mut Clause<'_>) -> Result<Several, ComparisonError> {
    let events = clause.next("a number")?.count()?;
    clause.keyword("at")?;
    let at = clause.next("an instant")?.span()?;
    Ok(Several { events, at })
}

fn share(clause: &mut Clause<'_>) -> Result<Share, ComparisonError> {
    clause.next("a share")?.share()
}
