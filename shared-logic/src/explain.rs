//! What a view maintains and what it shows, in words.

use std::fmt::Write;

use crate::lateness::Late;
use crate::measure::Measure;
use crate::table::type_name;
use crate::view::View;
use crate::window::Window;

impl View {
    /// What is maintained (table, window, WHERE, keys, each measure with its algebra and state), the
    /// columns read, and what is shown; lines of text.
    pub fn explain(&self) -> String {
        let mut lines = Lines::default();
        let table = &self.table;
        let from = format!("{} (topic {}, {})", table.name, table.topic, table.format);
        lines.add("from", &from);
        let time = table
            .schema
            .fields()
            .get(table.event_time)
            .map_or("", |field| field.name());
        lines.add("window", &self.window_text(time));
        self.limits(&mut lines);
        if let Some(filter) = &self.prepare.filter {
            lines.add("where", &filter.whole.text);
        }
        for key in &self.prepare.keys {
            lines.add(
                "key",
                &format!("{} {}", key.text, type_name(&key.data_type)),
            );
        }
        for (measure, arguments) in self.measures.iter().zip(&self.prepare.arguments) {
            let texts: Vec<&str> = arguments.iter().map(|one| one.text.as_str()).collect();
            let name = measure.function.call(&texts);
            lines.add(
                "measure",
                &format!("{name}: {}, {}", measure.algebra(), state(measure)),
            );
        }
        let read = (self.prepare.columns().iter())
            .filter_map(|index| table.schema.fields().get(*index))
            .map(|field| field.name().as_str());
        lines.add("reads", &read.collect::<Vec<_>>().join(", "));
        for (field, column) in self.schema.fields().iter().zip(&self.projection.columns) {
            let shown = format!("{} {}", field.name(), type_name(field.data_type()));
            let same = *field.name() == column.text;
            lines.add(
                "shows",
                &if same {
                    shown
                } else {
                    format!("{shown} = {}", column.text)
                },
            );
        }
        lines.add("fingerprint", &self.fingerprint.to_string());
        format!("view {}\n{}", self.name, lines.text)
    }

    /// `TUMBLE over scheduled, 1 hour`.
    fn window_text(&self, time: &str) -> String {
        let (text, offset) = match self.window {
            Window::All => ("none: one group a key over all time".to_owned(), 0),
            Window::Tumble { size, offset } => {
                (format!("TUMBLE over {time}, {}", length(size)), offset)
            }
            Window::Hop {
                size,
                slide,
                offset,
            } => {
                let (size, slide) = (length(size), length(slide));
                (format!("HOP over {time}, {size} every {slide}"), offset)
            }
            Window::Cumulate { size, step, offset } => {
                let (size, step) = (length(size), length(step));
                (format!("CUMULATE over {time}, {size} by {step}"), offset)
            }
            Window::Session { gap } => {
                let by: Vec<&str> = (self.sessions_by.iter())
                    .filter_map(|key| self.prepare.keys.get(*key))
                    .map(|key| key.text.as_str())
                    .collect();
                let by = match by.as_slice() {
                    [] => "all events together".to_owned(),
                    keys => format!("per {}", keys.join(", ")),
                };
                (format!("SESSION over {time}, {by}, gap {}", length(gap)), 0)
            }
        };
        match offset {
            0 => text,
            offset => format!("{text}, offset {}", length(offset)),
        }
    }

    /// Lateness and retention, where the view has them.
    fn limits(&self, lines: &mut Lines) {
        if let Some(lateness) = self.lateness {
            let allowed = length(lateness.allowed);
            let who = match lateness.late {
                Late::View => "left out by both layers",
                Late::SpeedOnly => "left out by the speed layer, counted by the next batch run",
            };
            lines.add("late", &format!("{allowed} after the window's end: {who}"));
        }
        if let Some(retain) = self.retain {
            let text = format!("windows for {} after their end", length(retain));
            lines.add("keeps", &text);
        }
    }
}

#[derive(Default)]
struct Lines {
    text: String,
    last: String,
}

impl Lines {
    /// One line; a name that repeats is written once.
    fn add(&mut self, name: &str, value: &str) {
        let shown = if self.last == name { "" } else { name };
        // Writing into a String cannot fail.
        let _ = writeln!(self.text, "  {shown:<11} {value}");
        self.last = name.to_owned();
    }
}

fn state(measure: &Measure) -> String {
    let columns: Vec<String> = (measure.state().iter())
        .map(|(name, data_type)| format!("{name} {}", type_name(data_type)))
        .collect();
    match columns.is_empty() {
        true => "the events of the group".to_owned(),
        false => columns.join(", "),
    }
}

/// A length of time in the largest unit that makes it whole.
fn length(microseconds: i64) -> String {
    let units = [
        (86_400_000_000, "day"),
        (3_600_000_000, "hour"),
        (60_000_000, "minute"),
        (1_000_000, "second"),
        (1_000, "millisecond"),
        (1, "microsecond"),
    ];
    let found = units.iter().find(|(unit, _)| microseconds % unit == 0);
    let (unit, name) = found.copied().unwrap_or((1, "microsecond"));
    let count = microseconds / unit;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}
