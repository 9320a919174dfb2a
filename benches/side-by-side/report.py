"""Times as a table: ratios, their mean, and where Seamline loses."""

import math
import statistics

OTHERS = ["polars", "duckdb", "datafusion"]


def spread(times, kind="wall"):
    """Median and range, in milliseconds."""
    taken = [1000 * time[kind] for time in times]
    return f"{statistics.median(taken):.0f} ({min(taken):.0f}–{max(taken):.0f})"


def median(times, kind="wall"):
    """The median in seconds."""
    return statistics.median(time[kind] for time in times)


def row(case, times, sources, groups):
    """One row of the table, and the ratio in it."""
    fastest = min(OTHERS, key=lambda engine: median(times[engine]))
    ratio = median(times[fastest]) / median(times["seamline"])
    cells = [str(case), f"{groups:,}", spread(times["seamline"])]
    cells += [f"{spread(times[engine])} {sources[engine][0]}" for engine in OTHERS]
    noise = median(times["again"]) / median(times["seamline"])
    cpu = "/".join(f"{median(times[engine], 'cpu'):.2f}" for engine in ["seamline", *OTHERS])
    cells += [f"{noise:.2f}", cpu, f"**{ratio:.2f}** {fastest}"]
    return "| " + " | ".join(cells) + " |", ratio


def header():
    """The head of the table."""
    names = ["case", "groups met", "seam batch, ms", *(f"{name}, ms" for name in OTHERS)]
    names += ["A/A", "CPU s: seam/" + "/".join(OTHERS), "fastest other / seam"]
    return "| " + " | ".join(names) + " |\n|" + "---|" * len(names)


def summary(ratios):
    """The geometric mean of ratios by case, and those below 1."""
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios.values()))
    lost = [f"{case} ({ratio:.2f})" for case, ratio in ratios.items() if ratio < 1]
    return f"geometric mean {mean:.2f}; Seamline loses: {'; '.join(lost) or 'nowhere'}"
