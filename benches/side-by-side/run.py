"""`seam batch` beside Polars, DuckDB and DataFusion: answers first, then times."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb

import report
from cases import Case
from data import KEYS, make
from seamline import Refused, Seamline


class Engine:
    """Another engine in its own warm process."""

    def __init__(self, name, threads="2"):
        environment = os.environ | {"POLARS_MAX_THREADS": threads}
        script = str(Path(__file__).with_name("engines.py"))
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-s", script, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def run(self, case, place, source, save=None):
        asked = {"case": vars(case), "place": str(place), "source": source, "save": save}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} failed at: {case}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def facts(sql):
    """Groups, sums of counts, sums and maxima, and a hash over all rows.

    The sum of no value is NULL in SQL and 0 in Polars; both are taken for 0.
    """
    return duckdb.sql(
        "SELECT COUNT(*), SUM(n)::HUGEINT, SUM(total)::HUGEINT, SUM(most)::HUGEINT,"
        " BIT_XOR(hash(w::BIGINT, key, n::BIGINT, COALESCE(total, 0)::BIGINT, most::BIGINT))"
        f" FROM ({sql})"
    ).fetchall()[0]


def verify(case, place, seamline, engines):
    """Compares all answers; returns the number of groups."""
    if case.hops:
        mine = tuple(int(number) for number in seamline.printed.split()[-1].split(","))
    else:
        mine = facts(seamline.landed(case, place))
    save = str(place / "result.parquet")
    for engine in engines:
        engine.run(case, place, "original", save)
        theirs = facts(f"SELECT * FROM read_parquet('{save}')")[: len(mine)]
        if theirs != mine:
            raise SystemExit(f"{case}: {engine.name} answers {theirs}, seam {mine}")
    Path(save).unlink()
    return mine[0]


def compare(case, place, seamline, options):
    """All times of one case, and where each engine reads."""
    engines = [Engine(name) for name in report.OTHERS]
    seamline.run(case, place)
    groups = verify(case, place, seamline, engines)
    sources = {}
    for engine in engines:
        tried = {
            source: min(engine.run(case, place, source)["wall"] for _ in range(2))
            for source in ("archive", "original")
        }
        sources[engine.name] = min(tried, key=tried.get)
    times = {name: [] for name in ["seamline", *report.OTHERS, "again"]}
    started = time.monotonic()
    for done in range(options.rounds):
        if done >= 3 and time.monotonic() - started > options.seconds:
            break
        times["seamline"].append(seamline.run(case, place))
        for engine in engines:
            times[engine.name].append(engine.run(case, place, sources[engine.name]))
        times["again"].append(seamline.run(case, place))
    for engine in engines:
        engine.close()
    return times, sources, groups


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--root", type=Path, required=True, help=argparse.SUPPRESS)
    add("--events", type=int, default=20_000_000)
    add("--groups", type=int, nargs="+", default=[100, 100_000, 10_000_000])
    add("--keys", nargs="+", choices=KEYS, default=["integer", "string"])
    add("--nulls", nargs="+", choices=["no", "yes"], default=["no", "yes"])
    add("--windows", nargs="+", choices=["tumble", "hop"], default=["tumble", "hop"])
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=60, help="for the rounds of a case, of which there are at least 3")
    add("--seam", type=Path, help="the binary; target/release/seam by default")
    add("--folder", type=Path, help="where data is kept; target/side-by-side by default")
    return parser.parse_args()


def main():
    asked = options()
    seam = asked.seam or asked.root / "target/release/seam"
    folder = asked.folder or asked.root / "target/side-by-side"
    seamline = Seamline(seam, asked.keys)
    ratios = {}
    print(f"{asked.events:,} events; wall time in ms: median (range); a: the archive's columns, o: the original file\n")
    print(report.header(), flush=True)
    for window in asked.windows:
        for groups in asked.groups if window == "tumble" else asked.groups[:2]:
            place = make(folder, seam, groups, asked.events, asked.keys)
            for key in asked.keys:
                for nulls in asked.nulls if window == "tumble" else ["no"]:
                    case = Case(window, key, groups, nulls == "yes")
                    try:
                        times, sources, met = compare(case, place, seamline, asked)
                    except Refused as refused:
                        print(f"left out: {case}: {refused}", file=sys.stderr)
                        continue
                    line, ratios[case] = report.row(case, times, sources, met)
                    print(line, flush=True)
    print("\n" + report.summary(ratios))


if __name__ == "__main__":
    main()
