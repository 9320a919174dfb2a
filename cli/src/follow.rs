//! `seam speed --follow`: the topic for as long as it is let, until SIGTERM or SIGINT.

mod lines;
mod metrics;
mod sink;
mod telemetry;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use event_log::archiver;
use event_log::kafka::KafkaTail;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use speed_layer::clock::Steady;
use speed_layer::error::SpeedError;
use speed_layer::live::{Live, Options, Ports};
use view_store::manifest::Delivery;

use crate::args;
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::Loaded;
use crate::store;
use metrics::Metrics;
use telemetry::Telemetry;

/// Joins the group and follows, fold by fold, each on a thread of its own.
pub fn run(args: &args::Speed) -> Outcome {
    if !args.log.input.is_empty() {
        return Err(Failure::input(
            "--follow follows a topic: leave out --input, or leave out --follow to read the file to its end",
        ));
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // Who asks a second time does not want to wait.
        register_conditional_shutdown(signal, 1, Arc::clone(&stop))?;
        register(signal, Arc::clone(&stop))?;
    }
    lines::to_stderr(args.follow.log_format);
    let loaded = Loaded::open(&args.view)?;
    let store = store::open(&args.store)?;
    if args.follow.sink.is_some() {
        loaded.one_fold("--sink")?;
    }
    let metrics = Metrics::default();
    if let Some(address) = args.follow.metrics {
        metrics.serve(address)?;
    }
    let mut lives = Vec::new();
    for view in loaded.folds() {
        let log = store::kafka_log(&args.log, &view.table.topic)?;
        if let Some(archive) = store::archive_if_named(&args.store, &args.archive, view)? {
            archiver::verify(&log, &archive)?;
        }
        let job = store::job(&store, view)?;
        let origin = store::origin(&job, &args.from, &log)?;
        let generation = store::generation(&job, &loaded, view, &origin)?;
        store::same_log(&job, generation, &log)?;
        // Each fold needs every partition, so each is a group of its own.
        let group = match (&args.follow.group, loaded.folds()) {
            (None, _) => format!("seamline-{}", view.name),
            (Some(name), [_]) => name.clone(),
            (Some(name), _) => format!("{name}-{}", view.name),
        };
        let options = Options {
            checkpoint_every: args.checkpoint_every,
            checkpoint_within: args.follow.checkpoint_within.into(),
            delivery: args.follow.delivery.into(),
            strict: args.fold.strict,
            ..Options::default()
        };
        let downstream = sink::downstream(args, view, &job, &log)?;
        let ports = Ports {
            tail: Box::new(KafkaTail::follow(log, Some(&group))?),
            downstream,
            watch: Box::new(Telemetry::new(&view.name, &group, metrics.clone())),
            clock: Box::new(Steady::start()),
        };
        lives.push(Live::new(view, &job, generation, options, ports).or_input()?);
    }
    follow(lives, &stop)?;
    Ok(())
}

/// Follows all until one fails or `stop` is set; then all stop.
fn follow(lives: Vec<Live>, stop: &AtomicBool) -> Result<(), SpeedError> {
    thread::scope(|scope| {
        let threads: Vec<_> = (lives.into_iter())
            .map(|live| {
                scope.spawn(|| {
                    let done = live.run(stop);
                    stop.store(true, Ordering::Relaxed);
                    done
                })
            })
            .collect();
        let ends = threads.into_iter().map(|thread| thread.join());
        ends.map(|end| end.unwrap_or(Err(SpeedError::Panicked)))
            .fold(Ok(()), Result::and)
    })
}

impl From<args::Delivery> for Delivery {
    fn from(delivery: args::Delivery) -> Self {
        match delivery {
            args::Delivery::AtMost => Self::AtMostOnce,
            args::Delivery::AtLeast => Self::AtLeastOnce,
            args::Delivery::Exactly => Self::ExactlyOnce,
        }
    }
}
