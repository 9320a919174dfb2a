#!/usr/bin/env bash
# The speed layer over Apache Kafka: replay beside bare consumption of the same topic, interleaved, and
# how soon an event is visible at a steady rate. Starts a broker of its own; answers are verified
# before a time is printed.
# run.sh [EVENTS [RUNS [SECONDS]]]    5,000,000 events, 5 runs of each, 80 seconds at 50,000 events/s
set -euo pipefail
cd "$(dirname "$0")/../.."

events=${1:-5000000}
runs=${2:-5}
seconds=${3:-80}
bench=target/release/kafka
lines=target/kafka-bench.jsonl

cargo build --release --package benches --package cli --bin kafka >&2
trap 'scripts/kafka.sh stop' EXIT
eval "$(scripts/kafka.sh start | grep '^KAFKA_BROKERS=')"
export KAFKA_BROKERS
topic=replay-$$
: > "$lines"
one() { "$bench" "$@" | tee -a "$lines" >&2; }

one fill "$topic" --events "$events"
# Once without a count, so that all find the topic in the system's cache.
"$bench" bare "$topic" > /dev/null
for _ in $(seq "$runs"); do
    one bare "$topic"
    one replay "$topic"
done
one open --seconds "$seconds"
python3 benches/kafka/report.py "$lines"
