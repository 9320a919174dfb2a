#!/usr/bin/env bash
# Everything that must hold before a change lands: format, lints, docs, tests, Kafka, S3, DuckDB.
# Installs what it needs from Debian's packages where it may, or says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

# need COMMAND PACKAGE: makes sure that COMMAND is there.
need() {
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq >/dev/null && apt-get install -y -qq "$2" >/dev/null && return
    fi
    echo "missing: $1 (Debian package $2); install it and run this script again" >&2
    exit 2
}

step "tools"
need cc gcc
need make make
need cmake cmake
need perl perl
need strace strace
need python3 python3
python3 -c 'import ensurepip' 2>/dev/null || need pyvenv python3-venv
need java openjdk-17-jre-headless
need mvn maven

step "format"
cargo fmt --all --check

step "build"
cargo build --release --workspace --all-targets

step "lints"
cargo clippy --release --workspace --all-targets --quiet -- -D warnings

step "docs"
RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --quiet

step "tests"
cargo test --release --workspace

# In a folder of its own: with other features everything would be built again, there and back.
step "without SQL"
cargo test --release -p shared-logic -p seamline --no-default-features --target-dir target/without-sql

step "Kafka"
trap 'scripts/kafka.sh stop' EXIT
eval "$(scripts/kafka.sh start | grep '^KAFKA_')"
export KAFKA_BROKERS KAFKA_SECURE
cargo test --release --workspace --test 'kafka*' -- --ignored

step "a soak over Kafka"
cargo test --release -p cli --test soak -- --ignored --nocapture
scripts/kafka.sh stop
trap - EXIT

step "S3"
trap 'scripts/s3.sh stop' EXIT
(
    eval "$(scripts/s3.sh start | sed 's/^/export /')"
    cargo test --release --workspace --tests -- --ignored s3_
)
scripts/s3.sh stop
trap - EXIT

# Without a browser the test says so in one line, and fails where CI is set.
step "pages"
(need chromium chromium) || true
cargo test --release -p cli --test page -- --ignored --nocapture

step "a third witness: DuckDB"
scripts/witness.sh

step "done"
