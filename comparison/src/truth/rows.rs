//! From the events of a file to the rows that a view folds: window, keys and arguments.

use polars::prelude::{
    BooleanChunked, Column, DataFrame, IdxCa, IntoColumn, IntoLazy, NewChunkedArray, col, lit,
};
use shared_logic::time::Tumble;

use super::TruthError;
use super::aggregate::Measure;
use super::input::Input;
use super::kind::Kind;
use super::lower::{Lowered, lower};
use super::plan::{self, Plan, WINDOW};

/// The column that says whether an event is readable and has a window.
const READABLE: &str = "readable";

/// The rows that a view folds.
#[derive(Debug)]
pub(super) struct Rows {
    /// The types of the keys.
    pub(super) keys: Vec<Kind>,
    pub(super) measures: Vec<Measure>,
    /// Window, keys and arguments.
    pub(super) frame: DataFrame,
    /// The number of the event behind each row, ascending.
    pub(super) numbers: Vec<u32>,
    /// The time of every event, whether it is folded or not.
    pub(super) times: Vec<Option<i64>>,
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
        for column in windows(plan.window, &times)? {
            events.with_column(column)?;
        }
        Self::folded(plan, events, times)
    }

    /// Evaluates WHERE, keys and arguments, and keeps what passes.
    fn folded(plan: &Plan, events: DataFrame, times: Vec<Option<i64>>) -> Result<Self, TruthError> {
        let kinds = |name: &str| plan.kind(name);
        let [start, end] = WINDOW.map(col);
        let mut passes = col(READABLE).and(start.clone().is_not_null());
        let mut refuse = |lowered: &Lowered| {
            if let Some(fails) = &lowered.fails {
                passes = passes.clone().and(fails.clone().not());
            }
        };
        let mut exprs = vec![start, end];
        let mut keys = vec![];
        for (number, node) in plan.keys.iter().enumerate() {
            let key = lower(node, &kinds)?;
            refuse(&key);
            keys.push(key.kind);
            exprs.push(key.value.alias(plan::key(number)));
        }
        let mut measures = vec![];
        for (number, (function, argument)) in plan.aggregates.iter().enumerate() {
            let argument = argument
                .as_ref()
                .map(|node| lower(node, &kinds))
                .transpose()?;
            let kind = argument.as_ref().map(|argument| argument.kind);
            measures.push(Measure::new(number, *function, kind)?);
            if let Some(argument) = argument {
                refuse(&argument);
                exprs.push(argument.value.alias(plan::aggregate(number)));
            }
        }
        if let Some(filter) = &plan.filter {
            let filter = lower(filter, &kinds)?;
            refuse(&filter);
            passes = passes.and(filter.value.eq_missing(lit(true)));
        }
        exprs.push(passes.alias(READABLE));
        let mut frame = events.lazy().select(exprs).collect()?;
        let passes = frame.drop_in_place(READABLE)?;
        let passes = passes.bool()?.clone();
        let numbers = (0_u32..)
            .zip(passes.iter())
            .filter_map(|(number, passes)| (passes == Some(true)).then_some(number))
            .collect();
        let frame = frame.filter(&passes)?;
        Ok(Self {
            keys,
            measures,
            frame,
            numbers,
            times,
        })
    }
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

/// The start and the end of each event's window; NULL where it has no time, or where its window
/// reaches beyond the instants of 64 bits.
fn windows(window: Tumble, times: &[Option<i64>]) -> Result<[Column; 2], TruthError> {
    let (size, offset) = (i128::from(window.size), i128::from(window.offset));
    let bounds = times.iter().map(|time| {
        let time = i128::from((*time)?);
        let start = (time - offset).div_euclid(size) * size + offset;
        Some((
            i64::try_from(start).ok()?,
            i64::try_from(start + size).ok()?,
        ))
    });
    let (starts, ends): (Vec<_>, Vec<_>) = bounds
        .map(|bounds| (bounds.map(|(start, _)| start), bounds.map(|(_, end)| end)))
        .unzip();
    let [start, end] = WINDOW;
    let column = |name: &str, bounds: Vec<Option<i64>>| {
        Column::new(name.into(), bounds).cast(&Kind::Timestamp.polars())
    };
    Ok([column(start, starts)?, column(end, ends)?])
}
