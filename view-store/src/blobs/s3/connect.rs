//! From a URL and the variables of the environment to a bucket.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Certificate, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use super::trouble::Place;

/// Where Amazon's own S3 is, if no variable names another endpoint.
const AMAZON: &str = "s3.amazonaws.com";

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(2);

/// What says who asks; without any of them a machine on AWS is asked for its role.
const WHO: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SKIP_SIGNATURE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// The folder of a bucket that `url` names, and what to call it.
///
/// # Errors
/// What is wrong with the URL or with a variable.
pub fn bucket(
    url: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(Arc<dyn ObjectStore>, Place), String> {
    let (name, folder) = split(url)?;
    let folder = Path::parse(folder).map_err(|source| format!("not a folder: {source}"))?;
    let variables: Vec<_> = variables.into_iter().collect();
    let mut options = ClientOptions::new()
        .with_connect_timeout(CONNECT)
        .with_timeout_disabled();
    for certificate in certificates(&variables)? {
        options = options.with_root_certificate(certificate);
    }
    let mut builder = AmazonS3Builder::new()
        .with_client_options(options)
        // Requests are repeated by whoever knows what they mean.
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        });
    let mut who = false;
    for (variable, value) in variables {
        // An empty variable counts as none, as it does for other tools.
        if value.is_empty() || !variable.starts_with("AWS_") {
            continue;
        }
        who |= WHO.contains(&variable.as_str());
        if let Ok(key) = variable.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder
        .with_bucket_name(name)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Blobs are deleted one by one, and not every server can do more at once.
        .with_disable_bulk_delete(true);
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key));
    let place = Place {
        url: url.to_owned(),
        bucket: name.to_owned(),
        endpoint: endpoint.as_deref().map_or(AMAZON, host).to_owned(),
        who,
    };
    let allow_http = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
    let plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    if plain && builder.get_config_value(&allow_http).as_deref() != Some("true") {
        return Err(format!(
            "the endpoint {} is not encrypted: set AWS_ALLOW_HTTP=true to use it all the same",
            place.endpoint
        ));
    }
    let [id, secret] = [
        AmazonS3ConfigKey::AccessKeyId,
        AmazonS3ConfigKey::SecretAccessKey,
    ]
    .map(|key| builder.get_config_value(&key).is_some());
    if id != secret {
        return Err(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one is not set"
                .to_owned(),
        );
    }
    // Whoever runs this program may have chosen another one, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bucket = builder.build().map_err(|error| place.tell(&error))?;
    Ok((Arc::new(PrefixStore::new(bucket, folder)), place))
}

/// The bucket and the folder of `s3://BUCKET/FOLDER`.
fn split(url: &str) -> Result<(&str, &str), String> {
    let place = url.strip_prefix("s3://").unwrap_or_default();
    let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if bucket.is_empty() || !bucket.bytes().all(plain) {
        return Err("write s3://BUCKET/FOLDER, and the server into AWS_ENDPOINT_URL".to_owned());
    }
    Ok((bucket, folder.trim_end_matches('/')))
}

/// The certificates to trust besides the system's.
fn certificates(variables: &[(String, String)]) -> Result<Vec<Certificate>, String> {
    let named = |(name, file): &&(String, String)| name == "AWS_CA_BUNDLE" && !file.is_empty();
    let Some((name, file)) = variables.iter().find(named) else {
        return Ok(vec![]);
    };
    let failed =
        |why: String| format!("cannot read the certificates in {file}: {why}: correct {name}");
    let text = std::fs::read(file).map_err(|source| failed(source.to_string()))?;
    Certificate::from_pem_bundle(&text).map_err(|source| failed(source.to_string()))
}

/// The host of an endpoint, without a name and a password in front.
fn host(endpoint: &str) -> &str {
    endpoint.rsplit_once('@').map_or(endpoint, |(_, host)| host)
}
