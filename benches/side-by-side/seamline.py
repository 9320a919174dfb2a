"""Seamline's part: the process `seam batch`, and what it landed."""

import os
import shutil
import subprocess
import time

import pyarrow.parquet


class Refused(Exception):
    """`seam` does not know the view's SQL."""


class Seamline:
    """`seam` over one folder of data."""

    def __init__(self, seam, keys):
        self.seam = seam
        self.keys = keys

    def run(self, case, place):
        """Lands the case in a store without jobs; seconds of wall and processor."""
        view = place / f"{case.name}.sql"
        view.write_text(case.view(self.keys))
        jobs = place / "store" / "jobs"
        shutil.rmtree(jobs, ignore_errors=True)
        os.sync()
        wall = time.perf_counter()
        before = os.times()
        commands = [["batch", view]]
        if case.hops:
            commands.append(["query", f"SELECT COUNT(*), SUM(n), SUM(total), SUM(most) FROM {case.name}", "--format", "csv"])
        for command in commands:
            done = subprocess.run(
                [self.seam, *command, "--store", place / "store"], capture_output=True, text=True
            )
            if done.returncode == 2 and case.hops:
                raise Refused(done.stderr.strip())
            if done.returncode:
                raise SystemExit(f"seam {command[0]}: {done.stderr}")
        wall = time.perf_counter() - wall
        after = os.times()
        cpu = (after.children_user + after.children_system) - (
            before.children_user + before.children_system
        )
        self.printed = done.stdout
        return {"wall": wall, "cpu": cpu}

    def landed(self, case, place):
        """The landed segments as SQL for DuckDB, with the columns of the other engines."""
        segments = sorted((place / "store" / "jobs" / case.name / "segments").glob("*.parquet"))
        names = pyarrow.parquet.read_schema(segments[0]).names
        total, most = (next(name for name in names if name.endswith(end)) for end in ("_sum", "_max"))
        return (
            f"SELECT epoch_us(window_start) // {case.size} AS w, key_0 AS key, events AS n,"
            f" {total} AS total, {most} AS most"
            f" FROM read_parquet({[str(path) for path in segments]})"
        )
