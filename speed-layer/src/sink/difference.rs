//! The difference of the rows of a view at two moments.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema};
use event_log::changelog::{Change, json};
use hashbrown::HashMap;
use shared_logic::answer::{Named, named_answer};
use shared_logic::coverage::Coverage;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::snapshot::Snapshot;

use super::emit::Emit;
use super::error::SinkError;
use super::parts::{Part, parts};
use super::shelf::Shelf;
use super::touched::Touched;

/// A view at one moment.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// The view whose logic made the snapshot.
    pub(super) view: Arc<View>,
    /// All that it is made of.
    pub(super) snapshot: Arc<Snapshot>,
}

/// What has to change in the table of `before` so that it is that of `after`: first what is gone,
/// then what is new or other, both in the order of the table. Where the later moment is the earlier
/// one and the events of `fresh`, only their groups are looked at.
///
/// # Errors
/// A segment cannot be read, or rows not be shown.
pub(super) fn difference(
    job: &JobStore,
    shelf: &mut Shelf,
    before: Option<&Moment>,
    after: &Moment,
    fresh: &[Partial],
    emit: Emit,
) -> Result<Vec<Change>, SinkError> {
    let until = |moment: &Moment| emit.until(&moment.view, &moment.snapshot.coverage);
    let Some(before) = before.filter(|before| is_one_history(before, after)) else {
        // Nothing in common: another generation, or the first one.
        let then = match before {
            Some(before) => table(&before.view, &all(job, shelf, before)?, until(before))?,
            None => vec![],
        };
        let now = table(&after.view, &all(job, shelf, after)?, until(after))?;
        return Ok(changes(then, now));
    };
    let view = &after.view;
    let parts = parts(&before.snapshot, &after.snapshot);
    for (entry, runs) in &parts.sealed {
        shelf.seal(view, entry, runs)?;
    }
    let take = |shelf: &mut Shelf, parts: &[Part], times| {
        let taken = parts.iter().map(|part| shelf.take(job, view, *part, times));
        taken.collect::<Result<Vec<_>, _>>()
    };
    let (gone, come) = (
        take(shelf, &parts.gone, None)?,
        take(shelf, &parts.come, None)?,
    );
    let (from, to) = (until(before), until(after));
    let touched = match parts.are_runs() && is_all(before, fresh, after) {
        true => Touched::by(view, fresh)?,
        false => Touched::between(view, &gone, &come)?,
    };
    let touched = touched.and_ending(view, from, to).and_expired(
        view,
        &before.snapshot.coverage,
        &after.snapshot.coverage,
    );
    let Some(times) = touched.times() else {
        return Ok(vec![]);
    };
    let of = |partials: &[Arc<Partial>]| {
        let touched = partials.iter().map(|partial| touched.of(partial));
        touched.collect::<Result<Vec<_>, _>>()
    };
    let kept = of(&take(shelf, &parts.kept, Some(&times))?)?;
    let side = |others: &[Arc<Partial>], until| {
        let mut partials = of(others)?;
        partials.extend(kept.iter().cloned());
        table(view, &partials, until)
    };
    Ok(changes(side(&gone, from)?, side(&come, to)?))
}

/// Whether both are of one generation, so that what they have in common need not be looked at.
fn is_one_history(before: &Moment, after: &Moment) -> bool {
    (before.snapshot.generation, &before.view.fingerprint)
        == (after.snapshot.generation, &after.view.fingerprint)
}

/// Whether `after` is `before` and the events of `fresh`, each once.
fn is_all(before: &Moment, fresh: &[Partial], after: &Moment) -> bool {
    let fresh = fresh.iter().map(|partial| &partial.coverage);
    let all = Coverage::union([&before.snapshot.coverage].into_iter().chain(fresh));
    all.as_ref() == Ok(&after.snapshot.coverage)
}

fn all(job: &JobStore, shelf: &mut Shelf, moment: &Moment) -> Result<Vec<Partial>, SinkError> {
    let segments = moment.snapshot.segments.iter().map(Part::Segment);
    let parts = segments.chain(moment.snapshot.runs.iter().map(Part::Run));
    let taken = parts.map(|part| {
        let partial = shelf.take(job, &moment.view, part, None)?;
        Ok(partial.as_ref().clone())
    });
    taken.collect()
}

/// A row by its name, both as they are in the changelog.
type Row = (Vec<u8>, Vec<u8>);

/// The rows of windows that end at `until` or before.
fn table(view: &Arc<View>, partials: &[Partial], until: EventTime) -> Result<Vec<Row>, SinkError> {
    if partials.is_empty() {
        return Ok(vec![]);
    }
    let Named { names, rows, ends } = named_answer(view, &merge(view, partials)?)?;
    let closed = ends.values().iter().map(|end| *end <= until.0);
    let closed = BooleanArray::from(closed.collect::<Vec<_>>());
    let values = values(&names, &rows)?;
    let keys = json(&filter_record_batch(&names, &closed)?)?;
    let values = json(&filter_record_batch(&values, &closed)?)?;
    let row = |row| (keys.value(row).to_vec(), values.value(row).to_vec());
    Ok((0..keys.len()).map(row).collect())
}

/// The rows shown, behind what names them and is not shown.
fn values(names: &RecordBatch, rows: &RecordBatch) -> Result<RecordBatch, SinkError> {
    let shown = rows.schema();
    let hidden = (names.schema_ref().fields().iter().zip(names.columns()))
        .filter(|(field, _)| shown.field_with_name(field.name()).is_err());
    let all = hidden.chain(shown.fields().iter().zip(rows.columns()));
    let (fields, columns): (Vec<Arc<Field>>, Vec<_>) = all
        .map(|(field, column)| (Arc::clone(field), Arc::clone(column)))
        .unzip();
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

fn changes(before: Vec<Row>, after: Vec<Row>) -> Vec<Change> {
    let mut old: HashMap<&[u8], &[u8]> = (before
        .iter()
        .map(|(key, value)| (key.as_slice(), value.as_slice())))
    .collect();
    let mut new = vec![];
    for (key, value) in after {
        if old.remove(key.as_slice()) != Some(value.as_slice()) {
            new.push(Change {
                key,
                value: Some(value),
            });
        }
    }
    let is_gone = |(key, _): &&Row| old.contains_key(key.as_slice());
    let gone = before.iter().filter(is_gone).map(|(key, _)| Change {
        key: key.clone(),
        value: None,
    });
    gone.chain(new).collect()
}
