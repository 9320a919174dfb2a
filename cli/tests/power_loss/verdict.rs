//! Whether a store is right: it opens, all that it names is there and whole, its rows are the
//! truth at its offsets, and nothing is missing that was reported as done.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use comparison::kappa::kappa;
use event_log::EventLog;
use event_log::archive::Archive;
use event_log::input::Input;
use event_log::memory::MemoryLog;
use serving_layer::reading::Reading;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::Offset;
use shared_logic::job::Job;
use shared_logic::view::View;
use view_store::error::Refusal;
use view_store::job::JobStore;
use view_store::manifest::{GenerationId, Manifest, ManifestNumber};
use view_store::snapshot::Snapshot;
use view_store::store::Store;

/// The name of the view, and so of the job.
const VIEW: &str = "totals";

/// How far a store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The newest manifest; 0 without one.
    pub manifest: ManifestNumber,
    /// How far the archive goes.
    pub archived: OffsetVector,
    /// The live generation, and how far each goes.
    pub generations: (GenerationId, Vec<(GenerationId, OffsetVector)>),
}

impl Standing {
    /// Whether this is `other`, if perhaps by more edits.
    pub fn reaches(&self, other: &Self) -> bool {
        (&self.archived, &self.generations) == (&other.archived, &other.generations)
    }
}

/// Knows the events and the views, and so all that may be true.
pub struct Judge {
    log: MemoryLog,
    views: Vec<Arc<View>>,
    truths: Mutex<HashMap<(String, String), RecordBatch>>,
}

impl Judge {
    /// A judge of stores that were fed `events` with views in one of these texts.
    pub fn new(events: &Path, texts: &[&str]) -> Self {
        let view =
            |text: &&str| Arc::clone(Job::compile("judge", text).unwrap().view(None).unwrap());
        let views: Vec<_> = texts.iter().map(view).collect();
        let log = Input::open(events, &views[0].table, 2, None, None)
            .unwrap()
            .log;
        Self {
            log,
            views,
            truths: Mutex::default(),
        }
    }

    /// How far a store is.
    pub fn standing(&self, store: &Path) -> Result<Standing, String> {
        let stand = || -> Result<Standing, Box<dyn Error>> {
            let archived = self.archive(store)?.end()?;
            let job = Store::open(&store.to_string_lossy())?.job(VIEW)?;
            let Some(manifest) = newest(&job)? else {
                return Ok(Standing {
                    archived,
                    ..Standing::default()
                });
            };
            let generations = manifest.generations.iter();
            let generations = generations.map(|(id, generation)| (*id, generation.next.clone()));
            let generations = (manifest.live, generations.collect());
            Ok(Standing {
                manifest: manifest.number,
                archived,
                generations,
            })
        };
        stand().map_err(|error| error.to_string())
    }

    /// Says what is wrong with a store that must be at least as far as `reported`.
    pub fn check(&self, store: &Path, reported: &Standing) -> Result<(), String> {
        self.judge(store, reported)
            .map_err(|error| error.to_string())
    }

    fn judge(&self, store: &Path, reported: &Standing) -> Result<(), Box<dyn Error>> {
        self.judge_archive(store, reported)?;
        let job = Store::open(&store.to_string_lossy())?.job(VIEW)?;
        let manifest = newest(&job)?;
        let number = manifest
            .as_ref()
            .map_or(ManifestNumber(0), |manifest| manifest.number);
        if number < reported.manifest {
            return Err(format!(
                "manifest {} was reported, {number} is left",
                reported.manifest
            )
            .into());
        }
        let Some(newest) = manifest else {
            return Ok(());
        };
        for number in newest.floor.0..newest.number.0 {
            self.judge_manifest(&job, job.manifest_at(ManifestNumber(number))?)?;
        }
        self.judge_manifest(&job, newest)
    }

    fn judge_archive(&self, store: &Path, reported: &Standing) -> Result<(), Box<dyn Error>> {
        let archive = self.archive(store)?;
        let end = archive.end()?;
        if let Some(place) = end.behind(&reported.archived).next() {
            return Err(format!(
                "{place} was archived up to {}, {} is left",
                reported.archived, end
            )
            .into());
        }
        if archive.start()?.0.values().any(|start| *start != Offset(0)) {
            return Err("the archive has lost its beginning".into());
        }
        let read = kappa(
            &self.views[0],
            &archive,
            &Default::default(),
            &end,
            &Default::default(),
        )?
        .served
        .rows;
        self.equal(&self.views[0], &end, &read)
    }

    /// Each generation of a manifest that is kept must be the truth.
    fn judge_manifest(
        &self,
        job: &JobStore,
        manifest: Arc<Manifest>,
    ) -> Result<(), Box<dyn Error>> {
        for (id, generation) in &manifest.generations {
            let view = self
                .views
                .iter()
                .find(|view| view.fingerprint == generation.fingerprint);
            let view = view.ok_or("a generation of logic that nobody wrote")?;
            let snapshot = Arc::new(Snapshot::of(Arc::clone(&manifest), *id)?);
            let rows = Reading::of(view, job, Arc::clone(&snapshot))?.rows()?;
            self.equal(view, &snapshot.offsets, &rows)?;
        }
        Ok(())
    }

    fn equal(
        &self,
        view: &Arc<View>,
        at: &OffsetVector,
        rows: &RecordBatch,
    ) -> Result<(), Box<dyn Error>> {
        let key = (view.fingerprint.0.clone(), at.to_string());
        let known = self.truths.lock().unwrap().get(&key).cloned();
        let truth = match known {
            Some(truth) => truth,
            None => {
                let truth = kappa(
                    view,
                    &self.log,
                    &Default::default(),
                    at,
                    &Default::default(),
                )?
                .served
                .rows;
                self.truths.lock().unwrap().insert(key, truth.clone());
                truth
            }
        };
        if *rows != truth {
            return Err(format!("the rows at {at} are wrong: {rows:?} for {truth:?}").into());
        }
        Ok(())
    }

    fn archive(&self, store: &Path) -> Result<Archive, Box<dyn Error>> {
        let table = &self.views[0].table;
        Ok(Archive::open(store, &table.topic, Arc::clone(table))?)
    }
}

/// The newest manifest; `None` where there is no job yet.
fn newest(job: &JobStore) -> Result<Option<Arc<Manifest>>, view_store::error::Error> {
    match job.manifest() {
        Err(view_store::error::Error::Refused(Refusal::NoJob(_))) => Ok(None),
        found => found.map(Some),
    }
}
