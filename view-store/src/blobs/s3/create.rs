//! Creating a blob that is not there yet, with a name that shows who did.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Attribute, AttributeValue, Attributes, Error, GetOptions, ObjectStore, PutMode, PutOptions,
};

use super::trouble;
use crate::blobs::Creation;

/// The metadata that holds the name of a creation: `x-amz-meta-seamline-creation`.
fn creation() -> Attribute {
    Attribute::Metadata("seamline-creation".into())
}

/// How often to begin anew where the blob is gone whenever it is looked at.
const TRIES: u32 = 3;

/// Creates the blob at `location` as the creation `name`, unless there is one.
///
/// Where it fails and is called again with the same name, one call or none has an effect.
pub async fn create(
    bucket: Arc<dyn ObjectStore>,
    location: Path,
    bytes: Bytes,
    name: String,
) -> Result<Creation, Error> {
    for _ in 0..TRIES {
        let named = [(creation(), AttributeValue::from(name.clone()))];
        let options = PutOptions {
            mode: PutMode::Create,
            attributes: Attributes::from_iter(named),
            ..PutOptions::default()
        };
        let put = bucket.put_opts(&location, bytes.clone().into(), options);
        match put.await {
            Ok(_) => return Ok(Creation::Created),
            Err(error) if trouble::is_there(&error) => {}
            Err(error) => return Err(error),
        }
        match author(&bucket, &location).await? {
            Some(author) if author == name => return Ok(Creation::Created),
            Some(_) => break,
            // Deleted since.
            None => {}
        }
    }
    Ok(Creation::AlreadyThere)
}

/// The name of the creation that the blob at `location` is from, empty if it has none; `None` if
/// there is no such blob.
pub async fn author(
    bucket: &Arc<dyn ObjectStore>,
    location: &Path,
) -> Result<Option<String>, Error> {
    let head = GetOptions::new().with_head(true);
    match bucket.get_opts(location, head).await {
        Ok(found) => {
            let name = found.attributes.get(&creation());
            Ok(Some(
                name.map_or_else(String::new, |name| name.as_ref().to_owned()),
            ))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
