//! Garbage: what no kept manifest names, and no edit under way can name any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::JobStore;
use crate::error::Error;
use crate::layout;
use crate::manifest::{Manifest, ManifestNumber};
use crate::rule::Rule;

/// What one [`JobStore::gc`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcReport {
    /// The oldest manifest that is kept.
    pub floor: ManifestNumber,
    /// The mark that holds the floor back most, if any mark does.
    pub held_by: Option<String>,
    /// The paths of the manifests deleted.
    pub manifests: Vec<String>,
    /// The paths of the segments deleted.
    pub segments: Vec<String>,
}

impl JobStore {
    /// Raises the floor to the newest manifest but `keep`, or to the oldest mark, then deletes what
    /// is below it: older manifests, and segments that none of the kept ones names.
    ///
    /// With `keep` at 0 a query that began before it may have to take a new snapshot; each manifest
    /// more gives queries one more edit of time.
    ///
    /// # Errors
    /// There is no such job, another gc passed this one ([`Error::Retry`],
    /// [`Stale::Overrun`](crate::error::Stale::Overrun)), or the storage fails;
    /// what is left over is deleted by the next one.
    pub fn gc(&self, keep: u64) -> Result<GcReport, Error> {
        let newest = self.manifest()?;
        let floor = self.floor(&newest, keep);
        // A floor raised by one would free the manifest of the last gc and cost another one.
        let idle = [newest.floor, newest.floor.next()].contains(&floor);
        let manifest = if idle {
            newest
        } else if self.store.rules.keep(Rule::FloorFirst) {
            let raised = self.commit(newest, |manifest| {
                manifest.floor = self.floor(manifest, keep);
                Ok(())
            })?;
            raised.0
        } else {
            Arc::new(Manifest {
                floor,
                ..Manifest::clone(&newest)
            })
        };
        self.sweep(&manifest)
    }

    fn floor(&self, manifest: &Manifest, keep: u64) -> ManifestNumber {
        let rules = self.store.rules;
        let newest = ManifestNumber(manifest.number.0.saturating_sub(keep).max(1));
        let oldest_mark = manifest.marks.values().min().copied();
        let floor = match oldest_mark {
            Some(mark) if rules.keep(Rule::MarksHold) => newest.min(mark),
            _ => newest,
        };
        if rules.keep(Rule::FloorRises) {
            floor.max(manifest.floor)
        } else {
            floor
        }
    }

    fn sweep(&self, manifest: &Manifest) -> Result<GcReport, Error> {
        let floor = manifest.floor;
        let named = self.named_since(manifest)?;
        let held = (manifest.marks.iter()).find(|(_, mark)| **mark == floor);
        let mut report = GcReport {
            floor,
            held_by: held.map(|(name, _)| name.clone()),
            manifests: Vec::new(),
            segments: Vec::new(),
        };
        for path in self.store.blobs.list(&layout::manifests(&self.name))? {
            if layout::manifest_number(&path).is_some_and(|number| number < floor) {
                self.store.blobs.delete(&path)?;
                report.manifests.push(path);
            }
        }
        for path in self.store.blobs.list(&layout::segments(&self.name))? {
            let below = layout::segment_base(&path).is_some_and(|base| base < floor);
            if below && !named.contains(&path) {
                self.store.blobs.delete(&path)?;
                report.segments.push(path);
            }
        }
        Ok(report)
    }

    /// The paths that the manifests from the floor up to this one name. Later ones name no others
    /// of a base below the floor: an edit that adds such a segment is dropped.
    fn named_since(&self, manifest: &Manifest) -> Result<BTreeSet<String>, Error> {
        let mut named = BTreeSet::new();
        let mut collect = |manifest: &Manifest| {
            named.extend(manifest.segments().map(|segment| segment.path.clone()));
        };
        collect(manifest);
        if self.store.rules.keep(Rule::NamedByAny) {
            for number in manifest.floor.0..manifest.number.0 {
                let number = ManifestNumber(number);
                let older = self.get_manifest(number)?;
                collect(&*older.ok_or_else(|| Error::Retry {
                    path: layout::manifest(&self.name, number),
                })?);
            }
        }
        Ok(named)
    }
}
