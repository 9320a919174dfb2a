#!/usr/bin/env bash
# A third witness: DuckDB computes the example view by itself, and must agree with every architecture.
set -euo pipefail
cd "$(dirname "$0")/.."
seam=${SEAM:-target/release/seam}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
view=views/delay_by_airport.sql
input=data/flights-week.parquet
scripts/duckdb.sh "$view" --input "$input" >"$folder/duckdb.jsonl"
for architecture in batch speed lambda kappa truth; do
    "$seam" run "$view" --input "$input" --as "$architecture" --format json >"$folder/$architecture.jsonl"
    python3 scripts/agree.py "$folder/$architecture.jsonl" "$folder/duckdb.jsonl"
    echo "$architecture and DuckDB agree on $(wc -l <"$folder/duckdb.jsonl") rows"
done
