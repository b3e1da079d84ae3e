"""Writes rows that a program printed as JSON into the canonical form of the dumps.

For a test that asks the warehouse: SELECT the columns (not the lineage), cast each to text in SQL
where JSON has no exact form for it (decimals, timestamps), and hand the rows over as lists.
"""

import datetime
import json
import re

_EXACT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?")


def canonical(value, sql_type):
    """The canonical text of a value as JSON gave it (text, number, boolean, None); ValueError when
    the value has lost exactness on the way or is none of the type."""
    base = re.match(r"[A-Z0-9 ]+", sql_type.upper()).group().strip()
    if value is None:
        return None
    if base in ("BOOLEAN", "BOOL"):
        text = str(value).lower()
        if text not in ("true", "false"):
            raise ValueError(f"{value!r} is no boolean")
        return text
    if base in ("FLOAT", "FLOAT8", "DOUBLE", "DOUBLE PRECISION"):
        return repr(float(value))
    if base in ("DECIMAL", "NUMERIC"):
        if isinstance(value, float) or not _EXACT.fullmatch(str(value)):
            raise ValueError(f"{value!r} is no exact decimal: ask for it as text")
        return str(value)
    if base in ("SMALLINT", "INT", "INTEGER", "BIGINT"):
        if isinstance(value, (float, bool)):
            raise ValueError(f"{value!r} is no integer")
        return str(int(value))
    if base == "TIMESTAMP":
        match = _MOMENT.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is no timestamp")
        fraction = (match.group(3) or "").rstrip("0")
        return f"{match.group(1)} {match.group(2)}" + (fraction if fraction != "." else "")
    if base == "DATE":
        return datetime.date.fromisoformat(value).isoformat()
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def write_dump(path, table, columns, rows):
    """columns: [(name, TYPE)]; rows: lists of values in that order."""
    lines = sorted(json.dumps([canonical(v, t) for v, (_, t) in zip(row, columns)], ensure_ascii=False)
                   for row in rows)
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps({"table": table, "columns": [list(c) for c in columns]}) + "\n")
        out.writelines(line + "\n" for line in lines)
