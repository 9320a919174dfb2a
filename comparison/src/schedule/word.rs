//! The words of a schedule, and what they say.

use std::time::Duration;

use super::{Rate, Share};
use crate::error::ComparisonError;

/// A word and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    /// The number of its first character, from 1.
    pub(super) column: usize,
}

/// The text of a schedule in clauses of words. A comma ends a clause unless another character
/// follows at once, as in `2,3`.
pub(super) fn clauses(text: &str) -> Vec<Vec<Word<'_>>> {
    let (mut clauses, mut words) = (vec![], vec![]);
    let mut begun: Option<(usize, usize)> = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (number, (at, character)) in (1..).zip(ends) {
        match (begun, character.is_whitespace()) {
            (None, false) => begun = Some((at, number)),
            (Some((from, column)), true) => {
                begun = None;
                let whole = text.get(from..at).unwrap_or_default();
                let word = whole.trim_end_matches(',');
                if !word.is_empty() {
                    words.push(Word { text: word, column });
                }
                if word.len() < whole.len() {
                    clauses.push(std::mem::take(&mut words));
                }
            }
            _ => {}
        }
    }
    clauses.push(words);
    clauses.retain(|words| !words.is_empty());
    clauses
}

impl Word<'_> {
    /// What is wrong with this word.
    pub(super) fn wrong(&self, expected: &str) -> ComparisonError {
        ComparisonError::Schedule(format!(
            "schedule, column {}: {:?} is not {expected}",
            self.column, self.text
        ))
    }

    /// `90s`, `1h30m`.
    pub(super) fn span(&self) -> Result<Duration, ComparisonError> {
        humantime::parse_duration(self.text)
            .ok()
            .filter(|span| span.as_micros() < u128::from(u32::MAX) * 1_000_000)
            .ok_or_else(|| self.wrong("a duration such as 90s, 5m or 1h30m"))
    }

    /// A duration from one thing to the next.
    pub(super) fn pause(&self) -> Result<Duration, ComparisonError> {
        match self.span()? {
            span if span < Duration::from_millis(1) => {
                Err(self.wrong("a duration of at least 1ms"))
            }
            span => Ok(span),
        }
    }

    /// `30s..5m`.
    pub(super) fn spans(&self) -> Result<(Duration, Duration), ComparisonError> {
        let wrong = || self.wrong("a range of durations such as 30s..5m");
        let (least, most) = self.text.split_once("..").ok_or_else(wrong)?;
        let span = |text| Word { text, ..*self }.span().map_err(|_| wrong());
        let (least, most) = (span(least)?, span(most)?);
        match least <= most {
            true => Ok((least, most)),
            false => Err(wrong()),
        }
    }

    /// `5m,9m`.
    pub(super) fn instants(&self) -> Result<Vec<Duration>, ComparisonError> {
        let each = self
            .text
            .split(',')
            .map(|text| Word { text, ..*self }.span());
        each.collect::<Result<_, _>>()
            .map_err(|_| self.wrong("an instant or several such as 5m,9m"))
    }

    /// `2,3`: numbers of runs.
    pub(super) fn runs(&self) -> Result<Vec<u32>, ComparisonError> {
        let runs = self.text.split(',').map(str::parse::<u32>);
        let runs = runs.collect::<Result<Vec<_>, _>>().unwrap_or_default();
        match runs.is_empty() || runs.contains(&0) {
            true => Err(self.wrong("the number of a run, or several such as 2,3, counted from 1")),
            false => Ok(runs),
        }
    }

    /// A number from 0.
    pub(super) fn number<T: std::str::FromStr>(&self) -> Result<T, ComparisonError> {
        self.text.parse().map_err(|_| self.wrong("a whole number"))
    }

    /// A number from 1.
    pub(super) fn count(&self) -> Result<u32, ComparisonError> {
        match self.text.parse() {
            Ok(0) | Err(_) => Err(self.wrong("a whole number from 1 on")),
            Ok(count) => Ok(count),
        }
    }

    /// `5%`, `0.25%`.
    pub(super) fn share(&self) -> Result<Share, ComparisonError> {
        let number = self
            .text
            .strip_suffix('%')
            .and_then(|text| text.parse::<f64>().ok());
        let number = number.filter(|number| (0.0..=100.0).contains(number));
        let number = number.ok_or_else(|| self.wrong("a share such as 5% or 0.25%"))?;
        Ok(Share((number * 100.0).round() as u32))
    }

    /// `100/s`, `30/m`, `5/h`.
    pub(super) fn rate(&self) -> Result<Rate, ComparisonError> {
        let wrong = || self.wrong("a rate such as 100/s, 30/m or 5/h");
        let (events, per) = self.text.split_once('/').ok_or_else(wrong)?;
        let per = match per {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(wrong()),
        };
        match events.parse() {
            Ok(events @ 1..=1_000_000) => Ok(Rate {
                events,
                per: Duration::from_secs(per),
            }),
            _ => Err(wrong()),
        }
    }

    /// `k3`: the number of a key.
    pub(super) fn key(&self) -> Result<u32, ComparisonError> {
        let number = self
            .text
            .strip_prefix('k')
            .and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.wrong("a key such as k1"))
    }
}
