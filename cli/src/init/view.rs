//! The first view over a table that was inferred.

use event_log::infer::{Inferred, identifier};
use shared_logic::parse::write::name;
use shared_logic::window::Window;

/// The windows to choose from: how they are written, their name, and their microseconds.
const SIZES: [(&str, &str, i64); 5] = [
    ("INTERVAL '1' DAY", "day", 86_400_000_000),
    ("INTERVAL '1' HOUR", "hour", 3_600_000_000),
    ("INTERVAL '1' MINUTE", "minute", 60_000_000),
    ("INTERVAL '10' SECOND", "10 seconds", 10_000_000),
    SHORTEST,
];

const SHORTEST: (&str, &str, i64) = ("INTERVAL '1' SECOND", "second", 1_000_000);

/// How many windows the events should at least be in.
const WINDOWS: i64 = 24;

/// Which window the first view has.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    interval: &'static str,
    /// What one window is called.
    pub(super) called: &'static str,
    /// Which of all windows it is.
    pub(super) nth: usize,
}

impl First {
    /// Every window there is to choose from, as the compiler has it.
    pub(super) fn windows() -> Vec<Window> {
        let tumble = |(.., size): (&str, &str, i64)| Window::Tumble { size, offset: 0 };
        SIZES.into_iter().map(tumble).collect()
    }

    /// The longest window of which events over so many microseconds fill some.
    pub(super) fn of(span: i64) -> Self {
        let mut sizes = SIZES.into_iter().enumerate();
        let found = sizes.find(|(_, (.., size))| span / size >= WINDOWS);
        let (nth, (interval, called, _)) = found.unwrap_or((SIZES.len() - 1, SHORTEST));
        Self {
            interval,
            called,
            nth,
        }
    }

    /// Events by key and window, with the average and the maximum of a number where there is one.
    pub(super) fn sql(&self, inferred: &Inferred) -> String {
        let table = &inferred.table;
        let column = |at: usize| table.schema.field(at).name().as_str();
        let key = table.partition_by.map(column);
        let mut taken: Vec<String> = vec!["window_start".into(), "window_end".into()];
        taken.extend(key.map(str::to_owned));
        let mut fresh = |wanted: String| {
            let mut name = wanted;
            while taken.contains(&name) {
                name.push('_');
            }
            taken.push(name.clone());
            name
        };
        let mut shown = vec![format!("COUNT(*) AS {}", name(&fresh("events".into())))];
        if let Some(measure) = inferred.measures.first() {
            for (call, word) in [("AVG", "mean"), ("MAX", "max")] {
                let alias = name(&fresh(format!("{word}_{}", identifier(measure))));
                shown.push(format!("{call}({}) AS {alias}", name(measure)));
            }
        }
        let by = match key {
            Some(key) => format!("by_{}", identifier(key)),
            None => format!("per_{}", self.called.replace(' ', "_")),
        };
        let view = name(&format!("{}_{by}", table.name));
        let keys = key.map_or(String::new(), |key| format!("{}, ", name(key)));
        format!(
            "CREATE VIEW {view} AS\nSELECT {keys}window_start, window_end,\n       {}\nFROM TUMBLE({}, {}, {})\nGROUP BY {keys}window_start, window_end",
            shown.join(", "),
            name(&table.name),
            name(column(table.event_time)),
            self.interval,
        )
    }
}
