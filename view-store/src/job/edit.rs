//! Every change of a manifest is an edit: read m, write m+1, or learn why not.

use std::sync::Arc;

use super::JobStore;
use crate::blobs::Creation;
use crate::error::{Error, Refusal, Stale};
use crate::layout;
use crate::manifest::{Flaw, Manifest, ManifestNumber};
use crate::rule::Rule;

impl JobStore {
    /// Writes the manifest that follows on `extended`, changed by `edit`.
    ///
    /// When another writer was faster, `edit` is applied to its manifest instead, so it must check
    /// all that it relies on each time. It sees the number of the manifest that it extends.
    ///
    /// # Errors
    /// Those of `edit`; [`Stale::Overrun`]; [`Refusal::Prefix`] where watermarks do not meet.
    pub(super) fn commit<T>(
        &self,
        mut extended: Arc<Manifest>,
        edit: impl Fn(&mut Manifest) -> Result<T, Error>,
    ) -> Result<(Arc<Manifest>, T), Error> {
        loop {
            let (manifest, done) = self.draft(&extended, &edit)?;
            let path = layout::manifest(&self.name, manifest.number);
            let text = manifest.encode()?;
            match self.store.blobs.create(&path, text.into())? {
                Creation::Created => {
                    self.confirm(manifest.number)?;
                    return Ok((Arc::new(manifest), done));
                }
                Creation::AlreadyThere => {
                    let newest = self.manifest()?;
                    if newest.number < manifest.number {
                        return Err(Error::Corrupt {
                            path,
                            why: "it exists and is not listed".into(),
                        });
                    }
                    extended = newest;
                }
            }
        }
    }

    /// The manifest that `edit` makes of `extended`, checked and not written.
    pub(super) fn draft<T>(
        &self,
        extended: &Manifest,
        edit: impl Fn(&mut Manifest) -> Result<T, Error>,
    ) -> Result<(Manifest, T), Error> {
        let mut manifest = extended.clone();
        let done = edit(&mut manifest)?;
        manifest.number = extended.number.next();
        match manifest.check() {
            Err(flaw) if self.store.rules.keep(Rule::Tiles) => Err(match flaw {
                Flaw::Tile { error, .. } if is_prefix(&error) => Refusal::Prefix(error).into(),
                flaw => Error::Broken {
                    number: extended.number,
                    flaw,
                },
            }),
            _ => Ok((manifest, done)),
        }
    }

    /// A number is free again once gc has deleted its manifest, and a writer that slept since may
    /// fill it. Whoever lists sees newer manifests; so must the writer.
    fn confirm(&self, number: ManifestNumber) -> Result<(), Error> {
        if !self.store.rules.keep(Rule::Confirmed) || self.newest_number()? == Some(number) {
            return Ok(());
        }
        let floor = self.manifest()?.floor;
        if number < floor {
            return Err(Stale::Overrun { number, floor }.into());
        }
        Ok(())
    }

    /// The newest manifest; `None` if the job has none.
    ///
    /// Found by listing: a number that follows on an old one may be a sleeper's. And listed again
    /// once read: between the list and the read gc may have freed the number for a sleeper.
    pub(super) fn newest(&self) -> Result<Option<Arc<Manifest>>, Error> {
        let mut listed = self.newest_number()?;
        while let Some(number) = listed {
            let found = self.get_manifest(number)?;
            if found.is_some() && !self.store.rules.keep(Rule::ListedAgain) {
                return Ok(found);
            }
            listed = self.newest_number()?;
            if listed == Some(number) {
                return match found {
                    Some(manifest) => Ok(Some(manifest)),
                    None => Err(Error::Corrupt {
                        path: layout::manifest(&self.name, number),
                        why: "it is listed and does not exist".into(),
                    }),
                };
            }
        }
        Ok(None)
    }

    fn newest_number(&self) -> Result<Option<ManifestNumber>, Error> {
        let paths = self.store.blobs.list(&layout::manifests(&self.name))?;
        Ok((paths.iter())
            .filter_map(|path| layout::manifest_number(path))
            .max())
    }

    pub(super) fn get_manifest(
        &self,
        number: ManifestNumber,
    ) -> Result<Option<Arc<Manifest>>, Error> {
        let path = layout::manifest(&self.name, number);
        let Some(text) = self.store.blobs.get(&path)? else {
            return Ok(None);
        };
        let manifest = Manifest::decode(&path, &text)?;
        match manifest.check() {
            Err(flaw) if self.store.rules.keep(Rule::Tiles) => Err(Error::Corrupt {
                path,
                why: flaw.to_string(),
            }),
            _ => Ok(Some(Arc::new(manifest))),
        }
    }
}

fn is_prefix(error: &shared_logic::coverage::CoverageError) -> bool {
    matches!(error, shared_logic::coverage::CoverageError::Prefix { .. })
}
