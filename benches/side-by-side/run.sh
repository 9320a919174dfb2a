#!/usr/bin/env bash
# `seam batch` beside Polars, DuckDB and DataFusion, in a virtual environment of its own below target/.
# run.sh [OPTION…]; --help lists them
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
packages="polars==2.1.0 duckdb==2.0.0 datafusion==55.0.0 pyarrow==26.0.1 numpy==2.4.6"
environment=$root/target/python-side-by-side

if [ "$(cat "$environment/ready" 2>/dev/null)" != "$packages" ]; then
    python3 -m venv --clear "$environment" >&2
    # shellcheck disable=SC2086
    "$environment/bin/pip" install --quiet --disable-pip-version-check $packages >&2
    echo "$packages" >"$environment/ready"
fi

# -u PYTHONPATH and -s: nothing but this folder and the environment is imported.
exec env -u PYTHONPATH "$environment/bin/python" -s "$here/run.py" --root "$root" "$@"
