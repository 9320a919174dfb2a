//! What a speed layer that follows measures, for Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use shared_logic::identity::TopicPartition;
use speed_layer::watch::Event;
use tiny_http::{Header, Request, Response, Server};

use crate::failure::{Failure, Outcome};

/// Names and values that tell lines of one metric apart.
type Labels = Vec<(&'static str, String)>;

/// A number that comes and goes, with a fraction.
type Real = Gauge<f64, AtomicU64>;

/// All that is measured; cheap to clone, and each clone counts into the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    events: Family<Labels, Counter>,
    rejected: Family<Labels, Counter>,
    late: Family<Labels, Counter>,
    checkpoints: Family<Labels, Counter>,
    sealed_bytes: Family<Labels, Counter>,
    restarts: Family<Labels, Counter>,
    bytes: Family<Labels, Counter>,
    rebalances: Family<Labels, Counter>,
    lag: Family<Labels, Gauge>,
    watermark: Family<Labels, Real>,
    runs: Family<Labels, Gauge>,
    checkpoint_seconds: Family<Labels, Real>,
    checkpoint_bytes: Family<Labels, Gauge>,
    waiting: Family<Labels, Gauge>,
}

impl Metrics {
    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("seam");
        all.register("events", "Events folded", self.events.clone());
        all.register(
            "rejected",
            "Events that could not be read",
            self.rejected.clone(),
        );
        all.register(
            "late",
            "Events that came too late for the view",
            self.late.clone(),
        );
        all.register("read", "Bytes of keys and values read", self.bytes.clone());
        all.register(
            "lag",
            "Offsets not read yet, by partition",
            self.lag.clone(),
        );
        all.register_with_unit(
            "watermark",
            "Greatest event time, by partition",
            Unit::Seconds,
            self.watermark.clone(),
        );
        all.register("runs", "Runs of the open fold", self.runs.clone());
        all.register("checkpoints", "Checkpoints made", self.checkpoints.clone());
        all.register_with_unit(
            "checkpoint",
            "How long the last checkpoint took",
            Unit::Seconds,
            self.checkpoint_seconds.clone(),
        );
        all.register_with_unit(
            "checkpoint",
            "How large the last checkpoint is",
            Unit::Bytes,
            self.checkpoint_bytes.clone(),
        );
        all.register(
            "sealed",
            "Bytes of all checkpoints",
            self.sealed_bytes.clone(),
        );
        all.register(
            "restarts",
            "Open folds that did not fit",
            self.restarts.clone(),
        );
        all.register(
            "rebalances",
            "Partitions assigned, revoked or lost",
            self.rebalances.clone(),
        );
        all.register(
            "waiting",
            "1 while the topic or the store cannot be reached",
            self.waiting.clone(),
        );
        all
    }

    /// Takes in what happened to the fold `view`.
    pub fn told(&self, view: &str, event: Event<'_>) {
        let labels = vec![("view", view.to_owned())];
        let on = |on: &str| vec![("view", view.to_owned()), ("on", on.to_owned())];
        match event {
            Event::Published {
                records,
                counters,
                runs,
            } => {
                self.events.get_or_create(&labels).inc_by(records);
                (self.rejected.get_or_create(&labels)).inc_by(counters.rejected);
                self.late.get_or_create(&labels).inc_by(counters.late);
                self.runs.get_or_create(&labels).set(signed(runs as u64));
            }
            Event::Sealed { sealed, took } => {
                self.checkpoints.get_or_create(&labels).inc();
                (self.sealed_bytes.get_or_create(&labels)).inc_by(sealed.bytes);
                (self.checkpoint_bytes.get_or_create(&labels)).set(signed(sealed.bytes));
                (self.checkpoint_seconds.get_or_create(&labels)).set(took.as_secs_f64());
            }
            Event::Restarted { .. } => {
                self.restarts.get_or_create(&labels).inc();
            }
            Event::Waiting { on: what, .. } => {
                self.waiting.get_or_create(&on(what)).set(1);
            }
            Event::Recovered { on: what } => {
                self.waiting.get_or_create(&on(what)).set(0);
            }
            Event::Standing { tail, snapshot } => {
                reach(&self.bytes.get_or_create(&labels), tail.bytes);
                (reach(&self.rebalances.get_or_create(&labels), tail.rebalances));
                let partition = |place: &TopicPartition| {
                    vec![("view", view.to_owned()), ("partition", place.to_string())]
                };
                // What is another process's now is no longer said here.
                self.lag.clear();
                self.watermark.clear();
                for place in tail.positions.0.keys() {
                    let lag = signed(tail.lag(place));
                    self.lag.get_or_create(&partition(place)).set(lag);
                    let span = snapshot.coverage.0.get(place);
                    if let Some(mark) = span.and_then(|span| span.watermark_after) {
                        let seconds = mark.0.0 as f64 / 1e6;
                        (self.watermark.get_or_create(&partition(place))).set(seconds);
                    }
                }
            }
            Event::Assigned(_)
            | Event::Revoked(_)
            | Event::Lost(_)
            | Event::Uncommitted { .. }
            | Event::Stopped => {}
        }
    }

    /// Answers `GET /metrics` at `address` as long as the process lives.
    pub fn serve(&self, address: SocketAddr) -> Outcome {
        let server = Server::http(address)
            .map_err(|error| Failure::input(format!("--metrics {address}: {error}")))?;
        let registry = Arc::new(self.registry());
        let answer = move || {
            for request in server.incoming_requests() {
                // Who has hung up needs no answer.
                let _ = respond(request, &registry);
            }
        };
        thread::Builder::new()
            .name("metrics".into())
            .spawn(answer)?;
        Ok(())
    }
}

fn respond(request: Request, registry: &Registry) -> std::io::Result<()> {
    let mut text = String::new();
    if request.url() != "/metrics" || encode(&mut text, registry).is_err() {
        return request.respond(Response::from_string("GET /metrics\n").with_status_code(404));
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut response = Response::from_string(text);
    if let Ok(header) = Header::from_bytes("Content-Type", kind) {
        response.add_header(header);
    }
    request.respond(response)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Brings a counter to what was counted elsewhere.
fn reach(counter: &Counter, total: u64) {
    counter.inner().fetch_max(total, Ordering::Relaxed);
}
