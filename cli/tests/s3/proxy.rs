//! Between a client and a server: forwards requests, and loses some of them or of their answers.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What happened to requests.
#[derive(Debug, Default)]
pub struct Fates {
    pub forwarded: AtomicU64,
    /// Done by the server, and nobody was told.
    pub answers_lost: AtomicU64,
    /// Of these, objects that were created.
    pub creations_lost: AtomicU64,
    /// Never seen by the server.
    pub requests_lost: AtomicU64,
    /// Answered here with an error.
    pub refused: AtomicU64,
}

/// A proxy on loopback, which ends with the process.
pub struct Proxy {
    pub port: u16,
    pub fates: Arc<Fates>,
}

impl Proxy {
    /// A proxy before `server` (`HOST:PORT`), unlucky as `seed` says.
    pub fn start(server: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let fates = Arc::new(Fates::default());
        let (server, shared) = (server.to_owned(), Arc::clone(&fates));
        let drawn = Arc::new(AtomicU64::new(seed));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, fates) = (server.clone(), Arc::clone(&shared));
                let drawn = Arc::clone(&drawn);
                std::thread::spawn(move || serve(&client, &server, &fates, &drawn));
            }
        });
        Self { port, fates }
    }
}

/// Forwards until either side closes its connection, or a request meets its fate.
fn serve(client: &TcpStream, server: &str, fates: &Fates, drawn: &AtomicU64) {
    let Ok(upstream) = TcpStream::connect(server) else {
        return;
    };
    let (mut requests, mut answers) = (BufReader::new(client), BufReader::new(&upstream));
    while let Some(request) = message(&mut requests, false) {
        let count = |what: &AtomicU64| what.fetch_add(1, Ordering::Relaxed);
        let dice = roll(count(drawn));
        if dice < 4 {
            count(&fates.requests_lost);
            return;
        }
        if dice < 8 {
            // A conflict is what a rival's request may cause; other requests meet a busy server.
            let status = match request.starts_with(b"PUT") {
                true if dice < 6 => "409 Conflict",
                _ => "503 Slow Down",
            };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            count(&fates.refused);
            if { client }.write_all(answer.as_bytes()).is_err() {
                return;
            }
            continue;
        }
        if { &upstream }.write_all(&request).is_err() {
            return;
        }
        let Some(answer) = message(&mut answers, request.starts_with(b"HEAD")) else {
            return;
        };
        if dice < 20 {
            count(&fates.answers_lost);
            if request.starts_with(b"PUT") && answer.starts_with(b"HTTP/1.1 200") {
                count(&fates.creations_lost);
            }
            return;
        }
        count(&fates.forwarded);
        if { client }.write_all(&answer).is_err() {
            return;
        }
    }
}

/// A request or an answer, whole; `None` where it ends early.
fn message(from: &mut impl BufRead, head_only: bool) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        all.extend_from_slice(line.as_bytes());
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    if !head_only {
        let head = all.len();
        all.resize(head + length, 0);
        from.read_exact(&mut all[head..]).ok()?;
    }
    Some(all)
}

/// The nth number below 100 of a seed: splitmix64.
fn roll(nth: u64) -> u64 {
    let mut mixed = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % 100
}
