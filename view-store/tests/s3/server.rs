//! A small S3 server in this process, which can be told to misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How the server treats a request to create or overwrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whim {
    /// Does it, and closes the connection instead of answering.
    LoseAnswer,
    /// Does it, and says that it failed.
    DoAndFail,
    /// Does nothing and answers with this status.
    Refuse(u16),
    /// Does nothing and closes the connection.
    LoseRequest,
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kind {
    /// Creates what is there already.
    pub ignores_condition: bool,
    /// Forgets the metadata of objects.
    pub drops_metadata: bool,
    /// Answers everything with this error.
    pub error: Option<(u16, &'static str)>,
    /// Takes requests and never answers.
    pub silent: bool,
}

/// An object: its bytes and its metadata.
#[derive(Clone, Debug, Default)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub metadata: Vec<(String, String)>,
}

#[derive(Default)]
pub struct State {
    pub kind: Kind,
    /// For the next requests to put, one each; those to `spared` not counted.
    pub whims: VecDeque<Whim>,
    pub spared: Option<String>,
    /// All objects, by bucket and key.
    pub objects: BTreeMap<String, Object>,
    /// How often each object was put, whether it had an effect or not.
    pub puts: BTreeMap<String, u32>,
}

/// The server; it ends with the process.
#[derive(Clone)]
pub struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new(Mutex::new(State {
                kind,
                // The proof of a server is not what is tested with whims.
                spared: Some("conditional-puts.txt".to_owned()),
                ..State::default()
            })),
        };
        let state = Arc::clone(&server.state);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (connection, state) = (connection.unwrap(), Arc::clone(&state));
                std::thread::spawn(move || serve(&connection, &state));
            }
        });
        server
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The variables of a client.
    pub fn variables(&self) -> Vec<(String, String)> {
        let variables = [
            (
                "AWS_ENDPOINT_URL",
                &*format!("http://127.0.0.1:{}", self.port),
            ),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "somebody"),
            ("AWS_SECRET_ACCESS_KEY", "hush-hush"),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Answers requests until the client or a whim closes the connection.
fn serve(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection);
    while let Some(request) = read(&mut reader) {
        if state.lock().unwrap().kind.silent {
            std::thread::sleep(Duration::from_secs(60));
            return;
        }
        let Some((status, headers, body)) = answer(&request, &mut state.lock().unwrap()) else {
            return;
        };
        let mut text = format!(
            "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        let body = if request.method == "HEAD" {
            &[]
        } else {
            &*body
        };
        let all = [text.as_bytes(), b"\r\n", body].concat();
        if { connection }.write_all(&all).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Request {
        method,
        path: decoded(path.trim_matches('/')),
        query: query
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect(),
        headers,
        body,
    })
}

type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// The answer; `None` to close the connection.
fn answer(request: &Request, state: &mut State) -> Option<Answer> {
    if let Some((status, code)) = state.kind.error {
        return Some(fault(status, code));
    }
    match request.method.as_str() {
        "PUT" => put(request, state),
        "GET" if request.query.contains_key("list-type") => Some(list(request, state)),
        "GET" | "HEAD" => Some(match state.objects.get(&request.path) {
            None => fault(404, "NoSuchKey"),
            Some(object) => {
                let mut headers = object.metadata.clone();
                let time = "Wed, 21 Oct 2015 07:28:00 GMT".to_owned();
                headers.push(("Last-Modified".to_owned(), time));
                headers.push(("ETag".to_owned(), "\"one\"".to_owned()));
                (200, headers, object.bytes.clone())
            }
        }),
        "DELETE" => {
            state.objects.remove(&request.path);
            Some((204, vec![], vec![]))
        }
        _ => Some(fault(405, "MethodNotAllowed")),
    }
}

fn put(request: &Request, state: &mut State) -> Option<Answer> {
    *state.puts.entry(request.path.clone()).or_default() += 1;
    let spared = (state.spared.as_ref()).is_some_and(|spared| request.path.ends_with(spared));
    let whim = if spared {
        None
    } else {
        state.whims.pop_front()
    };
    match whim {
        Some(Whim::LoseRequest) => return None,
        Some(Whim::Refuse(status)) => return Some(fault(status, "Whim")),
        _ => {}
    }
    let conditional = request
        .headers
        .get("if-none-match")
        .is_some_and(|value| value == "*");
    let there = state.objects.contains_key(&request.path);
    let answer = if conditional && there && !state.kind.ignores_condition {
        fault(412, "PreconditionFailed")
    } else {
        let metadata = (request.headers.iter())
            .filter(|(name, _)| name.starts_with("x-amz-meta-") && !state.kind.drops_metadata)
            .map(|(name, value)| (name.clone(), value.clone()));
        let object = Object {
            bytes: request.body.clone(),
            metadata: metadata.collect(),
        };
        state.objects.insert(request.path.clone(), object);
        (200, vec![("ETag".to_owned(), "\"one\"".to_owned())], vec![])
    };
    match whim {
        Some(Whim::LoseAnswer) => None,
        Some(Whim::DoAndFail) => Some(fault(500, "InternalError")),
        _ => Some(answer),
    }
}

/// At most a thousand keys, as S3 gives them.
fn list(request: &Request, state: &State) -> Answer {
    let bucket = format!("{}/", request.path);
    let prefix = request.query.get("prefix").map_or("", String::as_str);
    let after = request
        .query
        .get("continuation-token")
        .map_or("", String::as_str);
    let mut keys = (state.objects.keys())
        .filter_map(|path| path.strip_prefix(&bucket))
        .filter(|key| key.starts_with(prefix) && *key > after);
    let page: Vec<&str> = keys.by_ref().take(1000).collect();
    let mut text = "<ListBucketResult>".to_owned();
    for key in &page {
        text += &format!(
            "<Contents><Key>{key}</Key><LastModified>2015-10-21T07:28:00.000Z</LastModified><ETag>one</ETag><Size>1</Size></Contents>"
        );
    }
    if keys.next().is_some() {
        let last = page.last().unwrap();
        text += &format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
        );
    }
    text += "</ListBucketResult>";
    (200, vec![], text.into_bytes())
}

fn fault(status: u16, code: &str) -> Answer {
    let text = format!("<Error><Code>{code}</Code><Message>as told</Message></Error>");
    (status, vec![], text.into_bytes())
}

fn decoded(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
