//! Which of both for these events: what has to be kept for how long, what redoing takes, and from
//! how long a history on files are worth a second layer.

use super::page::{Block, Sheet};
use super::{Subject, bytes, grouped, span};
use crate::rule::Rule;

/// What was measured, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// Events.
    pub(super) events: u64,
    /// The time over which they arrived, in microseconds; 0 where it is not known.
    pub(super) over: i64,
    /// Bytes of them in the log, and in files.
    pub(super) log_bytes: u64,
    pub(super) file_bytes: u64,
    /// Bytes of lambda's segments.
    pub(super) segment_bytes: u64,
    /// Seconds of processor time to redo them from the log, and from files.
    pub(super) from_log: f64,
    pub(super) from_files: f64,
    /// From the batch's cut to its landing, in microseconds.
    pub(super) takes: i64,
    /// The worst lateness, in microseconds.
    pub(super) late: i64,
}

/// Which architecture the figures speak for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Lambda,
    Kappa,
    Either,
}

/// Costs within this share of one another are the same.
const SAME: f64 = 0.1;

impl Measured {
    fn of(subject: &Subject<'_>) -> Self {
        let of = |rule: Option<Rule>| {
            let line = subject
                .report
                .lines
                .iter()
                .find(|line| line.run.rule == rule);
            line.map(|line| line.run.cost).unwrap_or_default()
        };
        let (lambda, kappa) = (of(Some(Rule::OFFSET)), of(None));
        let over = subject
            .arrivals
            .and_then(|arrivals| Some(arrivals.iter().max()?.0 - arrivals.iter().min()?.0));
        Self {
            events: subject.rows.len() as u64,
            over: over.unwrap_or_default(),
            log_bytes: kappa.bytes_read,
            file_bytes: subject.kept.file_bytes,
            segment_bytes: lambda.bytes_stored,
            from_log: kappa.cpu_seconds,
            from_files: subject.kept.from_files,
            takes: crate::seam::micros(subject.takes),
            late: super::plane::worst_lateness(subject.rows),
        }
    }

    /// How long the log must keep an event so that lambda loses none, in microseconds: under
    /// `offset` from a batch's cut until it has landed, if the next one starts then; under rules on
    /// event time, which fold late events again, so much longer.
    pub(super) fn retention(&self, event_time: bool) -> i64 {
        self.takes + if event_time { self.late } else { 0 }
    }

    /// Of how long a history, in days, keeping it in files besides a short log takes as little as
    /// keeping it in the log alone; `None` where files are not smaller, or no time is known.
    pub(super) fn break_even(&self, log_price: f64, file_price: f64) -> Option<f64> {
        let days = self.over as f64 / 86.4e9;
        let a_day = |bytes: u64, price: f64| bytes as f64 / days * price;
        let (log, files) = (
            a_day(self.log_bytes, log_price),
            a_day(self.file_bytes, file_price),
        );
        let retained = self.retention(true) as f64 / 86.4e9;
        let once = log * retained + self.segment_bytes as f64 * file_price;
        (days > 0.0 && log > files).then(|| once / (log - files))
    }

    /// What the storage of this history and one redoing of it speak for, weighing bytes in the log,
    /// bytes in files and seconds of a core by these prices.
    pub(super) fn verdict(&self, log_price: f64, file_price: f64, second: f64) -> Verdict {
        let retained = match self.over {
            0 => 1.0,
            over => (self.retention(true) as f64 / over as f64).min(1.0),
        };
        let log = self.log_bytes as f64 * log_price;
        let files = (self.file_bytes + self.segment_bytes) as f64 * file_price;
        let lambda = files + log * retained + self.from_files * second;
        let kappa = log + self.segment_bytes as f64 * file_price + self.from_log * second;
        match lambda / kappa.max(f64::MIN_POSITIVE) {
            ratio if ratio < 1.0 - SAME => Verdict::Lambda,
            ratio if ratio > 1.0 + SAME => Verdict::Kappa,
            _ => Verdict::Either,
        }
    }
}

/// The sheet and its verdict.
pub(super) fn blocks(subject: &Subject<'_>) -> Vec<Block> {
    let measured = Measured::of(subject);
    let Measured {
        events,
        takes,
        late,
        ..
    } = measured;
    let row = |cells: [String; 3]| cells.to_vec();
    let hours = |seconds: f64| format!("{:.2} h", seconds / events.max(1) as f64 * 1e9 / 3600.0);
    let days = |days: Option<f64>| match (days, measured.over) {
        (Some(days), _) => format!("{days:.2} days"),
        (None, 0) => "unknown: the input has no times of arrival".into(),
        (None, _) => "never: these events are not smaller in files than in the log".into(),
    };
    let mut rows = vec![
        row([
            "worst lateness seen".into(),
            span(late),
            "how far an event is behind the greatest event time before it in its partition".into(),
        ]),
        row([
            "minimum safe retention of the log, rule offset".into(),
            span(measured.retention(false)),
            format!(
                "from the cut to the landing ({}), if the next batch starts then; each batch that fails adds as much, and so does the time between two batches",
                span(takes)
            ),
        ]),
        row([
            "minimum safe retention, rules on event time".into(),
            span(measured.retention(true)),
            "so much longer, because late events of open windows are folded again from the log"
                .into(),
        ]),
        row([
            "retention for kappa".into(),
            "the whole history".into(),
            "or an archive that a replay can start from".into(),
        ]),
        row([
            "replay of 10⁹ events, one core, from the log".into(),
            hours(measured.from_log),
            format!(
                "processor time, measured on {} events in memory; a topic of text takes longer",
                grouped(events)
            ),
        ]),
        row([
            "the same from files, by the batch layer".into(),
            hours(measured.from_files),
            "processor time, measured on the same events in Parquet".into(),
        ]),
        row([
            "storage of these events, kappa".into(),
            bytes(measured.log_bytes),
            "the log, as it is read; one replica".into(),
        ]),
        row([
            "storage of these events, lambda".into(),
            bytes(measured.file_bytes + measured.segment_bytes),
            format!(
                "files {} and segments {}, besides the log for its retention",
                bytes(measured.file_bytes),
                bytes(measured.segment_bytes)
            ),
        ]),
        row([
            "break-even length of history, in bytes".into(),
            days(measured.break_even(1.0, 1.0)),
            "a longer history takes less room with files and a short log".into(),
        ]),
    ];
    let mut verdict = measured.verdict(1.0, 1.0, 0.0);
    let mut by = "by storage alone: no price is assumed, --prices FILE sets them";
    if let Some(prices) = subject.prices {
        let (log, files) = (prices.log_gb_month / 1e9, prices.file_gb_month / 1e9);
        let second = prices.core_hour / 3600.0;
        let money = |amount: f64| format!("{amount:.4} {}", prices.currency);
        rows.push(row([
            "storage a month, kappa".into(),
            money(measured.log_bytes as f64 * log),
            "at your prices".into(),
        ]));
        rows.push(row([
            "storage a month, lambda".into(),
            money((measured.file_bytes + measured.segment_bytes) as f64 * files),
            "at your prices, besides the log for its retention".into(),
        ]));
        rows.push(row([
            "redoing once, from the log · from files".into(),
            format!(
                "{} · {}",
                money(measured.from_log * second),
                money(measured.from_files * second)
            ),
            "processor time at your price".into(),
        ]));
        rows.push(row([
            "break-even length of history, in money".into(),
            days(measured.break_even(log, files)),
            "storage at your prices".into(),
        ]));
        verdict = measured.verdict(log, files, second);
        by = "a month of storage and one redoing, at your prices";
    }
    let (word, why) = match verdict {
        Verdict::Lambda => (
            "lambda",
            "files and a short log are cheaper than a log of everything",
        ),
        Verdict::Kappa => (
            "kappa",
            "this history is short enough for the log, and a second layer would only cost",
        ),
        Verdict::Either => (
            "either",
            "both are within 10 % of each other: choose by what your people know",
        ),
    };
    rows.push(row([
        "verdict".into(),
        word.into(),
        format!("{why} ({by})"),
    ]));
    vec![Block::Sheet(Sheet {
        title: "What follows for these events".into(),
        caption: "Right answers are not weighed here: under the rule offset both are exact, under another rule see the errors above.".into(),
        command: subject.command.into(),
        header: ["", "figure", "what it means"].map(String::from).to_vec(),
        rows,
        words: true,
    })]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: Measured = Measured {
        events: 1_000_000,
        over: 7 * 86_400_000_000,
        log_bytes: 700_000_000,
        file_bytes: 70_000_000,
        segment_bytes: 10_000_000,
        from_log: 4.0,
        from_files: 1.0,
        takes: 86_400_000_000,
        late: 43_200_000_000,
    };

    #[test]
    fn retention_covers_the_batch_and_what_comes_late() {
        assert_eq!(WEEK.retention(false), 86_400_000_000);
        assert_eq!(WEEK.retention(true), 129_600_000_000);
    }

    #[test]
    fn at_the_break_even_both_take_the_same() {
        // Log: 100 MB a day. Files: 10 MB a day, 1.5 days of log and 10 MB of segments.
        let days = WEEK.break_even(1.0, 1.0).unwrap_or_default();
        let (kappa, lambda) = (100.0 * days, 10.0 * days + 150.0 + 10.0);
        assert!((kappa - lambda).abs() < 1e-9, "{days}");
        assert_eq!(
            Measured {
                file_bytes: 800_000_000,
                ..WEEK
            }
            .break_even(1.0, 1.0),
            None
        );
    }

    #[test]
    fn each_verdict_is_possible() {
        assert_eq!(WEEK.verdict(1.0, 1.0, 0.0), Verdict::Lambda);
        let wide = Measured {
            file_bytes: 900_000_000,
            ..WEEK
        };
        assert_eq!(wide.verdict(1.0, 1.0, 0.0), Verdict::Kappa);
        let same = Measured {
            file_bytes: 550_000_000,
            ..WEEK
        };
        assert_eq!(same.verdict(1.0, 1.0, 0.0), Verdict::Either);
        // A log that costs nothing, and cores that do.
        assert_eq!(WEEK.verdict(0.0, 1.0, 1e9), Verdict::Lambda);
        assert_eq!(WEEK.verdict(0.0, 1.0, 0.0), Verdict::Kappa);
    }
}
