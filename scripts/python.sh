#!/usr/bin/env bash
# Runs a Python script with the pinned DuckDB, in a virtual environment of its own below target/.
# python.sh SCRIPT [ARGUMENT…]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
duckdb=2.0.0
environment=$root/target/python-duckdb-$duckdb

if [ ! -e "$environment/ready" ]; then
    python3 -m venv "$environment" >&2
    "$environment/bin/pip" install --quiet --disable-pip-version-check "duckdb==$duckdb" >&2
    touch "$environment/ready"
fi

# Isolated: a script named duckdb.py must not stand before the module of that name.
exec "$environment/bin/python" -I "$@"
