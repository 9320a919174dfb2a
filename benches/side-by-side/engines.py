"""The other engines, each in a process of its own: a case a line in, its times a line out."""

import json
import os
import sys
import time
from pathlib import Path

import pyarrow.parquet

from cases import Case

THREADS = 2


def files(place, source):
    """The files to read."""
    if source == "original":
        return [str(place / "events.parquet")]
    archive = place / "store" / "archive" / "events"
    return sorted(str(path) for path in archive.glob("partition=*/*.parquet"))


def duckdb():
    """DuckDB; the result as an Arrow table."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    connection.execute("SET preserve_insertion_order = false")

    def run(case, paths):
        source = f"read_parquet({paths}, hive_partitioning = false)"
        sql = case.sql(source, 'epoch_us("at")', "//", "(SELECT unnest(range(6)) AS o)")
        return connection.sql(sql).to_arrow_table()

    return run


def polars():
    """Polars' streaming engine; the result as a data frame."""
    import polars

    col = polars.col

    def run(case, paths):
        rows = polars.scan_parquet(paths, hive_partitioning=False)
        window = col("at").cast(polars.Int64) // case.size
        grouped = rows.group_by(w=window, key=col(case.column)).agg(
            n=polars.len(), total=col(case.value).sum(), most=col(case.value).max()
        )
        if case.hops:
            hops = [grouped.with_columns(w=col("w") - hop) for hop in range(6)]
            grouped = (
                polars.concat(hops)
                .group_by("w", "key")
                .agg(col("n").sum(), col("total").sum(), col("most").max())
            )
        return grouped.collect(engine="streaming")

    return run


def datafusion():
    """DataFusion; the result as Arrow batches."""
    import datafusion

    config = datafusion.SessionConfig().with_target_partitions(THREADS)
    context = datafusion.SessionContext(config)
    known = {}

    def run(case, paths):
        folder = os.path.commonpath(paths) if len(paths) > 1 else paths[0]
        if folder not in known:
            known[folder] = f"source_{len(known)}"
            context.register_parquet(known[folder], folder)
        six = "(VALUES (0), (1), (2), (3), (4), (5)) AS hop(o)"
        sql = case.sql(known[folder], 'CAST("at" AS BIGINT)', "/", six)
        return context.sql(sql).collect()

    return run


def arrow(result):
    """A result as an Arrow table."""
    if isinstance(result, list):
        return pyarrow.Table.from_batches(result)
    return result if isinstance(result, pyarrow.Table) else result.to_arrow()


def main():
    run = {"duckdb": duckdb, "polars": polars, "datafusion": datafusion}[sys.argv[1]]()
    for line in sys.stdin:
        asked = json.loads(line)
        case, paths = Case(**asked["case"]), files(Path(asked["place"]), asked["source"])
        cpu, wall = time.process_time(), time.perf_counter()
        result = run(case, paths)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if asked["save"]:
            pyarrow.parquet.write_table(arrow(result), asked["save"], compression="none")
        del result
        print(json.dumps({"wall": wall, "cpu": cpu}), flush=True)


if __name__ == "__main__":
    main()
