"""Turns the flights of vega-datasets into events in the order in which they became known.

flights.py SOURCE.parquet TARGET.parquet week|full

Writes the same bytes whenever it runs, and prints as a Markdown table how far events are behind
the watermark of their partition. data/README.md says where the figures come from.
"""

import sys

import duckdb

PARTITIONS = 4

# The source's `date` is taken for the scheduled departure, and an event arrives `delay` minutes later.
SCHEDULED = "date"
ARRIVAL = "date + to_minutes(delay)"

WHICH = {"week": "date < TIMESTAMP '2001-01-08'", "full": "true"}


def murmur2(data: bytes) -> int:
    """The 32-bit hash that Kafka's partitioner uses."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition(key: str) -> int:
    return (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS


def write(db: duckdb.DuckDBPyConnection, source: str, target: str, which: str) -> None:
    flights = db.read_parquet(source)
    nulls = flights.filter(" OR ".join(f"{name} IS NULL" for name in flights.columns))
    if (count := len(nulls)) > 0:
        sys.exit(f"{source}: {count} flights have a NULL, so when they arrived is not known")
    db.sql(
        f"""
        SELECT {SCHEDULED} AS scheduled, delay::INTEGER AS delay, distance::INTEGER AS distance,
               origin, destination, {ARRIVAL} AS arrival
        FROM flights WHERE {WHICH[which]}
        ORDER BY arrival, scheduled, delay, distance, origin, destination
        """
    ).write_parquet(target, compression="zstd")


def lateness(db: duckdb.DuckDBPyConnection, target: str) -> str:
    """How far each event is behind the greatest event time of its partition's earlier events."""
    flights = db.read_parquet(target)
    origins = [row[0] for row in flights.select("origin").distinct().fetchall()]
    db.execute("CREATE TABLE places (origin VARCHAR, partition INTEGER)")
    db.executemany("INSERT INTO places VALUES (?, ?)", [(o, partition(o)) for o in origins])
    rows = db.sql(
        """
        WITH numbered AS (SELECT *, row_number() OVER () AS place FROM flights),
        marked AS (
            SELECT partition, scheduled, max(scheduled) OVER (
                PARTITION BY partition ORDER BY place
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS watermark
            FROM numbered JOIN places USING (origin)),
        judged AS (
            SELECT partition, coalesce(greatest(epoch(watermark - scheduled) / 60, 0), 0) AS behind,
                   coalesce(date_trunc('hour', scheduled) + INTERVAL 1 HOUR <= watermark, false) AS closed
            FROM marked)
        SELECT coalesce(partition::VARCHAR, 'all'), count(*), avg((behind > 0)::INT),
               quantile_disc(behind, 0.5), quantile_disc(behind, 0.99), max(behind), avg(closed::INT)
        FROM judged GROUP BY ROLLUP (partition) ORDER BY partition NULLS LAST
        """
    ).fetchall()
    lines = [
        "| partition | flights | late | p50 | p99 | max | window of 1 hour already over |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, count, late, p50, p99, most, closed in rows:
        lines.append(
            f"| {name} | {count:,} | {late:.1%} | {p50:.0f} min | {p99:.0f} min "
            f"| {most:,.0f} min | {closed:.1%} |"
        )
    return "\n".join(lines)


def main() -> None:
    source, target, which = sys.argv[1:]
    # One thread: the order of rows and so the bytes must not depend on the machine.
    db = duckdb.connect(config={"threads": 1})
    write(db, source, target, which)
    print(lateness(db, target))


if __name__ == "__main__":
    main()
