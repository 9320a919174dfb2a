//! From the rows that a view folds to its groups and what they show.

use polars::prelude::{
    Column, DataFrame, DataType, Expr, IdxCa, IdxSize, IntoLazy, SortMultipleOptions, col, len,
    lit, when,
};

use super::TruthError;
use super::aggregate::{EVENTS, Measure};
use super::answer::{Answer, array, columns};
use super::kind::Kind;
use super::lower::{lower, typed};
use super::node::{Aggregate, Node};
use super::plan::{self, Plan, WINDOW};
use super::rows::Rows;
use super::windows;

/// The view over the given events, each as often as its place among the rows comes; windows that end
/// at `horizon` or before are not shown.
///
/// # Errors
/// A sum that does not fit its type, or an expression over aggregates that fails in a group.
pub(super) fn answer(
    plan: &Plan,
    rows: &Rows,
    places: &[IdxSize],
    horizon: Option<i128>,
) -> Result<Answer, TruthError> {
    let frame = placed(plan, rows, places, horizon)?;
    let keys: Vec<String> = (0..rows.keys.len()).map(plan::key).collect();
    let by = || WINDOW.into_iter().chain(keys.iter().map(String::as_str));
    let mut measured: Vec<Expr> = rows.measures.iter().flat_map(Measure::lower).collect();
    let options = SortMultipleOptions::default().with_nulls_last(false);
    let frame = frame.lazy();
    let frame = if plan.rows {
        frame.with_column(typed(1_u64).alias(EVENTS))
    } else {
        measured.push(len().cast(DataType::UInt64).alias(EVENTS));
        let groups: Vec<Expr> = by().map(col).collect();
        frame.group_by(groups).agg(measured)
    };
    let mut frame = frame.sort(by().collect::<Vec<_>>(), options).collect()?;
    for measure in &rows.measures {
        finish(measure, &mut frame, &keys)?;
    }
    shown(plan, rows, &frame, &keys)
}

/// The events in their windows: one row for each event and window that is shown.
fn placed(
    plan: &Plan,
    rows: &Rows,
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
) -> Result<Answer, TruthError> {
    let kinds = |name: &str| {
        let window = WINDOW.contains(&name).then_some(Kind::Timestamp);
        let key = || keys.iter().position(|key| key == name);
        let measure = || rows.measures.iter().find(|measure| measure.name() == name);
        window
            .or_else(|| rows.keys.get(key()?).copied())
            .or_else(|| Some(measure()?.output))
    };
    let height = frame.height();
    let mut shown = vec![];
    let mut scales = vec![];
    for (name, node) in &plan.outputs {
        let output = lower(node, &kinds)?;
        if let Some(fails) = output.fails {
            let fails = evaluate(frame, fails)?;
            if let Some(row) = fails.bool()?.iter().position(|fails| fails == Some(true)) {
                return Err(out_of_range(name.clone(), frame, keys, row));
            }
        }
        if output.kind.is_float() {
            let scale = evaluate(frame, scale(node, &rows.measures, output.value.clone()))?;
            let scale = scale.f64()?.iter().map(|scale| scale.unwrap_or_default());
            scales.push(Some(scale.collect()));
        } else {
            scales.push(None);
        }
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
        scales,
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

/// What a tolerance is relative to: the value's own size, or that of the sums it is made of.
fn scale(node: &Node, measures: &[Measure], value: Expr) -> Expr {
    let zero = || typed(0.0_f64);
    let value = value.cast(DataType::Float64);
    let size = when(value.clone().lt(zero()))
        .then(-value.clone())
        .otherwise(value);
    let mut names = vec![];
    node.columns(&mut names);
    let sums = (measures.iter())
        .filter(|measure| names.contains(&measure.name().as_str()))
        .filter_map(|measure| Some(col(measure.scale()?)))
        .fold(zero(), |sum, scale| sum + scale.fill_null(zero()));
    when(size.clone().gt(sums.clone()).eq_missing(lit(true)))
        .then(size)
        .otherwise(sums)
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
