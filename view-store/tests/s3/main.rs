//! A store in a bucket: what a server may do that a disk does not.
//!
//! Most run against a server in this process that misbehaves when it is told to. Those that are
//! ignored need a real one: `scripts/s3.sh start` prints the variables that they read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use view_store::blobs::s3::S3;
use view_store::entropy::Seeded;

use server::{Kind, Server};

mod contract;
mod lost;
mod refused;
mod server;

/// The store `s3://bucket/store` on a server of this process.
fn store(server: &Server) -> S3 {
    static CLIENTS: AtomicU64 = AtomicU64::new(1);
    let seed = CLIENTS.fetch_add(1, Ordering::Relaxed);
    S3::connect(
        "s3://bucket/store",
        server.variables(),
        Arc::new(Seeded::new(seed)),
    )
    .unwrap()
}

/// A server that does as it should, and a store on it.
fn good() -> (Server, S3) {
    let server = Server::start(Kind::default());
    let store = store(&server);
    (server, store)
}
