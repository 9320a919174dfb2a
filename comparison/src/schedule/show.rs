//! A schedule as text, in one form: what it says is read back as the same schedule.

use std::fmt::{self, Write};
use std::time::Duration;

use super::{Begins, Delivery, Rate, Schedule, Share, Step};

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standard = Self::default();
        let source = &self.source;
        write!(f, "rate {} for {}", source.rate, Span(source.span))?;
        for late in &source.late {
            let (least, most) = (Span(late.least), Span(late.most));
            write!(f, ", late {} by {least}..{most}", late.share)?;
        }
        for burst in &source.bursts {
            write!(f, ", burst {} at {}", burst.events, Span(burst.at))?;
        }
        for boundary in &source.boundary {
            write!(f, ", boundary {} at {}", boundary.events, Span(boundary.at))?;
        }
        for hot in &source.hot {
            write!(f, ", hot k{} {}", hot.key, hot.share)?;
        }
        for (name, number, usual) in [
            ("keys", source.keys, standard.source.keys),
            ("partitions", source.partitions, standard.source.partitions),
            ("values", source.values, standard.source.values),
        ] {
            if number != usual {
                write!(f, ", {name} {number}")?;
            }
        }
        for (name, share) in [("null", source.nulls), ("broken", source.broken)] {
            if share.0 > 0 {
                write!(f, ", {name} {share}")?;
            }
        }
        self.show_batch(f)?;
        write!(f, ", checkpoint {}", Span(self.checkpoint))?;
        for (name, span) in [("keep", self.keep), ("retain", self.retain)] {
            if let Some(span) = span {
                write!(f, ", {name} {}", Span(span))?;
            }
        }
        if self.delivery != standard.delivery {
            write!(f, ", delivery {}", self.delivery)?;
        }
        for crash in &self.crashes {
            write!(f, ", crash {} at {}", crash.step, Span(crash.at))?;
        }
        if !self.crashes.is_empty() || self.restart != standard.restart {
            write!(f, ", restart {}", Span(self.restart))?;
        }
        if let Some(replay) = &self.replay {
            write!(f, ", replay at {} rate {}", Span(replay.at), replay.rate)?;
            if replay.interleaved {
                f.write_str(" interleaved")?;
            }
            write!(f, " chunk {}", replay.chunk)?;
        }
        if let Some(ask) = self.ask {
            write!(f, ", ask every {}", Span(ask))?;
        }
        write!(f, ", seed {}", self.seed)
    }
}

impl Schedule {
    fn show_batch(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.batch.begins {
            Begins::Every(every) => write!(f, ", batch every {}", Span(*every))?,
            Begins::At(at) if at.is_empty() => f.write_str(", batch never")?,
            Begins::At(at) => write!(f, ", batch at {}", list(at.iter().map(|at| Span(*at))))?,
        }
        write!(f, " takes {}", Span(self.batch.takes))?;
        for (name, runs) in [
            ("fails", &self.batch.fails),
            ("lands-half", &self.batch.half),
        ] {
            if !runs.is_empty() {
                write!(f, " {name} {}", list(runs))?;
            }
        }
        for (run, by) in &self.batch.late {
            write!(f, " late {run} by {}", Span(*by))?;
        }
        Ok(())
    }
}

fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for (number, item) in items.into_iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        // Writing into a String cannot fail.
        let _ = write!(text, "{comma}{item}");
    }
    text
}

/// A duration as one word in the greatest unit that divides it.
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let units = [
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        let unit = units
            .iter()
            .find(|(unit, _)| nanos > 0 && nanos.is_multiple_of(*unit));
        match unit {
            Some((unit, name)) => write!(f, "{}{name}", nanos / unit),
            None => f.write_str("0s"),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 100.0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per.as_secs() {
            3600 => "h",
            60 => "m",
            _ => "s",
        };
        write!(f, "{}/{per}", self.events)
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExactlyOnce => "exactly-once",
            Self::AtLeastOnce => "at-least-once",
            Self::AtMostOnce => "at-most-once",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fold => "fold",
            Self::Seal => "seal",
            Self::Commit => "commit",
        })
    }
}
