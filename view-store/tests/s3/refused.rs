//! Servers that cannot hold a store, and what is said where a bucket cannot be used.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use view_store::blobs::s3::S3;
use view_store::blobs::{Blobs, Creation};
use view_store::entropy::System;

use crate::server::{Kind, Server};
use crate::{good, store};

/// Why nothing can be written to a server of this kind.
fn refusal(kind: Kind) -> String {
    let server = Server::start(kind);
    let store = store(&server);
    let refused = store
        .create("jobs/a", Bytes::from_static(b"one"))
        .unwrap_err();
    assert!(
        server.state().objects.is_empty(),
        "something is left behind"
    );
    assert_eq!(
        store.get("jobs/a").unwrap(),
        None,
        "it may be read all the same"
    );
    refused.to_string()
}

#[test]
fn a_server_that_ignores_the_condition_is_refused() {
    let refused = refusal(Kind {
        ignores_condition: true,
        ..Kind::default()
    });
    assert!(refused.contains("it ignores If-None-Match"), "{refused}");
    assert!(refused.contains("http://127.0.0.1:"), "{refused}");
}

#[test]
fn a_server_that_forgets_metadata_is_refused() {
    let refused = refusal(Kind {
        drops_metadata: true,
        ..Kind::default()
    });
    assert!(refused.contains("does not keep the metadata"), "{refused}");
}

#[test]
fn a_server_is_proven_once_by_each_process() {
    let (server, first) = good();
    let puts = |path: &str| {
        server
            .state()
            .puts
            .get(&format!("bucket/store/{path}"))
            .copied()
    };
    assert_eq!(
        puts("conditional-puts.txt"),
        None,
        "who only reads needs no proof"
    );
    for name in ["jobs/a", "jobs/b"] {
        assert_eq!(first.create(name, Bytes::new()).unwrap(), Creation::Created);
    }
    assert_eq!(puts("conditional-puts.txt"), Some(2), "made, and refused");
    let second = store(&server);
    assert_eq!(
        second.create("jobs/c", Bytes::new()).unwrap(),
        Creation::Created
    );
    assert_eq!(puts("conditional-puts.txt"), Some(3), "refused");
}

/// A server that has become another one since the store was made.
#[test]
fn a_store_that_moved_to_a_bad_server_is_refused() {
    let (server, first) = good();
    let _ = first.create("jobs/a", Bytes::new()).unwrap();
    server.state().kind.ignores_condition = true;
    let refused = store(&server).create("jobs/b", Bytes::new()).unwrap_err();
    assert!(refused.to_string().contains("If-None-Match"), "{refused}");
}

/// What `connect` says, and how long that took.
fn said(url: &str, variables: Vec<(String, String)>) -> (String, Duration) {
    let began = Instant::now();
    let error = S3::connect(url, variables, Arc::new(System)).unwrap_err();
    let said = error.to_string();
    assert!(!said.contains('\n'), "{said}");
    assert!(!said.contains("hush-hush"), "{said}");
    (said, began.elapsed())
}

#[test]
fn what_the_server_says_is_said_with_a_way_out() {
    for (status, code, expected) in [
        (
            404,
            "NoSuchBucket",
            "has no bucket bucket: make it, or name another one",
        ),
        (
            403,
            "InvalidAccessKeyId",
            "does not know the key in AWS_ACCESS_KEY_ID",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "AWS_SECRET_ACCESS_KEY does not belong to",
        ),
        (
            403,
            "AccessDenied",
            "the key needs s3:ListBucket, s3:GetObject",
        ),
        (
            400,
            "AuthorizationHeaderMalformed",
            "says AuthorizationHeaderMalformed: as told",
        ),
        (501, "NotImplemented", "says NotImplemented: as told"),
    ] {
        let server = Server::start(Kind {
            error: Some((status, code)),
            ..Kind::default()
        });
        let (said, _) = said("s3://bucket/store", server.variables());
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("http://127.0.0.1:"), "{said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_named_soon() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut variables = Server::start(Kind::default()).variables();
    variables[0].1 = format!("http://me:hush-hush@127.0.0.1:{port}");
    let (said, lasted) = said("s3://bucket/store", variables);
    assert!(
        said.contains(&format!("cannot reach 127.0.0.1:{port}")),
        "{said}"
    );
    assert!(said.contains("correct AWS_ENDPOINT_URL"), "{said}");
    assert!(lasted < Duration::from_secs(10), "{lasted:?}");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let server = Server::start(Kind {
        silent: true,
        ..Kind::default()
    });
    let (said, lasted) = said("s3://bucket/store", server.variables());
    assert!(said.contains("no answer within"), "{said}");
    assert!(lasted < Duration::from_secs(10), "{lasted:?}");
}

#[test]
fn a_url_or_a_variable_that_makes_no_sense_is_refused() {
    let variables = Server::start(Kind::default()).variables();
    for url in [
        "s3://",
        "s3:///folder",
        "s3://buck et",
        "s3://bucket?x=1",
        "s3://bucket/a//b",
    ] {
        let (said, _) = said(url, variables.clone());
        assert!(said.starts_with(&format!("cannot open {url}: ")), "{said}");
    }
    let plain = |name: &str| {
        variables
            .iter()
            .filter(|(known, _)| known != name)
            .cloned()
            .collect()
    };
    let (unencrypted, _) = said("s3://bucket", plain("AWS_ALLOW_HTTP"));
    assert!(
        unencrypted.contains("set AWS_ALLOW_HTTP=true"),
        "{unencrypted}"
    );
    let (half, _) = said("s3://bucket", plain("AWS_SECRET_ACCESS_KEY"));
    assert!(half.contains("AWS_SECRET_ACCESS_KEY"), "{half}");
}

#[test]
fn who_is_nobody_is_told_to_say_who() {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let mut variables = Server::start(Kind::default()).variables();
    variables.retain(|(name, _)| !names.contains(&name.as_str()));
    // Nothing listens where a machine on AWS would be asked for its role.
    variables.push((
        "AWS_METADATA_ENDPOINT".to_owned(),
        "http://127.0.0.1:9".to_owned(),
    ));
    let (said, lasted) = said("s3://bucket", variables);
    assert!(
        said.contains("nothing says who asks: set AWS_ACCESS_KEY_ID"),
        "{said}"
    );
    assert!(lasted < Duration::from_secs(10), "{lasted:?}");
}
