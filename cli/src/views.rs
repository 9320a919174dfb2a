//! `seam views`: what the store holds.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use view_store::manifest::{Generation, GenerationId, Manifest};

use crate::args::Views;
use crate::failure::Outcome;
use crate::store;

/// One row a generation: what state it is in, what it takes, and up to where it is exact.
pub fn run(args: &Views) -> Outcome {
    args.output.format()?;
    let store = store::open(&args.store)?;
    let manifests = (store.jobs()?.iter())
        .map(|name| Ok(store.job(name)?.manifest()?))
        .collect::<Outcome<Vec<_>>>()?;
    let generations: Vec<_> = (manifests.iter())
        .flat_map(|manifest| {
            let each = move |(id, generation)| (&**manifest, id, generation);
            manifest.generations.iter().map(each)
        })
        .collect();
    args.output.write(&rows(&generations)?)
}

fn rows(generations: &[(&Manifest, &GenerationId, &Generation)]) -> Outcome<RecordBatch> {
    let text = |of: fn(&Manifest, GenerationId, &Generation) -> String| -> ArrayRef {
        let texts = generations
            .iter()
            .map(|(job, id, it)| Some(of(job, **id, it)));
        Arc::new(texts.collect::<StringArray>())
    };
    let number = |of: fn(&Manifest, GenerationId, &Generation) -> u64| -> ArrayRef {
        let numbers = generations
            .iter()
            .map(|(job, id, it)| Some(of(job, **id, it).cast_signed()));
        Arc::new(numbers.collect::<Int64Array>())
    };
    Ok(RecordBatch::try_from_iter([
        ("view", text(|job, _, _| job.job.clone())),
        ("generation", number(|_, id, _| id.0)),
        ("state", text(|job, id, _| state(job, id).to_owned())),
        ("manifest", number(|job, _, _| job.number.0)),
        ("segments", number(|_, _, it| it.segments.len() as u64)),
        (
            "rows",
            number(|_, _, it| it.segments.iter().map(|one| one.rows).sum()),
        ),
        (
            "bytes",
            number(|_, _, it| it.segments.iter().map(|one| one.bytes).sum()),
        ),
        (
            "rejected",
            number(|_, _, it| it.segments.iter().map(|one| one.counters.rejected).sum()),
        ),
        (
            "late",
            number(|_, _, it| it.segments.iter().map(|one| one.counters.late).sum()),
        ),
        ("offsets", text(|_, _, it| it.next.to_string())),
    ])?)
}

/// What a generation is to its job.
fn state(job: &Manifest, id: GenerationId) -> &'static str {
    if job.live == id {
        "live"
    } else if job.previous == Some(id) {
        "previous"
    } else {
        "built beside"
    }
}
