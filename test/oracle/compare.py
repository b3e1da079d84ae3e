#!/usr/bin/env python3
"""Compares two folders of canonical dumps (TABLE.jsonl) and shows the first differences.

Rows are compared as multisets, columns by name. Doubles are compared by value, all else by text.
Exit code 0: equal, 1: different, 2: a folder or file cannot be read.
"""

import argparse
import collections
import json
import os
import sys

_DOUBLES = ("FLOAT", "FLOAT8", "DOUBLE", "DOUBLE PRECISION", "REAL")


class Unreadable(Exception):
    pass


def read_dump(path):
    """(column names, types, rows as lists)."""
    try:
        with open(path, encoding="utf-8", newline="\n") as source:
            head = json.loads(next(source))
            rows = [json.loads(line) for line in source]
    except (OSError, ValueError, StopIteration) as problem:
        raise Unreadable(f"{path}: {problem or 'is empty'}") from None
    names = [name for name, _ in head["columns"]]
    wrong = next((n for n, row in enumerate(rows, 2) if len(row) != len(names)), None)
    if wrong:
        raise Unreadable(f"{path}: line {wrong} has not {len(names)} values")
    return names, dict(head["columns"]), rows


def _arranged(names, wanted, types, rows):
    """Rows as tuples in the order of the wanted columns, doubles as numbers' shortest text."""
    places = [names.index(name) for name in wanted]
    double = {p for p, name in zip(places, wanted) if types[name].upper() in _DOUBLES}
    return [tuple(repr(float(row[p])) if p in double and row[p] is not None else row[p] for p in places)
            for row in rows]


def _show(value):
    return "NULL" if value is None else json.dumps(value, ensure_ascii=False)


def _nearest(row, others):
    """The other side's row that shares most values, when it shares at least half."""
    best = max(others, key=lambda other: sum(a == b for a, b in zip(row, other)), default=None)
    if best is None or 2 * sum(a == b for a, b in zip(row, best)) < len(row):
        return None
    return best


def _shown_row(columns, row):
    return ", ".join(f"{c}={_show(v)}" for c, v in zip(columns, row) if v is not None)


def compare_tables(left, right, most):
    """Lines that say how the dumps differ; none when they are equal. left, right: read_dump()."""
    (left_names, left_types, left_rows), (right_names, right_types, right_rows) = left, right
    out = []
    for label, extra in (("only left", set(left_names) - set(right_names)),
                         ("only right", set(right_names) - set(left_names))):
        if extra:
            out.append(f"  columns {label}: {', '.join(sorted(extra))}")
    columns = [name for name in left_names if name in right_names]
    ours = collections.Counter(_arranged(left_names, columns, left_types, left_rows))
    theirs = collections.Counter(_arranged(right_names, columns, left_types | right_types, right_rows))
    missing, surplus = list((ours - theirs).elements()), list((theirs - ours).elements())
    if missing or surplus:
        out.append(f"  {len(missing)} rows only left, {len(surplus)} only right "
                   f"(of {len(left_rows)} and {len(right_rows)})")
    for row in sorted(missing, key=repr)[:most]:
        other = _nearest(row, surplus)
        if other is None:
            out.append("  only left: " + _shown_row(columns, row))
            continue
        surplus.remove(other)
        same = [(c, a) for c, a, b in zip(columns, row, other) if a == b and a is not None][:3]
        out.append("  differs (" + ", ".join(f"{c}={_show(v)}" for c, v in same) + ", …): "
                   + "; ".join(f"{c}: left {_show(a)}, right {_show(b)}"
                               for c, a, b in zip(columns, row, other) if a != b))
    if len(missing) <= most:
        out += ["  only right: " + _shown_row(columns, row) for row in sorted(surplus, key=repr)[:most - len(missing)]]
    return out


def _tables(folder):
    if not os.path.isdir(folder):
        raise Unreadable(f"{folder} is no folder")
    return {n[:-6] for n in os.listdir(folder) if n.endswith(".jsonl") and n != "files.jsonl"}


def compare_folders(left, right, most=10, only=None):
    """Lines about every table that differs."""
    out = []
    left_tables, right_tables = _tables(left), _tables(right)
    if only:
        for side, tables in ((left, left_tables), (right, right_tables)):
            if not tables >= set(only):
                raise Unreadable(f"{side} has no {', '.join(sorted(set(only) - tables))}")
        left_tables, right_tables = left_tables & set(only), right_tables & set(only)
    elif not left_tables | right_tables:
        raise Unreadable(f"there is no dump in {left} or {right}")
    for table in sorted(left_tables | right_tables):
        if table not in right_tables or table not in left_tables:
            out.append(f"{table}: only {'left' if table in left_tables else 'right'}")
            continue
        lines = compare_tables(read_dump(os.path.join(left, table + ".jsonl")),
                               read_dump(os.path.join(right, table + ".jsonl")), most)
        out += [f"{table}:"] + lines if lines else []
    return out


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("left", help="folder of dumps, as the oracle writes them")
    parser.add_argument("right")
    parser.add_argument("--most", type=int, default=10, help="differences shown for each table")
    parser.add_argument("--tables", help="compare only these, comma-separated")
    args = parser.parse_args(argv)
    try:
        lines = compare_folders(args.left, args.right, args.most, args.tables.split(",") if args.tables else None)
    except Unreadable as problem:
        print(f"compare.py: {problem}", file=sys.stderr)
        return 2
    print("\n".join(lines) if lines else "equal")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
