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
# What is asked above the fold, by a reader of its own.
for view in views/worst_airports.sql views/balance.sql; do
    for architecture in lambda truth; do
        "$seam" run "$view" --input "$input" --as "$architecture" --format json >"$folder/rows.jsonl"
        scripts/python.sh scripts/questions.py "$view" --input "$input" --rows "$folder/rows.jsonl"
        echo "$architecture and DuckDB agree on $(wc -l <"$folder/rows.jsonl") rows of $view"
    done
done
scripts/nexmark.sh
