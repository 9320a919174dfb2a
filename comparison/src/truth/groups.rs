//! From the rows that a view folds to its groups and what they show.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use polars::prelude::{
    Column, DataFrame, DataType, Expr, IdxCa, IdxSize, IntoLazy, SortMultipleOptions, col, len,
    lit, when,
};

use super::TruthError;
use super::aggregate::{EVENTS, Measure, TOLERANCE};
use super::answer::{Answer, array, columns};
use super::datum::{data, lists, series};
use super::kind::Kind;
use super::lower::{Lowered, lower, typed};
use super::node::{Aggregate, Node};
use super::plain;
use super::plan::{self, Plan, WINDOW};
use super::rows::Rows;
use super::windows;

/// The rows of each group, among the groups; a row's number, among the rows.
const MEMBERS: &str = "members";

/// The view over the given events, each as often as its place among the rows comes; windows that end
/// at `horizon` or before are not shown.
///
/// # Errors
/// A sum that does not fit its type, or an expression over aggregates that fails in a group.
pub(super) fn answer(
    plan: &Plan,
    rows: &Rows,
    partitions: &[u32],
    places: &[IdxSize],
    horizon: Option<i128>,
) -> Result<Answer, TruthError> {
    let frame = placed(plan, rows, partitions, places, horizon)?;
    let keys: Vec<String> = (0..rows.keys.len()).map(plan::key).collect();
    let by = || WINDOW.into_iter().chain(keys.iter().map(String::as_str));
    let lowered = rows.measures.iter().filter(|measure| measure.lowered());
    let mut measured: Vec<Expr> = lowered.flat_map(Measure::lower).collect();
    let options = SortMultipleOptions::default().with_nulls_last(false);
    let all = frame;
    let lazy = all.clone().lazy();
    let lazy = if plan.rows {
        lazy.with_column(typed(1_u64).alias(EVENTS))
    } else {
        measured.push(len().cast(DataType::UInt64).alias(EVENTS));
        if rows.measures.iter().any(|measure| !measure.lowered()) {
            measured.push(col(MEMBERS));
        }
        let groups: Vec<Expr> = by().map(col).collect();
        lazy.group_by(groups).agg(measured)
    };
    let mut frame = lazy.sort(by().collect::<Vec<_>>(), options).collect()?;
    let mut lists = HashMap::new();
    let plain = rows.measures.iter().filter(|measure| !measure.lowered());
    for measure in plain {
        if let Some(list) = computed(measure, &all, &mut frame)? {
            lists.insert(measure.name(), list);
        }
    }
    for measure in &rows.measures {
        finish(measure, &mut frame, &keys)?;
    }
    shown(plan, rows, &frame, &keys, &lists)
}

/// Adds what a plain loop computes over the members of each group to `frame`, or gives the lists.
fn computed(
    measure: &Measure,
    all: &DataFrame,
    frame: &mut DataFrame,
) -> Result<Option<ArrayRef>, TruthError> {
    let mut columns = vec![];
    for (at, kind) in measure.inputs.iter().enumerate() {
        let column = all.column(&plan::argument(measure.number, at))?;
        columns.push(data(column.as_materialized_series(), *kind)?);
    }
    let mut values = vec![];
    let groups = frame.column(MEMBERS)?.list()?;
    for group in 0..groups.len() {
        let members = groups.get_as_series(group).unwrap_or_default();
        let members = members.cast(&DataType::UInt64)?;
        let members = members.u64()?.iter().flatten();
        let members: Vec<usize> = members.map(|member| member as usize).collect();
        values.push(plain::value(measure, &columns, &members));
    }
    if let Some(bound) = measure.bound() {
        let bounds: Vec<f64> = values.iter().map(|value| value.bound).collect();
        frame.with_column(Column::new(bound.into(), bounds))?;
    }
    if measure.is_list() {
        let values: Vec<_> = values.into_iter().map(|value| value.list).collect();
        return Ok(Some(lists(&values, measure.output)?));
    }
    let values: Vec<_> = values.into_iter().map(|value| value.one).collect();
    frame.with_column(series(&measure.name(), &values, measure.output)?.into())?;
    Ok(None)
}

/// The events in their windows: one row for each event and window that is shown.
fn placed(
    plan: &Plan,
    rows: &Rows,
    partitions: &[u32],
    places: &[IdxSize],
    horizon: Option<i128>,
) -> Result<DataFrame, TruthError> {
    let frame = taken(&rows.frame, places)?;
    let time = |place: &IdxSize| {
        let number = rows.numbers.get(*place as usize)?;
        *rows.times.get(*number as usize)?
    };
    let times: Vec<i64> = places
        .iter()
        .map(|place| time(place).unwrap_or_default())
        .collect();
    let mut placed = windows::spread(plan, &frame, &times)?;
    placed.retain(|placed| horizon.is_none_or(|horizon| i128::from(placed.end) > horizon));
    // Into the order of the events: by time, then by partition, then by offset.
    placed.sort_by_key(|placed| {
        let number = (places.get(placed.row)).and_then(|place| rows.numbers.get(*place as usize));
        let number = number.copied().unwrap_or_default();
        let partition = partitions.get(number as usize).copied();
        (times.get(placed.row), partition, number)
    });
    let in_windows: Vec<IdxSize> = placed.iter().map(|placed| placed.row as IdxSize).collect();
    let mut frame = taken(&frame, &in_windows)?;
    let bounds = [
        placed.iter().map(|placed| placed.start).collect::<Vec<_>>(),
        placed.iter().map(|placed| placed.end).collect(),
    ];
    for (name, bounds) in WINDOW.into_iter().zip(bounds) {
        let bounds = Column::new(name.into(), bounds).cast(&Kind::Timestamp.polars())?;
        frame.with_column(bounds)?;
    }
    let members: Vec<u32> = (0..placed.len() as u32).collect();
    frame.with_column(Column::new(MEMBERS.into(), members))?;
    Ok(frame)
}

/// Some rows of a frame, which need not have columns.
fn taken(frame: &DataFrame, rows: &[IdxSize]) -> Result<DataFrame, TruthError> {
    if frame.width() == 0 {
        return Ok(DataFrame::empty_with_height(rows.len()));
    }
    let rows = IdxCa::from_vec("rows".into(), rows.to_vec());
    Ok(frame.take(&rows)?)
}

/// Puts a sum of 128 bits into its type.
fn finish(measure: &Measure, frame: &mut DataFrame, keys: &[String]) -> Result<(), TruthError> {
    if measure.function != Aggregate::Sum {
        return Ok(());
    }
    let name = measure.name();
    let sums = frame.column(&name)?.as_materialized_series().clone();
    let finished = match measure.output {
        Kind::Decimal(precision, scale) => sums
            .into_decimal(precision.into(), scale.into())?
            .with_name(name.as_str().into()),
        Kind::Int64 => {
            let narrow = sums.cast(&DataType::Int64)?;
            let (now, before) = (narrow.is_null(), sums.is_null());
            let lost = now
                .iter()
                .zip(before.iter())
                .position(|(now, before)| now != before);
            if let Some(row) = lost {
                return Err(out_of_range("SUM".to_owned(), frame, keys, row));
            }
            narrow
        }
        _ => return Ok(()),
    };
    frame.with_column(finished.into())?;
    Ok(())
}

/// Evaluates the SELECT list.
fn shown(
    plan: &Plan,
    rows: &Rows,
    frame: &DataFrame,
    keys: &[String],
    lists: &HashMap<String, ArrayRef>,
) -> Result<Answer, TruthError> {
    let kinds = |name: &str| {
        let window = WINDOW.contains(&name).then_some(Kind::Timestamp);
        let key = || keys.iter().position(|key| key == name);
        let measure = || rows.measures.iter().find(|measure| measure.name() == name);
        window
            .or_else(|| rows.keys.get(key()?).copied())
            .or_else(|| Some(measure().filter(|measure| !measure.is_list())?.output))
    };
    let height = frame.height();
    let mut shown = vec![];
    let mut bounds = vec![];
    for (name, node) in &plan.outputs {
        if let Node::Column(column) = node
            && let Some(list) = lists.get(column)
        {
            shown.push((name.clone(), Arc::clone(list)));
            bounds.push(None);
            continue;
        }
        let output = lower(node, &kinds)?;
        if let Some(fails) = &output.fails {
            let fails = evaluate(frame, fails.clone())?;
            if let Some(row) = fails.bool()?.iter().position(|fails| fails == Some(true)) {
                return Err(out_of_range(name.clone(), frame, keys, row));
            }
        }
        bounds.push(match bound(node, &rows.measures, &output) {
            Some(bound) => {
                let bound = evaluate(frame, bound)?;
                let bound = bound.f64()?.iter().map(|bound| bound.unwrap_or_default());
                Some(bound.collect())
            }
            None => None,
        });
        let column = evaluate(frame, output.value)?;
        shown.push((
            name.clone(),
            array(column.as_materialized_series(), output.kind)?,
        ));
    }
    let [start, _] = WINDOW;
    let mut groups = vec![];
    for (name, kind) in std::iter::once((start, Kind::Timestamp)).chain(
        keys.iter()
            .map(String::as_str)
            .zip(rows.keys.iter().copied()),
    ) {
        let column = frame.column(name)?.as_materialized_series();
        groups.push((name.to_owned(), array(column, kind)?));
    }
    let events = frame
        .column(EVENTS)?
        .u64()?
        .iter()
        .map(Option::unwrap_or_default)
        .collect();
    Ok(Answer {
        rows: columns(height, shown)?,
        groups: columns(height, groups)?,
        events,
        bounds,
    })
}

/// One expression over the groups, a value in each also where it is a constant.
fn evaluate(frame: &DataFrame, value: Expr) -> Result<Column, TruthError> {
    let name = "value";
    let with = frame
        .clone()
        .lazy()
        .with_column(value.alias(name))
        .collect()?;
    Ok(with.column(name)?.clone())
}

/// How far a value may be off: what the measures say that it is made of, and for a float a share of
/// its own size.
fn bound(node: &Node, measures: &[Measure], output: &Lowered) -> Option<Expr> {
    let zero = || typed(0.0_f64);
    let mut names = vec![];
    node.columns(&mut names);
    let bounds: Vec<String> = (measures.iter())
        .filter(|measure| names.contains(&measure.name().as_str()))
        .filter_map(Measure::bound)
        .collect();
    if bounds.is_empty() && !output.kind.is_float() {
        return None;
    }
    let sum = (bounds.into_iter()).fold(zero(), |sum, name| sum + col(name).fill_null(zero()));
    if !output.kind.is_float() {
        return Some(sum);
    }
    let value = output.value.clone().cast(DataType::Float64);
    let size = when(value.clone().lt(zero()))
        .then(-value.clone())
        .otherwise(value)
        * typed(TOLERANCE);
    Some(
        when(size.clone().gt(sum.clone()).eq_missing(lit(true)))
            .then(size)
            .otherwise(sum),
    )
}

fn out_of_range(what: String, frame: &DataFrame, keys: &[String], row: usize) -> TruthError {
    let [start, _] = WINDOW;
    let value = |name: &str| {
        frame
            .column(name)
            .and_then(|column| Ok(column.get(row)?.to_string()))
    };
    let values = std::iter::once(start)
        .chain(keys.iter().map(String::as_str))
        .map(value);
    let group = values
        .map(Result::unwrap_or_default)
        .collect::<Vec<_>>()
        .join(", ");
    TruthError::Group { what, group }
}
