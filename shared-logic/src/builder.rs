//! Views built in Rust: the same plan as SQL compiles to, without SQL.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::fingerprint::{Maintained, fingerprint};
use crate::lateness::{Late, Lateness};
use crate::measure::Function;
use crate::prepare::expression::{Column, Expression};
use crate::present::Projection;
use crate::table::Table;
use crate::view::View;
use crate::window::{MOST_WINDOWS, WINDOW_END, WINDOW_START, Window};

mod call;
mod each;
mod ordered;
mod plan;
mod value;

pub use call::{
    Call, approx_count_distinct, approx_percentile, arg_max, arg_min, array_agg, avg, bool_and,
    bool_or, count, count_distinct, count_of, first, last, max, median, min, stddev_pop,
    stddev_samp, string_agg, sum, top_k, user, var_pop, var_samp,
};
pub use each::{Item, Native, Output, each, each_text};
use plan::Plan;
pub use value::{Value, code, col};

/// A view in the making.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
/// use shared_logic::builder::{ViewBuilder, avg, count, each};
/// use shared_logic::table::Table;
///
/// let time = DataType::Timestamp(TimeUnit::Microsecond, None);
/// let columns = Schema::new(vec![
///     Field::new("scheduled", time, false),
///     Field::new("delay", DataType::Int32, true),
///     Field::new("origin", DataType::Utf8, true),
/// ]);
/// let flights = Arc::new(Table::new("flights", columns, "scheduled")?);
/// let view = ViewBuilder::over(&flights)
///     .key("origin")
///     .tumble(Duration::from_secs(3600))
///     .filter(each("long_delays", "delay", |delay: i32| delay > 30))
///     .measure("flights", count())
///     .measure("mean_delay", avg("delay"))
///     .build()?;
/// let shown: Vec<&str> = view.schema.fields().iter().map(|field| field.name().as_str()).collect();
/// assert_eq!(shown, ["origin", "window_start", "window_end", "flights", "mean_delay"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Without a window the view has one group a key over all time. Rows come with the keys first, then
/// the window's bounds, then the measures as they were named.
#[derive(Clone, Debug)]
pub struct ViewBuilder {
    table: Arc<Table>,
    name: String,
    shape: Shape,
    offset: Duration,
    keys: Vec<Value>,
    filters: Vec<Value>,
    measures: Vec<(String, Call)>,
    lateness: Option<(Duration, Late)>,
    retain: Option<Duration>,
}

/// A window before its lengths were looked at.
#[derive(Clone, Copy, Debug)]
enum Shape {
    All,
    Tumble(Duration),
    Hop(Duration, Duration),
    Cumulate(Duration, Duration),
    Session(Duration),
}

/// What is wrong with a view; a mistake in the program that builds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The table lacks a column.
    #[error("table {table} has no column {column}, it has {known}")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The columns that there are.
        known: String,
    },
    /// A value has a type that its use does not allow.
    #[error("{what} does not apply to {found}: {help}")]
    Type {
        /// What it is used for.
        what: String,
        /// Its type.
        found: String,
        /// What would fit.
        help: String,
    },
    /// Lengths that make no window.
    #[error("no such window: {0}")]
    Window(String),
    /// Two columns of the answer have one name.
    #[error("two columns of the answer are called {0}: give one of them another name")]
    Name(String),
    /// An option speaks of a window's end, and there are no windows.
    #[error(
        "{0} says nothing about a view without windows: add tumble, hop, cumulate or session, or leave it out"
    )]
    Endless(&'static str),
    /// Ordered state has no windows, and nothing is aggregated in it.
    #[error("ordered state takes events one by one: leave {0} out")]
    Ordered(&'static str),
    /// Neither keys nor measures.
    #[error("a view shows something: give it a key or a measure")]
    Empty,
}

impl ViewBuilder {
    /// A view over this table, called like it.
    pub fn over(table: &Arc<Table>) -> Self {
        Self {
            table: Arc::clone(table),
            name: table.name.clone(),
            shape: Shape::All,
            offset: Duration::ZERO,
            keys: vec![],
            filters: vec![],
            measures: vec![],
            lateness: None,
            retain: None,
        }
    }

    /// Another name, for messages.
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// Groups by a column, or by code over columns.
    pub fn key(mut self, key: impl Into<Value>) -> Self {
        self.keys.push(key.into());
        self
    }

    /// Leaves out the events that a condition is not true for; of several, all must be. An event
    /// that one is not true for is not seen by those that come later.
    pub fn filter(mut self, condition: impl Into<Value>) -> Self {
        self.filters.push(condition.into());
        self
    }

    /// Shows a measure as a column of this name.
    pub fn measure(mut self, name: impl Into<String>, call: Call) -> Self {
        self.measures.push((name.into(), call));
        self
    }

    /// Windows side by side, each this long.
    pub fn tumble(self, size: Duration) -> Self {
        let shape = Shape::Tumble(size);
        Self { shape, ..self }
    }

    /// Windows of `size`, one of which starts every `slide`.
    pub fn hop(self, size: Duration, slide: Duration) -> Self {
        let shape = Shape::Hop(size, slide);
        Self { shape, ..self }
    }

    /// Windows that share a start and end one `step` apart, up to `size`.
    pub fn cumulate(self, size: Duration, step: Duration) -> Self {
        let shape = Shape::Cumulate(size, step);
        Self { shape, ..self }
    }

    /// Windows from the first to the last of a group's events that are at most `gap` apart.
    pub fn session(self, gap: Duration) -> Self {
        let shape = Shape::Session(gap);
        Self { shape, ..self }
    }

    /// How far window starts are moved from 1970; sessions have none.
    pub fn offset(self, offset: Duration) -> Self {
        Self { offset, ..self }
    }

    /// Leaves out events that come later than this after the end of their last window.
    pub fn allowed_lateness(self, allowed: Duration, late: Late) -> Self {
        let lateness = Some((allowed, late));
        Self { lateness, ..self }
    }

    /// Drops windows that ended longer ago than this, measured by the newest event.
    pub fn retain(self, retain: Duration) -> Self {
        let retain = Some(retain);
        Self { retain, ..self }
    }

    /// The view.
    ///
    /// # Errors
    /// The first part of it that does not fit the table or the other parts.
    pub fn build(self) -> Result<Arc<View>, BuildError> {
        let window = self.window()?;
        self.endless(window)?;
        let plan = self.plan()?;
        let projection = self.projection(&plan, window)?;
        let lateness = match self.lateness {
            Some((allowed, late)) => Some(Lateness {
                allowed: microseconds(allowed)?,
                late,
                delay: self.table.watermark_delay,
            }),
            None => None,
        };
        let retain = self.retain.map(microseconds).transpose()?;
        let sessions_by: Vec<usize> = match window {
            Window::Session { .. } => (0..plan.keys.len()).collect(),
            _ => vec![],
        };
        let keys: Vec<String> = plan.keys.iter().map(|key| key.canonical.clone()).collect();
        let measures: Vec<(&Function, &str)> = (plan.measures.iter())
            .map(|one| (&one.measure.function, one.canonical.as_str()))
            .collect();
        let time = self.table.schema.fields().get(self.table.event_time);
        let fingerprint = fingerprint(&Maintained {
            table: &self.table,
            time_column: time.map_or("", |field| field.name()),
            window,
            sessions_by: &sessions_by,
            lateness,
            retain,
            filter: plan.filter_text().as_deref(),
            keys: &keys,
            measures: &measures,
            ordered: None,
            statics: &[],
        });
        Ok(Arc::new(View {
            name: self.name,
            window,
            sessions_by,
            lateness,
            retain,
            prepare: plan.prepare(&self.table, window),
            keys: plan.keys.iter().map(|key| key.data_type.clone()).collect(),
            grouped: plan.keys.len(),
            rows: false,
            measures: plan.measures.into_iter().map(|one| one.measure).collect(),
            schema: Arc::clone(&projection.schema),
            projection,
            fingerprint,
            table: self.table,
        }))
    }

    /// Keys, window bounds and measures, as they are shown.
    fn projection(&self, plan: &Plan, window: Window) -> Result<Projection, BuildError> {
        let bound = || DataType::Timestamp(TimeUnit::Microsecond, None);
        let mut fields = vec![];
        // The finished columns are both bounds, the keys, and the measures.
        let mut places = vec![];
        for (n, key) in plan.keys.iter().enumerate() {
            fields.push(Field::new(&key.text, key.data_type.clone(), key.nullable));
            places.push((2 + n, format!("key_{n}")));
        }
        if window != Window::All {
            for (n, name) in [WINDOW_START, WINDOW_END].into_iter().enumerate() {
                fields.push(Field::new(name, bound(), false));
                places.push((n, name.to_owned()));
            }
        }
        let keys_shown = (0..fields.len()).collect();
        for (name, n) in &plan.shown {
            if let Some(one) = plan.measures.get(*n) {
                let counts = one.measure.function.counts();
                fields.push(Field::new(name, one.measure.output(), !counts));
                places.push((2 + plan.keys.len() + n, format!("measure_{n}")));
            }
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = fields.iter().find(|field| !names.insert(field.name())) {
            return Err(BuildError::Name(twice.name().clone()));
        }
        let columns = (fields.iter().zip(&places))
            .map(|(field, (at, name))| Expression {
                text: field.name().clone(),
                data_type: field.data_type().clone(),
                run: Arc::new(Column::new(*at, name)),
            })
            .collect();
        let bounds = [WINDOW_START, WINDOW_END].map(str::to_owned);
        Ok(Projection {
            schema: Arc::new(Schema::new(fields)),
            columns,
            keys_shown,
            group: (bounds.into_iter())
                .chain(plan.keys.iter().map(|key| key.text.clone()))
                .collect(),
        })
    }

    fn window(&self) -> Result<Window, BuildError> {
        let offset = microseconds(self.offset)?;
        let length = |length: Duration| match microseconds(length)? {
            0 => Err(BuildError::Window("a length of zero".into())),
            length => Ok(length),
        };
        let window = match self.shape {
            Shape::All => Window::All,
            Shape::Tumble(size) => Window::Tumble {
                size: length(size)?,
                offset: offset.rem_euclid(length(size)?),
            },
            Shape::Hop(size, slide) => Window::Hop {
                size: length(size)?,
                slide: length(slide)?,
                offset: offset.rem_euclid(length(slide)?),
            },
            Shape::Cumulate(size, step) => Window::Cumulate {
                size: length(size)?,
                step: length(step)?,
                offset: offset.rem_euclid(length(size)?),
            },
            Shape::Session(gap) => Window::Session { gap: length(gap)? },
        };
        let wrong = |text: String| Err(BuildError::Window(text));
        match window {
            Window::Hop { size, slide, .. } if slide > size => {
                wrong("a slide that is longer than the size loses the events in between".into())
            }
            Window::Cumulate { size, step, .. } if size % step != 0 => {
                wrong("the size is no multiple of the step".into())
            }
            window if window.overlap() > MOST_WINDOWS => wrong(format!(
                "every event would be in {} windows, {MOST_WINDOWS} at most",
                window.overlap()
            )),
            window => Ok(window),
        }
    }

    /// Refuses options that speak of a window's end where there are no windows.
    fn endless(&self, window: Window) -> Result<(), BuildError> {
        match window {
            Window::All if self.lateness.is_some() => Err(BuildError::Endless("allowed_lateness")),
            Window::All if self.retain.is_some() => Err(BuildError::Endless("retain")),
            _ => Ok(()),
        }
    }
}

fn microseconds(length: Duration) -> Result<i64, BuildError> {
    i64::try_from(length.as_micros())
        .map_err(|_| BuildError::Window(format!("{length:?} is longer than time")))
}

#[cfg(test)]
mod tests;
