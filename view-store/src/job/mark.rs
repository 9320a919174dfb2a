//! Marks: manifests that somebody still needs, such as savepoints and the position of a sink.

use std::sync::Arc;

use super::JobStore;
use crate::error::{Error, Refusal};
use crate::manifest::{Manifest, ManifestNumber};
use crate::rule::Rule;

impl JobStore {
    /// Keeps manifest `number` and all that it names from gc, under this name; the name's earlier
    /// mark, if any, is moved.
    ///
    /// # Errors
    /// The manifest is no longer kept, or not written yet ([`Refusal::NotKept`]).
    pub fn mark(&self, name: &str, number: ManifestNumber) -> Result<Arc<Manifest>, Error> {
        let (manifest, ()) = self.commit(self.manifest()?, |manifest| {
            let kept = (manifest.floor..=manifest.number).contains(&number);
            if self.store.rules.broken(Rule::MarkKept, kept) {
                return Err(Error::Refused(Refusal::NotKept {
                    number,
                    floor: manifest.floor,
                }));
            }
            manifest.marks.insert(name.to_owned(), number);
            Ok(())
        })?;
        Ok(manifest)
    }

    /// Takes back the mark of this name, if there is one.
    ///
    /// # Errors
    /// The storage fails, or there is no such job.
    pub fn unmark(&self, name: &str) -> Result<Arc<Manifest>, Error> {
        let newest = self.manifest()?;
        if !newest.marks.contains_key(name) {
            return Ok(newest);
        }
        let (manifest, ()) = self.commit(newest, |manifest| {
            manifest.marks.remove(name);
            Ok(())
        })?;
        Ok(manifest)
    }
}
