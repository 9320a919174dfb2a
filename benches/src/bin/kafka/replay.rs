//! The topic from its beginning, folded, published and sealed.

use std::time::Instant;

use event_log::EventLog;
use serde_json::{Value, json};
use view_store::manifest::Delivery;

use crate::events::{self, RATE};
use crate::live::Layer;
use crate::usage;

pub fn run(brokers: &str, topic: &str) -> Value {
    let layer = Layer::new(brokers, topic);
    let end = layer.log().unwrap().end().unwrap();
    let processor = usage::processor();
    let begun = Instant::now();
    let mut live = layer.follow(Delivery::ExactlyOnce, Box::new(()));
    let published = live.published();
    while !published.load().offsets.reaches(&end) {
        live.step().unwrap();
    }
    let visible = begun.elapsed().as_secs_f64();
    live.stop().unwrap();
    let line = json!({
        "run": "replay",
        "seconds": begun.elapsed().as_secs_f64(),
        "visible": visible,
        "processor": usage::processor() - processor,
        "memory": usage::memory(),
    });
    let events: u64 = end.0.values().map(|next| next.0).sum();
    assert_eq!(
        layer.answer(),
        events::answer(events, RATE),
        "the answer is wrong"
    );
    let mut line = line;
    line["events"] = events.into();
    line
}
