#!/usr/bin/env python3
"""Whether two files of JSON lines hold the same rows, floats within a relative 1e-9.

agree.py A.jsonl B.jsonl

Exits with 0 where they agree; with 1, and the first line that differs, where they do not; with 2
where one cannot be read. A number is a float where either file writes it with a point or an
exponent; the order of the fields counts.
"""

import itertools
import json
import math
import sys

TOLERANCE = 1e-9


def same(a: object, b: object) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return a[0] == b[0] and same(a[1], b[1])
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b))
    if numbers and (isinstance(a, float) or isinstance(b, float)):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=0.0)
    return type(a) is type(b) and a == b


def lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: agree.py A.jsonl B.jsonl", file=sys.stderr)
        return 2
    try:
        pairs = itertools.zip_longest(*map(lines, sys.argv[1:]))
        for number, (a, b) in enumerate(pairs, start=1):
            equal = a is not None and b is not None and (
                a == b or same(*(json.loads(line, object_pairs_hook=list) for line in (a, b))))
            if not equal:
                print(f"line {number} differs:")
                for path, line in zip(sys.argv[1:], (a, b)):
                    print(f"  {path}: {'nothing, the file has ended' if line is None else line}")
                return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
