#!/usr/bin/env bash
# Everything that must hold before a change lands: format, lints, docs, tests, Kafka, S3, DuckDB.
# Installs what it needs from Debian's packages where it may, or says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

# have COMMAND PACKAGE: whether COMMAND is there, or can be installed.
have() {
    command -v "$1" >/dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    apt-get update -qq >/dev/null && apt-get install -y -qq "$2" >/dev/null && command -v "$1" >/dev/null
}

# need COMMAND PACKAGE: makes sure that COMMAND is there.
need() {
    have "$1" "$2" && return
    echo "missing: $1 (Debian package $2); install it and run this script again" >&2
    exit 2
}

# not_done WHAT WHY: says what is left out; where CI is set nothing may be.
not_done() {
    printf '\n!! NOT DONE: %s: %s\n' "$1" "$2" >&2
    [ -z "${CI:-}" ] || exit 2
}

step "tools"
need cc gcc
need make make
need cmake cmake
need perl perl
need strace strace
need python3 python3
python3 -c 'import ensurepip' 2>/dev/null || need pyvenv python3-venv
docker=no
if command -v docker >/dev/null && timeout 5 docker info >/dev/null 2>&1; then docker=yes; fi
kafka=$docker
if [ "$docker" = no ] && have java openjdk-17-jre-headless && have mvn maven; then kafka=yes; fi
no_kafka() {
    not_done "the tests over Kafka and the soak" "there is neither a Docker engine nor Java 17 and Maven (Debian packages openjdk-17-jre-headless and maven)"
}
# Where that is a failure, it is one before the hour of the other steps.
[ "$kafka" = yes ] || [ -z "${CI:-}" ] || no_kafka

step "format"
cargo fmt --all --check

# The benches are looked at by the lints.
step "build"
cargo test --release --workspace --no-run

step "lints"
cargo clippy --release --workspace --all-targets --quiet -- -D warnings

step "docs"
RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --quiet

step "tests"
cargo test --release --workspace

# In a folder of its own: with other features everything would be built again, there and back. What
# is asked is whether it builds and is right, so it is optimized less.
step "without SQL"
CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo test --release -p shared-logic -p seamline \
    --no-default-features --target-dir target/without-sql

if [ "$kafka" = yes ]; then
    step "Kafka"
    trap 'scripts/kafka.sh stop' EXIT
    eval "$(scripts/kafka.sh start | grep '^KAFKA_')"
    export KAFKA_BROKERS
    tests=(--test 'kafka*')
    if [ -n "${KAFKA_SECURE:-}" ]; then
        export KAFKA_SECURE
    else
        not_done "the tests of TLS, passwords and rights" "from Docker the broker has no listeners for them; they need Java 17 and Maven, and no Docker engine"
        tests=()
        for path in event-log/tests/kafka*.rs cli/tests/kafka*.rs; do
            case $path in
                */kafka_secure.rs | */kafka_closed.rs) ;;
                *) tests+=(--test "$(basename "$path" .rs)") ;;
            esac
        done
    fi
    cargo test --release --workspace "${tests[@]}" -- --ignored

    step "a soak over Kafka"
    cargo test --release -p cli --test soak -- --ignored --nocapture
    scripts/kafka.sh stop
    trap - EXIT
else
    no_kafka
fi

step "S3"
trap 'scripts/s3.sh stop' EXIT
(
    client=$(scripts/s3.sh start)
    # Not for the steps behind this one.
    eval "$(sed 's/^/export /' <<< "$client")"
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
