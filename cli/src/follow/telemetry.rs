//! What a speed layer that follows says about itself: a line on stderr for what matters.

use shared_logic::identity::TopicPartition;
use speed_layer::watch::{Event, Watch};
use tracing::{error, info, warn};

use super::metrics::Metrics;

/// The voice of one fold.
#[derive(Debug)]
pub struct Telemetry {
    view: String,
    group: String,
    metrics: Metrics,
}

impl Telemetry {
    /// Of the fold `view`, which follows as a member of `group`.
    pub fn new(view: &str, group: &str, metrics: Metrics) -> Self {
        let (view, group) = (view.to_owned(), group.to_owned());
        info!(view, group, "following");
        Self {
            view,
            group,
            metrics,
        }
    }
}

impl Watch for Telemetry {
    fn told(&mut self, event: Event<'_>) {
        let (view, group) = (&self.view, &self.group);
        self.metrics.told(view, event);
        match event {
            Event::Assigned(places) => {
                info!(view, group, partitions = list(places), "partitions claimed");
            }
            Event::Revoked(places) => {
                info!(
                    view,
                    group,
                    partitions = list(places),
                    "partitions handed over"
                );
            }
            Event::Lost(places) => {
                warn!(
                    view,
                    group,
                    partitions = list(places),
                    "partitions lost, what was open in them is folded by their new owner"
                );
            }
            Event::Sealed { sealed, took } => info!(
                view,
                manifest = sealed.manifest.number.0,
                segments = sealed.segments,
                bytes = sealed.bytes,
                took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "sealed"
            ),
            Event::Restarted { why } => {
                warn!(view, why, "the open fold does not fit and is folded again");
            }
            Event::Waiting { on, why } => warn!(view, on, why, "waiting"),
            Event::Recovered { on } => info!(view, on, "recovered"),
            Event::Uncommitted { why } => {
                error!(
                    view,
                    group, why, "the group was not told how far the view is"
                );
            }
            Event::Stopped => info!(view, group, "stopped, all is sealed"),
            Event::Published { .. } | Event::Standing { .. } => {}
        }
    }
}

fn list(places: &[TopicPartition]) -> String {
    let shown: Vec<String> = places.iter().map(ToString::to_string).collect();
    shown.join(",")
}
