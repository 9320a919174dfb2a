//! What the speed layer costs over Apache Kafka, beside bare consumption of the same topic.
//!
//! Each command is one run in a process of its own, so that its processor time and its memory are
//! nobody else's, and prints one JSON line. `benches/kafka/run.sh` interleaves them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod bare;
mod events;
mod live;
mod open;
mod replay;
mod usage;

use std::time::Duration;

use clap::{Parser, Subcommand};

/// One run.
#[derive(Parser)]
struct Arguments {
    #[arg(long, env = "KAFKA_BROKERS")]
    brokers: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fill a topic of four partitions with lz4 batches of JSON events of 180 bytes.
    Fill {
        topic: String,
        #[arg(long, default_value_t = 5_000_000)]
        events: u64,
    },
    /// Consume the topic and drop what comes.
    Bare { topic: String },
    /// Follow the topic from its beginning with the speed layer, until all of it is sealed.
    Replay { topic: String },
    /// Send events at a steady rate, whether or not they are kept up with, and see each of them
    /// become visible, in the published snapshot and in the sink's topic.
    Open {
        #[arg(long, default_value_t = 50_000)]
        rate: u64,
        #[arg(long, default_value = "80")]
        seconds: u64,
    },
}

fn main() {
    let arguments = Arguments::parse();
    let brokers = &arguments.brokers;
    let line = match arguments.command {
        Command::Fill { topic, events } => events::fill(brokers, &topic, events),
        Command::Bare { topic } => bare::run(brokers, &topic),
        Command::Replay { topic } => replay::run(brokers, &topic),
        Command::Open { rate, seconds } => open::run(brokers, rate, Duration::from_secs(seconds)),
    };
    println!("{line}");
}
