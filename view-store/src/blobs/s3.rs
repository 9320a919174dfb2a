//! Blobs in a bucket, on S3 or on a server that speaks its protocol.
//!
//! A create is one PUT with `If-None-Match: *`: of all writers the server lets one through. What a
//! disk never does is to lose the answer: the same PUT is then sent again, and the server says that
//! the blob is there already. Equal bytes would not show whose it is, because two processes that
//! claim the same partitions write the same manifest, and both would believe to own them. So each
//! create has a name of its own, which is kept beside the blob as metadata and read back when the
//! server says no. That makes it safe to repeat, and all requests are repeated here alone.
//!
//! A server that ignores the condition would lose changes and nobody would notice. So before a
//! process creates its first blob it creates one that must be there already, and refuses a server
//! that lets it (`prove`).

mod connect;
mod create;
mod trouble;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use tokio::runtime::Runtime;

use super::{BlobError, Blobs, Creation};
use crate::entropy::Entropy;
use trouble::Place;

/// How often a request is sent at most: while a command begins, so that it says soon that its store
/// is out of reach, and later, so that no work is thrown away because a server restarts.
const ATTEMPTS: (u32, u32) = (3, 10);

/// How long an answer may take: while a command begins, and later.
const ANSWER: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// What a slow line moves in a second, in bytes: a large blob is given as much more time.
const SLOW: u64 = 1 << 20;

/// How long to wait before a request is sent again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// The blob that every process creates, and that only the first one may.
const PROOF: &str = "conditional-puts.txt";

const PROOF_TEXT: &str = "Who writes to this store creates this object with If-None-Match: *, \
    and stops unless the server says that it is there already.\n";

/// Blobs in a bucket; each call blocks its thread until the server has answered.
pub struct S3 {
    bucket: Arc<dyn ObjectStore>,
    place: Place,
    names: Arc<dyn Entropy>,
    /// Whether the server was seen to refuse a second creation.
    proven: AtomicBool,
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
}

impl S3 {
    /// The bucket and folder at `url`, which is `s3://BUCKET/FOLDER`, as the variables that tools
    /// for AWS know (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …) say how to reach it. Asks it once.
    ///
    /// # Errors
    /// The URL or a variable makes no sense, or the bucket cannot be listed.
    pub fn connect(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
        names: Arc<dyn Entropy>,
    ) -> Result<Self, BlobError> {
        let (bucket, place) = connect::bucket(url, variables)
            .map_err(|source| BlobError::new("open", url, source))?;
        let this = Self::over(bucket, place, names)?;
        let asked = this.ask("list", "", ATTEMPTS.0, |bucket, folder| async move {
            let first = async { Ok(bucket.list(Some(&folder)).next().await) };
            within(ANSWER.0, first).await?.transpose()
        });
        asked.map_err(|error| BlobError::new("open", url, error.source))?;
        Ok(this)
    }

    fn over(
        bucket: Arc<dyn ObjectStore>,
        place: Place,
        names: Arc<dyn Entropy>,
    ) -> Result<Self, BlobError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(|source| BlobError::new("open", place.url.clone(), source))?;
        Ok(Self {
            bucket,
            place,
            names,
            proven: AtomicBool::new(false),
            runtime: Some(runtime),
        })
    }

    /// Sends a request until it is answered, or patience ends.
    fn ask<T, A>(
        &self,
        action: &'static str,
        path: &str,
        attempts: u32,
        request: impl Fn(Arc<dyn ObjectStore>, Path) -> A,
    ) -> Result<T, BlobError>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let failed = |why: String| BlobError::new(action, path, why);
        let location = Path::parse(path).map_err(|source| failed(source.to_string()))?;
        let mut pause = PAUSES.0;
        let mut sent = 1;
        loop {
            let request = request(Arc::clone(&self.bucket), location.clone());
            match self.wait(request) {
                Ok(answer) => return Ok(answer),
                Err(error) if sent < attempts && trouble::passes(&error) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(PAUSES.1);
                    sent += 1;
                }
                Err(error) => return Err(failed(self.place.tell(&error))),
            }
        }
    }

    /// Runs a request on this store's own threads: the caller's may belong to any runtime or none.
    fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        match &self.runtime {
            Some(runtime) => block_on(runtime.spawn(request))?,
            None => block_on(request),
        }
    }

    fn create_named(&self, path: &str, bytes: &Bytes, name: &str) -> Result<Creation, BlobError> {
        let limit = time_for(bytes.len() as u64);
        self.ask("create", path, ATTEMPTS.1, |bucket, location| {
            let named = create::create(bucket, location, bytes.clone(), name.to_owned());
            within(limit, named)
        })
    }

    /// Whose creation the blob at `path` is, as [`create::author`] says it.
    fn author(&self, path: &str) -> Result<Option<String>, BlobError> {
        self.ask("read", path, ATTEMPTS.1, |bucket, location| {
            within(
                ANSWER.1,
                async move { create::author(&bucket, &location).await },
            )
        })
    }

    /// Makes sure that of two creations of one blob the server refuses the second: the one that
    /// this process is about to try, if another process has created it; else one more.
    ///
    /// # Errors
    /// It refuses none, or does not keep what tells whose creation a blob is.
    fn prove(&self) -> Result<(), BlobError> {
        if self.proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        let text = Bytes::from_static(PROOF_TEXT.as_bytes());
        let first = self.names.ulid().to_string();
        if self.create_named(PROOF, &text, &first)? == Creation::Created {
            let author = self.author(PROOF)?;
            let second = self.names.ulid().to_string();
            let again = self.create_named(PROOF, &text, &second)?;
            let why = match (again, author) {
                (Creation::Created, _) => {
                    "creates an object twice: it ignores If-None-Match, and changes would be lost"
                }
                (_, Some(author)) if author == first => "",
                _ => "does not keep the metadata of objects, or shows them late",
            };
            if !why.is_empty() {
                self.delete(PROOF)?;
                let why = format!(
                    "the server {} {why}: use one with conditional writes, see docs/s3.md",
                    self.place.endpoint
                );
                return Err(BlobError::new("write to", self.place.url.clone(), why));
            }
        }
        self.proven.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Blobs for S3 {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        self.ask("list", folder, ATTEMPTS.1, |bucket, folder| async move {
            let listed = async { Ok(bucket.list(Some(&folder)).collect::<Vec<_>>().await) };
            let listed = within(ANSWER.1, listed).await?;
            let paths = (listed.into_iter()).map(|entry| Ok(entry?.location.to_string()));
            let mut paths = paths.collect::<Result<Vec<_>, Error>>()?;
            paths.sort();
            Ok(paths)
        })
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        self.ask("read", path, ATTEMPTS.1, |bucket, location| async move {
            match within(ANSWER.1, async { bucket.get(&location).await }).await {
                Ok(found) => {
                    let limit = time_for(found.meta.size);
                    within(limit, found.bytes()).await.map(Some)
                }
                Err(error) if trouble::is_missing(&error) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        self.prove()?;
        self.create_named(path, &bytes, &self.names.ulid().to_string())
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        self.ask("delete", path, ATTEMPTS.1, |bucket, location| async move {
            match within(ANSWER.1, async { bucket.delete(&location).await }).await {
                Err(error) if !trouble::is_missing(&error) => Err(error),
                _ => Ok(()),
            }
        })
    }
}

/// How long the answer may take that sends or brings so many bytes.
fn time_for(bytes: u64) -> Duration {
    ANSWER.1 + Duration::from_secs(bytes / SLOW)
}

/// Gives an answer up that takes longer than `limit`.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let answer = tokio::time::timeout(limit, answer).await;
    answer.unwrap_or_else(|_| Err(trouble::unanswered(limit)))
}

impl Drop for S3 {
    fn drop(&mut self) {
        // Not waited for: it may be dropped where blocking is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("url", &self.place.url)
            .finish_non_exhaustive()
    }
}
