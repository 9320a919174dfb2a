//! Several folds at the same offsets: what a view with a question over them reads.

use std::sync::Arc;

use arrow::array::RecordBatch;
use shared_logic::identity::TopicPartition;
use shared_logic::question::Question;
use shared_logic::view::View;
use view_store::error::{Error, Refusal};
use view_store::job::JobStore;
use view_store::manifest::ManifestNumber;
use view_store::snapshot::Snapshot;
use view_store::store::Store;

use crate::error::ServingError;
use crate::reading::Reading;

/// The rows of each fold of a view, from the jobs of their names, all for the same offsets: the
/// newest at which every fold has stood.
///
/// Folds are sealed one after the other, so the newest manifests may stand at different offsets of a
/// topic that two folds share; then those that are ahead are read as they were before. Topics that
/// no other fold reads do not matter.
///
/// # Errors
/// A fold that the store does not have or has with other logic, folds that have never stood at the
/// same offsets as far as their manifests are kept, and all that can go wrong with a segment.
pub fn rows(view: &Question, store: &Store) -> Result<Vec<RecordBatch>, ServingError> {
    let mut folds = (view.folds.iter())
        .map(|fold| Standing::new(view, fold, store))
        .collect::<Result<Vec<_>, _>>()?;
    while let Some((ahead, behind, place)) = apart(&folds) {
        let apart = || {
            let told = |at: usize| {
                let fold = folds.get(at);
                fold.map_or(String::new(), |fold| {
                    format!(
                        "{} at {place}:{}",
                        fold.view.name,
                        fold.snapshot.offsets.get(&place)
                    )
                })
            };
            ServingError::Apart {
                view: view.name.clone(),
                ahead: told(ahead),
                behind: told(behind),
            }
        };
        let earlier = match folds.get(ahead) {
            Some(fold) => fold.earlier()?.ok_or_else(apart)?,
            None => return Err(apart()),
        };
        if let Some(fold) = folds.get_mut(ahead) {
            fold.snapshot = earlier;
        }
    }
    folds
        .iter()
        .map(|fold| Reading::of(&fold.view, &fold.job, Arc::clone(&fold.snapshot))?.rows())
        .collect()
}

/// Where a fold stands.
struct Standing {
    view: Arc<View>,
    job: JobStore,
    snapshot: Arc<Snapshot>,
}

impl Standing {
    fn new(view: &Question, fold: &Arc<View>, store: &Store) -> Result<Self, ServingError> {
        let job = store.job(&fold.name)?;
        let snapshot = match job.snapshot(None) {
            Err(Error::Refused(Refusal::NoJob(_))) => {
                return Err(ServingError::Missing {
                    view: view.name.clone(),
                    fold: fold.name.clone(),
                });
            }
            snapshot => Arc::new(snapshot?),
        };
        if snapshot.fingerprint != fold.fingerprint {
            return Err(ServingError::OtherLogic {
                view: view.name.clone(),
                fold: fold.name.clone(),
            });
        }
        Ok(Self {
            view: Arc::clone(fold),
            job,
            snapshot,
        })
    }

    /// The same generation in the manifest before, where that is kept.
    fn earlier(&self) -> Result<Option<Arc<Snapshot>>, ServingError> {
        let number = self.snapshot.manifest.number.0.saturating_sub(1);
        let manifest = match self.job.manifest_at(ManifestNumber(number)) {
            Err(Error::Refused(Refusal::NotKept { .. })) => return Ok(None),
            manifest => manifest?,
        };
        // A generation that is not in it had not begun.
        let snapshot = Snapshot::of(manifest, self.snapshot.generation);
        Ok(snapshot.ok().map(Arc::new))
    }
}

/// The first two folds that stand at different offsets of a partition that both read: which of them
/// is ahead, and where.
fn apart(folds: &[Standing]) -> Option<(usize, usize, TopicPartition)> {
    for (one, fold) in folds.iter().enumerate() {
        for (other, before) in folds.iter().enumerate().take(one) {
            let topic = &fold.view.table.topic;
            if *topic != before.view.table.topic {
                continue;
            }
            let (mine, its) = (&fold.snapshot.offsets, &before.snapshot.offsets);
            if let Some(place) = its.behind(mine).next() {
                return Some((one, other, place.clone()));
            }
            if let Some(place) = mine.behind(its).next() {
                return Some((other, one, place.clone()));
            }
        }
    }
    None
}
