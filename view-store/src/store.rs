//! A store: a place for jobs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::blobs::Blobs;
use crate::blobs::memory::Memory;
use crate::blobs::object::Objects;
use crate::entropy::{Entropy, System};
use crate::error::{Error, Refusal};
use crate::job::JobStore;
use crate::layout;
use crate::rule::{Rule, Rules};

/// A place for jobs; cheap to clone. Any number of processes may have it open.
#[derive(Clone)]
pub struct Store {
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) rules: Rules,
}

impl Store {
    /// The store in the local folder `location`, also written as `file://` and an absolute path.
    /// The folder is made if it does not exist. With the feature `s3` also the store at
    /// `s3://BUCKET/FOLDER`, where the environment's variables for AWS say how to reach it.
    ///
    /// # Errors
    /// It is another URL, the folder cannot be made, or the bucket is out of reach.
    pub fn open(location: &str) -> Result<Self, Error> {
        if location.starts_with("s3://") {
            return Self::in_bucket(location);
        }
        let path = match location.strip_prefix("file://") {
            Some(path) if !path.starts_with('/') || path.contains('%') => None,
            Some(path) => Some(path),
            None if location.is_empty() || location.contains("://") => None,
            None => Some(location),
        };
        let path = path.ok_or_else(|| Refusal::Location(location.to_owned()))?;
        Ok(Self::with(
            Arc::new(Objects::local(Path::new(path))?),
            Arc::new(System),
        ))
    }

    #[cfg(feature = "s3")]
    fn in_bucket(url: &str) -> Result<Self, Error> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let bucket = crate::blobs::s3::S3::connect(url, variables, Arc::new(System))?;
        Ok(Self::with(Arc::new(bucket), Arc::new(System)))
    }

    #[cfg(not(feature = "s3"))]
    fn in_bucket(url: &str) -> Result<Self, Error> {
        Err(Refusal::NotBuiltIn(url.to_owned()).into())
    }

    /// An empty store that lives as long as its clones.
    pub fn memory() -> Self {
        Self::with(Arc::new(Memory::default()), Arc::new(System))
    }

    /// The store on `blobs`, with names from `entropy`.
    pub fn with(blobs: Arc<dyn Blobs>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            blobs,
            entropy,
            rules: Rules::default(),
        }
    }

    /// A store that breaks some rules of the protocol, to show what they are for.
    #[doc(hidden)]
    pub fn without(self, rules: &[Rule]) -> Self {
        Self {
            rules: Rules::without(rules),
            ..self
        }
    }

    /// The part of the store that holds the job `name`, whether it exists yet or not.
    ///
    /// # Errors
    /// The name is not one plain folder.
    pub fn job(&self, name: &str) -> Result<JobStore, Error> {
        layout::check_job_name(name)?;
        Ok(JobStore::new(self.clone(), name))
    }

    /// The names of all jobs that have a manifest, sorted.
    ///
    /// # Errors
    /// The storage fails.
    pub fn jobs(&self) -> Result<Vec<String>, Error> {
        let paths = self.blobs.list(layout::JOBS)?;
        let names: BTreeSet<String> = (paths.iter())
            .filter(|path| layout::manifest_number(path).is_some())
            .filter_map(|path| path.split('/').nth(1))
            .map(str::to_owned)
            .collect();
        Ok(names.into_iter().collect())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
