"""The third witness of whole views: DuckDB evaluates a job with all that is above its folds.

questions.py JOB.sql --input FILE.parquet [--view NAME]                 prints the rows
questions.py JOB.sql --input FILE.parquet --rows SEAM.jsonl             compares them with others
questions.py JOB.sql --input FILE.parquet --answer                      prints their number and hash

Rows are compared whatever their order, floats to twelve digits. The .sql is read in a way of its own:
a window function in FROM becomes a subquery that puts every event into its windows, a table becomes
a view over the file, and the rest is DuckDB's, clause by clause as it is written. The events must be
readable: values are cast, and a value that cannot be is an error here.
"""

import argparse
import datetime
import decimal
import json
import os
import re
import sys

import duckdb

UNITS = {"microsecond": 1, "millisecond": 1000, "second": 10**6, "minute": 60 * 10**6}
UNITS |= {"hour": 3600 * 10**6, "day": 86400 * 10**6, "week": 7 * 86400 * 10**6}


def closing(text: str, start: int) -> int:
    """The index of the parenthesis that closes the one at `start`."""
    depth, quoted = 0, False
    for at in range(start, len(text)):
        quoted ^= text[at] == "'"
        if not quoted:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            if depth == 0:
                return at
    sys.exit(f"no closing parenthesis: {text[start:start + 40]}")


def split(text: str, at: str) -> list[str]:
    """The parts between the letters `at` that are in no parentheses."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == "'"
        if not quoted:
            depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == at and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def micros(interval: str) -> int:
    found = re.fullmatch(r"(?i)INTERVAL\s*'\s*(\d+)\s*(\w*)\s*'\s*(\w*)", interval.strip())
    if not found:
        sys.exit(f"cannot read the interval {interval}")
    return int(found[1]) * UNITS[(found[2] or found[3]).lower().removesuffix("s")]


def table(statement: str, sql: str, source: str) -> str:
    """CREATE TABLE as a view over its file."""
    create = re.match(r"(?is)CREATE\s+TABLE\s+(\w+)\s*\(", statement)
    end = closing(statement, create.end() - 1)
    options = dict(re.findall(r"(?i)(\w+)\s*=\s*'([^']*)'", statement[end:]))
    if path := options.get("path"):
        source = os.path.join(os.path.dirname(sql), path)
    columns = []
    for item in split(statement[create.end() : end], ","):
        if not re.match(r"(?i)WATERMARK\b", item):
            name, kind = re.match(r"(\w+)\s+(\w+(?:\s*\([\d\s,]*\))?)", item).groups()
            columns.append(f'CAST("{name.lower()}" AS {kind}) AS "{name.lower()}"')
    return f"CREATE VIEW {create[1]} AS SELECT {', '.join(columns)} FROM '{source}'"


def windowed(name: str, arguments: list[str]) -> str:
    """Every event in each of its windows."""
    data, time, *lengths = (re.sub(r"(?is)^\w+\s*=>\s*", "", argument) for argument in arguments)
    time = re.sub(r"(?is)^DESCRIPTOR\s*\(\s*(\w+)\s*\)$", r"\1", time)
    keys = re.search(r"(?is)\bPARTITION\s+BY\s+(.*)$", data)
    data = re.match(r"(?is)(?:TABLE\s+)?(\w+)", data)[1]
    first, *rest = map(micros, lengths)
    at = f"epoch_us({time})"
    match name.upper():
        case "TUMBLE":
            offset = rest[0] if rest else 0
            start = f"{at} - ((({at} - {offset}) % {first}) + {first}) % {first}"
            return f"(SELECT *, make_timestamp({start}) AS window_start, make_timestamp({start} + {first}) AS window_end FROM {data})"
        case "HOP":
            size, offset = rest[0], rest[1] if len(rest) > 1 else 0
            last = f"{at} - ((({at} - {offset}) % {first}) + {first}) % {first}"
            oldest = f"{last} - {(size - 1) // first * first}"
            inside = f"{at} < start + {size}"
            return f"(SELECT * EXCLUDE start, make_timestamp(start) AS window_start, make_timestamp(start + {size}) AS window_end FROM (SELECT *, unnest(range({oldest}, {last} + 1, {first})) AS start FROM {data}) WHERE {inside})"
        case "SESSION":
            by = "PARTITION BY " + re.sub(r"^\((.*)\)$", r"\1", keys[1].strip()) if keys else ""
            more = f"{by}, session" if by else "PARTITION BY session"
            new = f"SELECT *, CASE WHEN {at} - lag({at}) OVER ({by} ORDER BY {time}) <= {first} THEN 0 ELSE 1 END AS new FROM {data}"
            numbered = f"SELECT *, sum(new) OVER ({by} ORDER BY {time} ROWS UNBOUNDED PRECEDING) AS session FROM ({new})"
            return f"(SELECT * EXCLUDE (new, session), min({time}) OVER ({more}) AS window_start, make_timestamp(max({at}) OVER ({more}) + {first}) AS window_end FROM ({numbered}))"
    sys.exit(f"{name} is not known here")


def rewritten(sql: str) -> str:
    """The statement with a subquery in place of each window function in FROM."""
    while call := re.search(r"(?i)\b(TABLE\s*\(\s*)?\b(TUMBLE|HOP|SESSION)\s*\(", sql):
        end = closing(sql, call.end() - 1)
        query = windowed(call[2], split(sql[call.end() : end], ","))
        if call[1]:
            end = closing(sql, call.start() + call[1].index("("))
        sql = sql[: call.start()] + query.replace("TABLE", "table") + sql[end + 1 :]
    return sql


def plain(value: object) -> object:
    """A value as both sides write it."""
    match value:
        case bool() | None:
            return value
        case datetime.datetime():
            return value.isoformat(timespec="microseconds").rstrip("0").rstrip(".") + "Z"
        case datetime.date():
            return value.isoformat()
        case float() | decimal.Decimal():
            mantissa, exponent = f"{float(value):.11e}".split("e")
            return f"{mantissa}e{int(exponent)}"
        case _:
            return value


def lines(rows: list[dict[str, object]]) -> list[str]:
    """The rows as JSON, sorted as text."""
    texts = (json.dumps({name: plain(value) for name, value in row.items()}, ensure_ascii=False,
                        sort_keys=True, separators=(",", ":")) for row in rows)
    return sorted(texts)


def hashed(texts: list[str]) -> str:
    """FNV-1a in 64 bits of the lines, each with its end."""
    value = 0xCBF29CE484222325
    for byte in "".join(f"{text}\n" for text in texts).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("sql", metavar="JOB.sql")
    options.add_argument("--input", required=True, metavar="FILE")
    options.add_argument("--view", metavar="NAME", help="the last view by default")
    options.add_argument("--rows", metavar="FILE", help="JSON lines to compare with")
    options.add_argument("--answer", action="store_true", help="print the number of rows and their hash")
    given = options.parse_args()
    with open(given.sql, encoding="utf-8") as file:
        text = re.sub(r"--[^\n]*", "", file.read())
    db = duckdb.connect(config={"threads": 1})
    db.execute("SET TimeZone = 'UTC'; SET integer_division = true")
    view = None
    for statement in split(text, ";"):
        if re.match(r"(?i)CREATE\s+TABLE\b", statement):
            db.execute(table(statement, given.sql, given.input))
        elif create := re.match(r"(?is)CREATE\s+VIEW\s+(\w+)(\s+WITH\s*\([^)]*\))?\s+AS\s+(.*)$", statement):
            db.execute(f"CREATE VIEW {create[1]} AS {rewritten(create[3])}")
            view = create[1]
    rows = db.execute(f"SELECT * FROM {given.view or view}")
    names = [column[0] for column in rows.description]
    mine = lines([dict(zip(names, row)) for row in rows.fetchall()])
    if given.rows:
        with open(given.rows, encoding="utf-8") as file:
            others = [json.loads(line) for line in file]
        # What is a float is known of the one side alone: the other may write it without a point.
        kinds = ((column[0], str(column[1]).upper()) for column in rows.description)
        floats = {name for name, kind in kinds if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL"))}
        for row in others:
            for name in floats & row.keys():
                row[name] = None if row[name] is None else float(row[name])
        others = lines(others)
        if mine != others:
            print(f"{given.sql}: {len(mine)} rows of DuckDB, {len(others)} of the other; first of each that the other has not:")
            print("  ", next(iter(sorted(set(mine) - set(others))), "none"))
            print("  ", next(iter(sorted(set(others) - set(mine))), "none"))
            return 1
    elif given.answer:
        print(f"{len(mine)} {hashed(mine)}")
    else:
        print(*mine, sep="\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, duckdb.Error) as error:
        sys.exit(f"questions.py: {error}")
