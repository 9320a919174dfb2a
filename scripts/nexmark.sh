#!/usr/bin/env bash
# The Nexmark queries by DuckDB: their answers are those of views/nexmark/answers.txt and of Seamline.
# With --write the file is written anew.
set -euo pipefail
cd "$(dirname "$0")/.."
seam=${SEAM:-target/release/seam}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
input=data/nexmark.parquet
duckdb() {
    scripts/python.sh scripts/questions.py "$@" --input "$input"
}
for sql in $(ls views/nexmark/*.sql | sort -V); do
    query=$(basename "$sql" .sql)
    echo "$query $(duckdb "$sql" --answer)" >>"$folder/answers.txt"
    "$seam" run "$sql" --input "$input" --as lambda --format json >"$folder/rows.jsonl"
    duckdb "$sql" --rows "$folder/rows.jsonl"
    echo "$query: lambda and DuckDB agree on $(wc -l <"$folder/rows.jsonl") rows"
done
if [ "${1:-}" = --write ]; then
    cp "$folder/answers.txt" views/nexmark/answers.txt
fi
diff views/nexmark/answers.txt "$folder/answers.txt"
