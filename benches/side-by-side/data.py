"""Events from a seed, as one Parquet file, and the archive that `seam` makes of it."""

import math
import shutil
import subprocess

import numpy
import pyarrow
import pyarrow.parquet

WINDOW = 60_000_000
START = 1_704_067_200_000_000  # 2024-01-01, a multiple of WINDOW
KEYS = {
    "integer": "item BIGINT",
    "string": "name VARCHAR",
    "sparse": "token BIGINT",
    "long": "session VARCHAR",
}


def shape(groups, events):
    """Windows and keys, so that about `groups` pairs of both occur."""
    windows = 10 if groups < 10_000 else 100
    target = groups / windows
    each = events / windows
    low, high = target, target * 1000
    if each <= target:
        raise SystemExit(f"{events} events cannot have {groups} groups")
    while high - low > 0.5:
        middle = (low + high) / 2
        met = middle * -math.expm1(-each / middle)
        low, high = (middle, high) if met < target else (low, middle)
    return windows, round(low)


def columns(groups, events, keys):
    """Columns by name; the time is nearly in order, as in a log."""
    random = numpy.random.default_rng(42)
    windows, count = shape(groups, events)
    at = numpy.arange(events, dtype=numpy.int64) * (windows * WINDOW) // events
    at = numpy.maximum(at - random.integers(0, 200_000, events), 0) + START
    number = random.integers(0, count, events)
    value = random.integers(0, 1_000_000, events)
    missing = random.random(events) < 0.1
    known = numpy.arange(count, dtype=numpy.uint64)
    mixed = known * numpy.uint64(0x9E3779B97F4A7C15)
    yield "at", pyarrow.array(at, pyarrow.timestamp("us"))
    if "integer" in keys:
        yield "item", pyarrow.array(number)
    if "sparse" in keys:
        yield "token", pyarrow.array(mixed.view(numpy.int64)).take(pyarrow.array(number))
    if "string" in keys:
        names = pyarrow.array([f"item-{n:07}" for n in range(count)])
        yield "name", names.take(pyarrow.array(number))
    if "long" in keys:
        names = pyarrow.array([f"session-{n:016x}-{n % 1000:03}" for n in mixed.tolist()])
        yield "session", names.take(pyarrow.array(number))
    yield "value", pyarrow.array(value)
    yield "gappy", pyarrow.array(value, mask=missing)


def table(keys):
    """The table's definition for `seam`."""
    names = ", ".join(text for key, text in KEYS.items() if key in keys)
    return (
        f"CREATE TABLE events (at TIMESTAMP NOT NULL, {names}, value BIGINT, gappy BIGINT)"
        " WITH (event_time = 'at');\n"
    )


def make(folder, seam, groups, events, keys):
    """Events and their archive below `folder`, made once; returns the folder of this data."""
    place = folder / f"{events}-{groups}-{'-'.join(keys)}"
    if (place / "ready").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    made = pyarrow.table(dict(columns(groups, events, keys)))
    pyarrow.parquet.write_table(made, place / "events.parquet", row_group_size=131_072)
    del made
    view = place / "archive.sql"
    view.write_text(
        table(keys)
        + "CREATE VIEW counts AS SELECT window_start, COUNT(*) AS n"
        " FROM TUMBLE(events, at, INTERVAL '60' SECOND) GROUP BY window_start, window_end;\n"
    )
    subprocess.run(
        [seam, "archive", view, "--store", place / "store", "--input", place / "events.parquet"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (place / "ready").touch()
    return place
