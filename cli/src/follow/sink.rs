//! `--sink`: the rows of the view as a changelog in a topic.

use std::sync::Arc;

use event_log::EventLog;
use event_log::kafka::{KafkaChangelog, Writing};
use shared_logic::identity::Topic;
use shared_logic::job::Job;
use shared_logic::view::View;
use speed_layer::downstream::Downstream;
use speed_layer::sink::Follower;
use speed_layer::sink::thread::{News, Sink};
use tracing::{info, warn};
use view_store::job::JobStore;
use view_store::manifest::Generation;

use crate::args;
use crate::cluster::{PATIENCE, cluster};
use crate::failure::{Failure, OrInput, Outcome};

/// What follows on the speed layer of `view`, which reads `log`: the sink, if one is named.
pub fn downstream(
    args: &args::Speed,
    view: &View,
    job: &JobStore,
    log: &dyn EventLog,
) -> Outcome<Box<dyn Downstream>> {
    let Some(topic) = &args.follow.sink else {
        return Ok(Box::new(()));
    };
    let emit = args.follow.emit;
    emit.check(view).map_err(Failure::input)?;
    let name = format!("seamline-{}-{topic}", view.name);
    let Some(cluster) = cluster(&args.log.kafka)? else {
        return Err(Failure::input("no brokers for the sink: give --brokers"));
    };
    // Whoever accepts repetitions does not want to wait for transactions either.
    let open_fold = args.follow.delivery == args::Delivery::AtLeast;
    let writing = match open_fold {
        true => Writing::Plain,
        false => Writing::Transactions,
    };
    let partitions = u32::try_from(log.partitions()?.len()).unwrap_or(u32::MAX);
    let changelog = KafkaChangelog::open(
        &cluster,
        &Topic::new(topic),
        &name,
        writing,
        partitions,
        PATIENCE,
    );
    let changelog = Box::new(changelog.or_input()?);
    let follower = Follower::new(job, &name, Box::new(compile), emit, changelog);
    let (view, topic) = (view.name.clone(), topic.clone());
    let told = move |news: News| match news {
        News::Leads => info!(view, topic, "this process feeds the sink"),
        News::Left => info!(view, topic, "another process feeds the sink"),
        News::Emitted(emission) => {
            let (rows, gone) = (emission.rows, emission.gone);
            info!(view, topic, rows, gone, "emitted");
        }
        News::Waiting(why) => warn!(view, topic, why, "the sink waits"),
    };
    Ok(Box::new(Sink::start(
        follower,
        emit,
        open_fold,
        Box::new(told),
    )?))
}

/// The fold of a generation, from the SQL in its manifest.
fn compile(generation: &Generation) -> Result<Arc<View>, String> {
    let name = &generation.view;
    let job = Job::compile(name, &generation.sql).map_err(|error| error.to_string())?;
    let mut folds = job.questions.iter().flat_map(|question| &question.folds);
    let found = folds.find(|fold| fold.fingerprint == generation.fingerprint);
    found.cloned().ok_or_else(|| {
        format!("the SQL kept of {name} has another logic for this program: run seam reprocess")
    })
}
