#!/usr/bin/env bash
# An S3 server on loopback, for tests and trials: moto from PyPI, in a virtual environment of its own.
# Everything it keeps is below target/s3, its objects in memory.
# s3.sh start     prints AWS_ENDPOINT_URL=… and what else a client needs, once the server answers
# s3.sh stop      ends the server that start began; its objects are gone
# s3.sh status    prints the same as start and exits 0 where it runs, else exits 1
set -euo pipefail

moto=5.2.5
root=$(cd "$(dirname "$0")/.." && pwd)
home=$root/target/s3
environment=$home/python-moto-$moto
run=$home/run

fail() { echo "s3.sh: $1" >&2; exit 1; }

# Whether the server that start began is still there.
running() {
    [ -e "$run/pid" ] || return 1
    # A number may have gone to another process since: ours names our folder.
    ps -o args= -p "$(cat "$run/pid")" 2>/dev/null | grep -qF "$run/client"
}

free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        if ! (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port found between 20000 and 32000"
}

fetch() {
    [ ! -e "$environment/ready" ] || return 0
    command -v python3 > /dev/null || fail "no python3: install Python 3.10 or later"
    echo "s3.sh: fetching moto $moto from PyPI" >&2
    python3 -m venv "$environment" >&2 || fail "python3 makes no virtual environment: install its package venv"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "moto[s3,server]==$moto" >&2 ||
        fail "pip could not fetch moto $moto"
    touch "$environment/ready"
}

start() {
    if running; then
        cat "$run/client"
        return
    fi
    fetch
    rm -rf "$run"
    mkdir -p "$run"
    # A session of its own, so that no signal of this terminal reaches it.
    setsid "$environment/bin/python" -I "$root/scripts/s3.py" "$(free_port)" "$run/client" \
        > "$run/s3.log" 2>&1 < /dev/null &
    echo "$!" > "$run/pid"
    for _ in $(seq 300); do
        if [ -e "$run/client" ]; then
            cat "$run/client"
            return
        fi
        # At first the process still has the name of this script.
        sleep 0.2
        running || fail "the server ended while it started, see $run/s3.log"
    done
    stop
    fail "the server did not answer in time, see $run/s3.log"
}

stop() {
    ! running || kill "$(cat "$run/pid")"
    rm -rf "$run/pid" "$run/client"
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    status) running && cat "$run/client" ;;
    *) echo "usage: s3.sh start|stop|status" >&2; exit 2 ;;
esac
