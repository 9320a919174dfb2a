"""Medians of the runs in a file of JSON lines that run.sh has written."""

import json
import sys
from statistics import median


def main(path):
    with open(path) as lines:
        runs = [json.loads(line) for line in lines]
    bare = [run for run in runs if run["run"] == "bare"]
    replay = [run for run in runs if run["run"] == "replay"]
    for run in replay:
        # The client and the fold have read the same records.
        assert run["events"] == bare[0]["events"], run

    def middle(runs, figure):
        figures = [figure(run) for run in runs]
        return f"{median(figures):.3g} ({min(figures):.3g} to {max(figures):.3g})"

    def throughput(run):
        return run["events"] / run["seconds"] / 1e6

    def processor(run):
        return run["processor"] / run["events"] * 1e6

    print(f"{bare[0]['events']:,} events, {len(bare)} runs of each, interleaved; median (from to)")
    for name, runs_of in [("bare client", bare), ("speed layer", replay)]:
        print(
            f"  {name}: {middle(runs_of, throughput)} M events/s, "
            f"{middle(runs_of, processor)} CPU s per M events, "
            f"{middle(runs_of, lambda run: run['memory'] / 1e6)} MB"
        )
    ratio = median(map(throughput, replay)) / median(map(throughput, bare))
    above = median(map(processor, replay)) - median(map(processor, bare))
    print(f"  speed layer / bare: {ratio:.0%} of the throughput, {above:.2f} CPU s per M events above")
    for run in runs:
        if run["run"] == "open":
            print(f"{run['rate']:,} events/s, {run['events']:,} events, each counted; milliseconds")
            for name, place in [("visible_ms", "in the snapshot"), ("sink_ms", "in the sink's topic")]:
                seen = run[name]
                print(f"  {place}: p50 {seen['p50']:.1f}, p99 {seen['p99']:.1f}, max {seen['max']:.0f}")
                tens = " ".join(f"{p99:.0f}" for p99 in seen["p99_of_each_ten_seconds"])
                print(f"    p99 of each ten seconds: {tens}")
            print(f"  sent at most {run['sent_late_ms']:.1f} late, which counts; {run['memory'] / 1e6:.0f} MB")


main(sys.argv[1])
