"""The third witness: evaluates a view over a file of events with DuckDB.

duckdb.py VIEW.sql --input FILE.parquet|.jsonl|.ndjson|.json|.csv [--view NAME]

Prints what `seam run --format json` prints: one object a line, sorted by window and key. It reads
the .sql in a way of its own, simpler than Seamline's: the TUMBLE of a view becomes arithmetic, the
rest is left to DuckDB, whose dialect has few differences in what views use. A record is left out
where its line is broken, where a column that the view names does not convert, is NULL against
NOT NULL, or where it has no event time. An overflow ends the script, and a division by zero is NULL
here.
"""

import argparse
import datetime
import decimal
import json
import math
import re
import sys

import duckdb

UNITS = {"microsecond": 1, "millisecond": 1000, "second": 10**6, "minute": 60 * 10**6}
UNITS |= {"hour": 3600 * 10**6, "day": 86400 * 10**6, "week": 7 * 86400 * 10**6}

INTEGERS = ("TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT")


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


def split(text: str) -> list[str]:
    """The parts between the commas that are in no parentheses."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == "'"
        if not quoted:
            depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def micros(interval: str) -> int:
    found = re.fullmatch(r"(?i)INTERVAL\s*(?:'\s*(\d+)\s*(\w*)\s*'|(\d+))\s*(\w*)", interval.strip())
    if not found:
        sys.exit(f"cannot read the interval {interval}")
    unit = (found[2] or found[4]).lower().removesuffix("s")
    return int(found[1] or found[3]) * UNITS[unit]


def tables(sql: str) -> dict[str, list[tuple[str, str, bool]]]:
    """Each table's columns: name, type, and whether NULL is forbidden."""
    found = {}
    for create in re.finditer(r"(?i)CREATE\s+TABLE\s+(\w+)\s*\(", sql):
        columns = []
        for item in split(sql[create.end() : closing(sql, create.end() - 1)]):
            if not re.match(r"(?i)WATERMARK\b", item):
                name, kind = re.match(r"(\w+)\s+(\w+(?:\s*\([\d\s,]*\))?)", item).groups()
                kind = "TIMESTAMP" if kind.upper().startswith("TIMESTAMP") else kind
                columns.append((name.lower(), kind, bool(re.search(r"(?i)\bNOT\s+NULL\b", item))))
        found[create[1].lower()] = columns
    return found


def window(select: str) -> tuple[str, str, str, int, int]:
    """The SELECT with plain names for its window; table, time column, size and offset."""
    call = re.search(r"(?i)(\bTABLE\s*\(\s*)?\bTUMBLE\s*\(", select)
    if not call:
        sys.exit("the view has no TUMBLE")
    end = closing(select, call.end() - 1)
    names = ["data", "timecol", "size", "offset"]
    given = {}
    for place, argument in enumerate(split(select[call.end() : end])):
        named = re.match(r"(\w+)\s*=>\s*(.*)", argument, re.S)
        given[named[1].lower() if named else names[place]] = named[2] if named else argument
    if call[1]:
        end = closing(select, call.start() + call[1].index("("))
    if re.match(r"(?is)\s*INTERVAL\b", given["timecol"]):
        # GROUP BY TUMBLE(time, size): the table stands behind FROM.
        given["offset"], given["size"], given["timecol"] = (
            given.get("size", "INTERVAL '0' SECOND"), given["timecol"], given["data"])
        parts = re.search(r"(?i)\bFROM\s+(\w+)", select)
        table = parts[1]
        select = re.sub(r"(?i)\bTUMBLE_(START|END)\s*\([^()]*\)", r"window_\1", select)
        call = re.search(r"(?i)\bTUMBLE\s*\(", select)
        end = closing(select, call.end() - 1)
        select = select[: call.start()] + "window_start, window_end" + select[end + 1 :]
        select = re.sub(r"(?i)\bFROM\s+\w+", "FROM windowed", select, count=1)
    else:
        table = re.sub(r"(?i)^TABLE\s+|\s+PARTITION\s+BY.*$", "", given["data"]).strip()
        select = select[: call.start()] + "windowed" + select[end + 1 :]
    time = re.sub(r"(?i)^DESCRIPTOR\s*\(\s*(\w+)\s*\)$", r"\1", given["timecol"].strip())
    select = re.sub(rf"(?i)\b{table}\s*\.", "", select)
    offset = micros(given.get("offset", "INTERVAL '0' SECOND"))
    return select, table.lower(), time, micros(given["size"]), offset


def instant(text: str) -> str:
    """An ISO 8601 text in UTC; a plain TIMESTAMP would pass over its offset."""
    return f"TRY_CAST({text} AS TIMESTAMPTZ)::TIMESTAMP"


def millis(text: str) -> str:
    return f"make_timestamp(TRY_CAST(TRY_CAST({text} AS DECIMAL(38, 3)) * 1000 AS BIGINT))"


def whole(text: str, kind: str) -> str:
    """An integer; a plain cast would round."""
    double = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN {double} = trunc({double}) THEN TRY_CAST({text} AS {kind}) END"


def converted(name: str, kind: str, path: str) -> tuple[str, str]:
    """A column in its type, and whether the file holds something there."""
    family = re.match(r"\w+", kind)[0].upper()
    if not path.endswith((".jsonl", ".ndjson", ".json")):
        text = f'"{name}"'
        if family == "TIMESTAMP" and path.endswith(".csv"):
            value = f"coalesce({instant(text)}, {millis(text)})"
        elif family in INTEGERS:
            value = whole(text, kind)
        else:
            value = f"TRY_CAST({text} AS {kind})"
        return value, f"{text} IS NOT NULL"
    value = f"(line -> '$.\"{name}\"')"
    text, form = f"({value} ->> '$')", f"json_type({value})"
    number = f"{form} IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
    some = f"{form} IS NOT NULL AND {form} <> 'NULL'"
    if family == "TIMESTAMP":
        return f"CASE WHEN {number} THEN {millis(text)} WHEN {form} = 'VARCHAR' THEN {instant(text)} END", some
    if family in ("DECIMAL", "NUMERIC", "DEC"):
        number = f"({number} OR {form} = 'VARCHAR')"
    if family in ("VARCHAR", "TEXT", "STRING", "CHAR", "DATE"):
        return f"CASE WHEN {form} = 'VARCHAR' THEN TRY_CAST({text} AS {kind}) END", some
    if family in ("BOOLEAN", "BOOL"):
        return f"CASE WHEN {form} = 'BOOLEAN' THEN {text}::BOOLEAN END", some
    if family in INTEGERS:
        return f"CASE WHEN {number} THEN {whole(text, kind)} END", some
    return f"CASE WHEN {number} THEN TRY_CAST({text} AS {kind}) END", some


def source(path: str) -> str:
    if path.endswith(".parquet"):
        return f"read_parquet('{path}')"
    if path.endswith(".csv"):
        return (f"read_csv('{path}', header = true, all_varchar = true, delim = ',', quote = '\"', "
                "escape = '\"', ignore_errors = true, null_padding = false, allow_quoted_nulls = false)")
    if path.endswith((".jsonl", ".ndjson", ".json")):
        lines = f"SELECT unnest(string_split(content, chr(10))) AS line FROM read_text('{path}')"
        return f"(SELECT line::JSON AS line FROM ({lines}) WHERE json_valid(line) AND json_type(line) = 'OBJECT')"
    sys.exit(f"{path}: expected .parquet, .jsonl, .ndjson, .json or .csv")


def query(sql: str, view: str | None, path: str) -> str:
    sql = re.sub(r"--[^\n]*", "", sql)
    views = re.findall(r"(?is)CREATE\s+(?:MATERIALIZED\s+)?VIEW\s+(\w+)\s+AS\s+(SELECT.*?)\s*(?:;|$)", sql)
    chosen = [select for name, select in views if view is None or name.lower() == view.lower()]
    if not chosen:
        sys.exit(f"there is no view {view or 'in the file'}")
    select, table, time, size, offset = window(chosen[-1])
    columns, kept = [], [f'"{time.lower()}" IS NOT NULL']
    for name, kind, required in tables(sql)[table]:
        if re.search(rf"(?i)\b{name}\b", select) or name == time.lower():
            value, some = converted(name, kind, path)
            columns += [f'{value} AS "{name}"', f'({some}) AS "{name} is there"']
            kept.append(f'("{name}" IS NOT NULL OR NOT "{name} is there")')
            if required:
                kept.append(f'"{name}" IS NOT NULL')
    into = f'(((epoch_us("{time.lower()}") - {offset}) % {size}) + {size}) % {size}'
    keys = [key for key in split(re.search(r"(?is)\bGROUP\s+BY\s+(.*)$", select)[1])
            if key.lower() not in ("window_start", "window_end")]
    order = ", ".join(f"{key} NULLS FIRST" for key in ["window_start", *keys])
    return f"""
        WITH typed AS (SELECT {', '.join(columns)} FROM {source(path)}),
        readable AS (SELECT *, {into} AS into_window FROM typed WHERE {' AND '.join(kept)}),
        windowed AS (SELECT *, make_timestamp(epoch_us("{time.lower()}") - into_window) AS window_start,
                     make_timestamp(epoch_us("{time.lower()}") - into_window + {size}) AS window_end
                     FROM readable)
        {select} ORDER BY {order}"""


def shown(value: object) -> str:
    match value:
        case float() if not math.isfinite(value):
            return '"NaN"' if math.isnan(value) else f'"{value}"'
        case datetime.datetime():
            text = value.isoformat(timespec="microseconds")
            return f'"{text.rstrip("0").rstrip(".")}Z"'
        case datetime.date():
            return f'"{value.isoformat()}"'
        case decimal.Decimal():
            return f"{value:f}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("sql", metavar="VIEW.sql")
    options.add_argument("--input", required=True, metavar="FILE")
    options.add_argument("--view", metavar="NAME", help="the last view by default")
    given = options.parse_args()
    db = duckdb.connect(config={"threads": 1})
    db.execute("SET TimeZone = 'UTC'; SET integer_division = true")
    with open(given.sql, encoding="utf-8") as file:
        rows = db.execute(query(file.read(), given.view, given.input))
    names = [json.dumps(column[0]) for column in rows.description]
    while chunk := rows.fetchmany(10_000):
        for row in chunk:
            fields = (f"{name}:{shown(value)}" for name, value in zip(names, row))
            print("{" + ",".join(fields) + "}")


if __name__ == "__main__":
    try:
        main()
    except (OSError, duckdb.Error) as error:
        sys.exit(f"duckdb.py: {error}")
