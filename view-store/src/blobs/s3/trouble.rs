//! What an error of the server means, and how to say it in one line.

use std::error::Error as _;
use std::time::Duration;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

/// A bucket as messages name it.
#[derive(Clone, Debug)]
pub struct Place {
    /// `s3://BUCKET/FOLDER`.
    pub url: String,
    /// The bucket.
    pub bucket: String,
    /// The server, without any secret.
    pub endpoint: String,
    /// Whether anything says who asks.
    pub who: bool,
}

/// Whether the server says that the blob is there (412). A 409 is no answer: another request for
/// the same blob is under way, and what comes of it is open.
pub fn is_there(error: &Error) -> bool {
    match error {
        Error::Precondition { .. } | Error::NotModified { .. } => true,
        // The client has one word for both: a 412 has an error of its own inside.
        Error::AlreadyExists { source, .. } => source.is::<Error>(),
        _ => false,
    }
}

/// Whether there is no such blob, in a bucket that is there.
pub fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && code(&text(error)) != Some("NoSuchBucket")
}

/// Whether the same request may be answered later: the server, or the way to it, is in trouble.
pub fn passes(error: &Error) -> bool {
    match error {
        Error::AlreadyExists { .. } => true,
        Error::Generic { .. } => {
            let text = text(error);
            match status(&text) {
                Some(status) => {
                    matches!(status, 408 | 429 | 500 | 502..=599)
                        || code(&text) == Some("RequestTimeout")
                }
                None => http(error).is_some_and(|error| {
                    use HttpErrorKind::{Connect, Interrupted, Request, Timeout};
                    matches!(error.kind(), Connect | Interrupted | Request | Timeout)
                }),
            }
        }
        _ => false,
    }
}

/// No answer came within `limit`.
pub fn unanswered(limit: Duration) -> Error {
    let why = std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        format!("no answer within {} s", limit.as_secs()),
    );
    Error::Generic {
        store: "S3",
        source: Box::new(HttpError::new(HttpErrorKind::Timeout, why)),
    }
}

impl Place {
    /// What went wrong and what to do, in one line; never a key.
    pub fn tell(&self, error: &Error) -> String {
        let (bucket, endpoint) = (&self.bucket, &self.endpoint);
        let text = text(error);
        // Such a path is asked for the role of a machine, and nothing else is.
        if !self.who && text.contains("/latest/") {
            return "nothing says who asks: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run on a machine that has a role".to_owned();
        }
        match code(&text) {
            Some("NoSuchBucket") => {
                return format!("{endpoint} has no bucket {bucket}: make it, or name another one");
            }
            Some("InvalidAccessKeyId") => {
                return format!("{endpoint} does not know the key in AWS_ACCESS_KEY_ID");
            }
            Some("SignatureDoesNotMatch") => {
                return format!(
                    "{endpoint} does not accept the signature: AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID"
                );
            }
            Some("AccessDenied") => return self.denied(),
            Some(code) => {
                let message = between(&text, "<Message>", "</Message>").unwrap_or_default();
                return format!("{endpoint} says {code}: {message}");
            }
            None => {}
        }
        if matches!(
            error,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
        ) {
            return self.denied();
        }
        let root = root(error);
        match http(error).map(HttpError::kind) {
            Some(HttpErrorKind::Connect) if root.contains("certificate") => format!(
                "cannot trust {endpoint} ({root}): name the file with its certificates by AWS_CA_BUNDLE"
            ),
            Some(HttpErrorKind::Connect) => format!(
                "cannot reach {endpoint} ({root}): start the server, or correct AWS_ENDPOINT_URL"
            ),
            Some(_) => format!("{endpoint} does not answer as it should: {root}"),
            None => root,
        }
    }

    fn denied(&self) -> String {
        format!(
            "{} does not allow this in bucket {}: the key needs s3:ListBucket, s3:GetObject and, to write, s3:PutObject and s3:DeleteObject",
            self.endpoint, self.bucket
        )
    }
}

/// All that an error and its causes say. The client does not hand out the status and the body of
/// an answer in any other way.
fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}\n{error}");
        cause = error.source();
    }
    text
}

/// The first cause.
fn root(error: &Error) -> String {
    let mut root: &dyn std::error::Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}

/// What happened on the way to the server, if that is what went wrong.
fn http(error: &Error) -> Option<&HttpError> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The status of the answer.
fn status(text: &str) -> Option<u16> {
    let after = text.split("status code: ").nth(1)?;
    after.get(..3)?.parse().ok()
}

/// The code of an error in the body of the answer, as S3 writes it.
fn code(text: &str) -> Option<&str> {
    between(text, "<Code>", "</Code>")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
