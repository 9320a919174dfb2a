//! From the events of a file to the rows that a view folds: keys and arguments.

use polars::prelude::{
    BooleanChunked, Column, DataFrame, IdxCa, IntoColumn, IntoLazy, NewChunkedArray, col, lit, when,
};
use shared_logic::window::Window;

use super::TruthError;
use super::aggregate::Measure;
use super::input::Input;
use super::kind::Kind;
use super::lower::{lower, typed};
use super::node::Node;
use super::plan::{self, Plan, WINDOW};
use super::windows::windows;

/// The column that says whether an event is readable and has its windows.
const READABLE: &str = "readable";
/// The column that says whether WHERE can be told.
const TOLD: &str = "told";
/// The column that says whether WHERE wants an event.
const WANTED: &str = "wanted";
/// The column that says whether keys and arguments can be computed.
const COMPUTED: &str = "computed";

/// What is known of an event before it is asked whether it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not readable, without a window, or failing in WHERE.
    Rejected,
    /// Not wanted by WHERE.
    Filtered,
    /// Wanted, and its keys and arguments can be computed.
    Wanted,
    /// Wanted, but a key or an argument fails.
    Failing,
}

/// The rows that a view folds, whether or not they come too late.
#[derive(Debug)]
pub(super) struct Rows {
    /// The types of the keys.
    pub(super) keys: Vec<Kind>,
    pub(super) measures: Vec<Measure>,
    /// Keys, those of sessions, and arguments.
    pub(super) frame: DataFrame,
    /// The number of the event behind each row, ascending.
    pub(super) numbers: Vec<u32>,
    /// The time of every event, whether it is folded or not.
    pub(super) times: Vec<Option<i64>>,
    /// What is known of every event.
    pub(super) states: Vec<State>,
}

impl Rows {
    /// The rows of `plan` over all events, in the order of `places`, their rows in the file.
    ///
    /// # Errors
    /// An expression that is not lowered.
    pub(super) fn new(
        plan: &Plan,
        input: Input,
        places: Option<&IdxCa>,
    ) -> Result<Self, TruthError> {
        let mut readable: Vec<bool> = input.broken.iter().map(|broken| !broken).collect();
        for (field, read) in plan.fields.iter().zip(&input.columns) {
            let nulls = read.column.is_null();
            let nulls = nulls.iter().map(|null| null.unwrap_or_default());
            for ((readable, bad), null) in readable.iter_mut().zip(&read.bad).zip(nulls) {
                *readable &= !(*bad || field.required && null);
            }
        }
        let mut columns: Vec<Column> = input.columns.into_iter().map(|read| read.column).collect();
        columns.push(BooleanChunked::from_slice(READABLE.into(), &readable).into_column());
        let mut events = DataFrame::new(readable.len(), columns)?;
        if let Some(places) = places {
            events = events.take(places)?;
        }
        let times = times(plan, &events)?;
        let found: Vec<_> = times
            .iter()
            .map(|time| windows(plan.window, (*time)?))
            .collect();
        let inside: Vec<bool> = (events.column(READABLE)?.bool()?.iter().zip(&found))
            .map(|(readable, windows)| readable == Some(true) && windows.is_some())
            .collect();
        events.with_column(BooleanChunked::from_slice(READABLE.into(), &inside).into_column())?;
        if matches!(plan.window, Window::Tumble { .. }) {
            for column in bounds(&found)? {
                events.with_column(column)?;
            }
        }
        Self::folded(plan, events, times)
    }

    /// Evaluates WHERE, keys and arguments, and keeps what passes.
    fn folded(plan: &Plan, events: DataFrame, times: Vec<Option<i64>>) -> Result<Self, TruthError> {
        let kinds = |name: &str| plan.kind(name);
        let mut computed = lit(true);
        let mut exprs = vec![col(READABLE)];
        let mut expression = |node: &Node, name: String| -> Result<Kind, TruthError> {
            let lowered = lower(node, &kinds)?;
            if let Some(fails) = &lowered.fails {
                computed = computed.clone().and(fails.clone().not());
            }
            let kind = lowered.kind;
            exprs.push(lowered.value.alias(name));
            Ok(kind)
        };
        let mut keys = vec![];
        for (number, node) in plan.keys.iter().enumerate() {
            keys.push(expression(node, plan::key(number))?);
        }
        for (number, node) in plan.sessions.iter().enumerate() {
            expression(node, plan::session(number))?;
        }
        let mut measures = vec![];
        for (number, (function, arguments)) in plan.aggregates.iter().enumerate() {
            let inputs = (arguments.iter().enumerate())
                .map(|(at, node)| expression(node, plan::argument(number, at)))
                .collect::<Result<_, _>>()?;
            measures.push(Measure::new(number, function.clone(), inputs)?);
        }
        // What is not wanted by one part of WHERE is out: the parts behind it never see it.
        let (mut wanted, mut told) = (lit(true), lit(true));
        for part in plan.filter.iter().flat_map(Node::conjuncts) {
            let part = lower(part, &kinds)?;
            if let Some(fails) = part.fails {
                told = told.and(wanted.clone().and(fails).not());
            }
            wanted = wanted.and(part.value.eq_missing(lit(true)));
        }
        exprs.push(told.alias(TOLD));
        exprs.push(wanted.alias(WANTED));
        exprs.push(computed.alias(COMPUTED));
        // Constants take the length of the events beside them.
        let mut frame = events.lazy().select(exprs).collect()?;
        let mut take = |name: &str| -> Result<Vec<bool>, TruthError> {
            let column = frame.drop_in_place(name)?;
            Ok(column.bool()?.iter().map(|is| is == Some(true)).collect())
        };
        let [readable, told, wanted, computed] =
            [take(READABLE)?, take(TOLD)?, take(WANTED)?, take(COMPUTED)?];
        let states: Vec<State> = (readable.into_iter().zip(told))
            .zip(wanted.into_iter().zip(computed))
            .map(|facts| match facts {
                ((true, true), (true, true)) => State::Wanted,
                ((true, true), (true, false)) => State::Failing,
                ((true, true), (false, _)) => State::Filtered,
                _ => State::Rejected,
            })
            .collect();
        let passes: Vec<bool> = states.iter().map(|state| *state == State::Wanted).collect();
        let numbers = (0_u32..)
            .zip(&passes)
            .filter_map(|(number, passes)| passes.then_some(number))
            .collect();
        let height = passes.iter().filter(|passes| **passes).count();
        let frame = match frame.width() {
            0 => DataFrame::empty_with_height(height),
            _ => frame.filter(&BooleanChunked::from_slice(WANTED.into(), &passes))?,
        };
        Ok(Self {
            frame: canonical(frame, &keys)?,
            keys,
            measures,
            numbers,
            times,
            states,
        })
    }
}

/// The frame with one spelling of each key: −0.0 and 0.0 are one key, and so are all NaNs.
fn canonical(frame: DataFrame, keys: &[Kind]) -> Result<DataFrame, TruthError> {
    let mut frame = frame.lazy();
    for (number, kind) in keys.iter().enumerate() {
        if kind.is_float() {
            let key = || col(plan::key(number));
            let zero = || typed(0.0_f64).cast(kind.polars());
            let nan = typed(f64::NAN).cast(kind.polars());
            // Polars takes an addition of zero away, so zero itself is put in its place.
            let one = when(key().is_nan())
                .then(nan)
                .when(key().eq(zero()))
                .then(zero())
                .otherwise(key());
            frame = frame.with_column(one.alias(plan::key(number)));
        }
    }
    Ok(frame.collect()?)
}

/// The event times, in microseconds.
fn times(plan: &Plan, events: &DataFrame) -> Result<Vec<Option<i64>>, TruthError> {
    match plan.fields.first() {
        Some(field) if field.kind == Kind::Timestamp => {
            let column = events.column(&field.name)?.as_materialized_series();
            Ok(column.to_physical_repr().i64()?.iter().collect())
        }
        field => {
            let kind = field.map_or(Kind::Null, |field| field.kind);
            Err(TruthError::unsupported(format!(
                "{kind:?} as the event time"
            )))
        }
    }
}

/// The start and the end of each event's only window; NULL where it has none.
fn bounds(found: &[Option<Vec<(i64, i64)>>]) -> Result<[Column; 2], TruthError> {
    let only = |windows: &Option<Vec<(i64, i64)>>| windows.as_ref()?.first().copied();
    let (starts, ends): (Vec<_>, Vec<_>) = found
        .iter()
        .map(|windows| {
            (
                only(windows).map(|(start, _)| start),
                only(windows).map(|(_, end)| end),
            )
        })
        .unzip();
    let [start, end] = WINDOW;
    let column = |name: &str, bounds: Vec<Option<i64>>| {
        Column::new(name.into(), bounds).cast(&Kind::Timestamp.polars())
    };
    Ok([column(start, starts)?, column(end, ends)?])
}
