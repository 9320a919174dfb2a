//! Exercises: a file of answers, and whether they are right.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::{Claim, Pain};
use crate::error::ComparisonError;

/// Why an exercise cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// What was answered cannot be read: the line and what is wrong with it.
    #[error("{0}")]
    Answer(String),
    /// What was answered cannot be played.
    #[error(transparent)]
    Play(#[from] ComparisonError),
}

/// The answers of a file: `name = value`, a line each; what begins with `#` is for people.
#[derive(Debug)]
pub struct Answers(BTreeMap<String, (usize, String)>);

/// Judges an exercise. It is right if all claims hold.
///
/// # Errors
/// A line that is no answer, an answer that is missing or not asked for, or a value of another kind.
pub fn check(pain: &Pain, text: &str) -> Result<Vec<Claim>, CheckError> {
    let answers = Answers::parse(text)?;
    let asked = Answers::parse(&pain.lesson().exercise)?;
    if let Some((name, (line, _))) = answers
        .0
        .iter()
        .find(|(name, _)| !asked.0.contains_key(*name))
    {
        let names: Vec<&str> = asked.0.keys().map(String::as_str).collect();
        return Err(CheckError::Answer(format!(
            "line {line}: {name:?} is not asked for: {} asks for {}",
            pain.id,
            names.join(", ")
        )));
    }
    (pain.check)(&answers)
}

impl Answers {
    fn parse(text: &str) -> Result<Self, CheckError> {
        let mut answers = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pair = line
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()));
            let Some((name, value)) =
                pair.filter(|(name, value)| !name.is_empty() && !value.is_empty())
            else {
                return Err(CheckError::Answer(format!(
                    "line {number}: expected name = value, found {line:?}"
                )));
            };
            if answers
                .insert(name.to_owned(), (number, value.to_owned()))
                .is_some()
            {
                return Err(CheckError::Answer(format!(
                    "line {number}: {name:?} is answered twice"
                )));
            }
        }
        Ok(Self(answers))
    }

    /// An answer as a word.
    pub(super) fn word(&self, name: &str) -> Result<&str, CheckError> {
        let found = self.0.get(name);
        let (_, value) = found.ok_or_else(|| {
            CheckError::Answer(format!("no answer {name:?}: add a line {name} = …"))
        })?;
        Ok(value)
    }

    /// An answer that is read as something.
    pub(super) fn read<T: FromStr>(&self, name: &str, expected: &str) -> Result<T, CheckError> {
        self.word(name)?
            .parse()
            .map_err(|_| self.wrong(name, expected))
    }

    /// An answer that is a duration of whole steps, at least one.
    pub(super) fn steps(&self, name: &str, step: Duration) -> Result<u64, CheckError> {
        let expected = format!(
            "a whole number of {}, 1 or more",
            humantime::format_duration(step)
        );
        let wrong = || self.wrong(name, &expected);
        let span = humantime::parse_duration(self.word(name)?).map_err(|_| wrong())?;
        let (span, step) = (span.as_micros(), step.as_micros().max(1));
        let whole = (span % step == 0 && span > 0).then_some(span / step);
        whole
            .and_then(|steps| u64::try_from(steps).ok())
            .filter(|steps| *steps < 100_000)
            .ok_or_else(wrong)
    }

    /// What is wrong with an answer.
    pub(super) fn wrong(&self, name: &str, expected: &str) -> CheckError {
        let (line, value) = self.0.get(name).cloned().unwrap_or_default();
        CheckError::Answer(format!(
            "line {line}: {name} is {value:?}: expected {expected}"
        ))
    }
}
