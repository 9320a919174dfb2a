#!/usr/bin/env bash
# The third witness: a view over a file of events, evaluated by DuckDB; see duckdb.py.
# duckdb.sh VIEW.sql --input FILE [--view NAME]
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
exec "$scripts/python.sh" "$scripts/duckdb.py" "$@"
