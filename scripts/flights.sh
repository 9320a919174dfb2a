#!/usr/bin/env bash
# Makes data/flights-week.parquet from the flights in the npm package vega-datasets, and with
# the argument "full" data/flights-full.parquet too; prints how late the flights of each are.
set -euo pipefail

usage="usage: flights.sh [full]"
[ $# -le 1 ] && [ "${1:-full}" = full ] || { echo "$usage" >&2; exit 2; }

scripts=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$scripts")
package=vega-datasets-3.2.1
checksum=dbeb920c90f59b6ccaff823dcc3d08f25a97fa1ce128d93f40be4e931f5900b0
source=$root/target/$package/package/data/flights-3m.parquet

if [ ! -e "$source" ]; then
    mkdir -p "$root/target/$package"
    (cd "$root/target/$package" && npm pack --silent "${package%-*}@${package##*-}" >&2)
    tar -xzf "$root/target/$package/$package.tgz" -C "$root/target/$package" package/data/flights-3m.parquet
fi
echo "$checksum  $source" | sha256sum --check --quiet

"$scripts/python.sh" "$scripts/flights.py" "$source" "$root/data/flights-week.parquet" week
if [ $# = 1 ]; then
    "$scripts/python.sh" "$scripts/flights.py" "$source" "$root/data/flights-full.parquet" full
fi
