#!/usr/bin/env python3
"""What the warehouse must hold after a Zenoti drop was loaded, worked out the slow and plain way."""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import drop  # noqa: E402
from drop_names import ORGANIZATION_TABLES, mode_of  # noqa: E402
from rows import Reader  # noqa: E402
from tables import Table, new_account  # noqa: E402

ALWAYS_ALLOWED, PERCENT = 1000, 1  # bad rows of a file, beyond which it is held whole


def units_of(files, upto, order):
    """[(pod, group)] in the order of loading: the first groups of all pods, then the second ones ...
    (rounds), or pod after pod (pods)."""
    pods = {}
    for file in files:
        if upto is None or file.group <= upto.get(file.pod, -1):
            pods.setdefault(file.pod, set()).add(file.group)
    units = [(place, pod, group) for pod, groups in pods.items() for place, group in enumerate(sorted(groups))]
    units.sort(key=(lambda u: (u[1], u[2])) if order == "pods" else (lambda u: (u[0], u[1])))
    return [(pod, group) for _, pod, group in units]


def read_group(root, reader, files):
    """[(FileRows, account)] of the files of one group of a table, in their order."""
    out = []
    for file in sorted(files, key=drop.DropFile.order):
        rows = reader.read(drop.content(root, file))
        if rows.held is None and len(rows.bad) > max(ALWAYS_ALLOWED, rows.read * PERCENT / 100):
            rows.held = f"{len(rows.bad)} of {rows.read} rows are bad"
        out.append((rows, new_account(file, rows)))
    return out


def load_table(root, name, schema, options, files, units, restore=None):
    """(Table, accounts). A held file stops its table in its pod: later groups would be out of order.
    restore: a tables.Restore."""
    columns = [column for column, _ in schema.columns]
    mode = options.get("mode") or mode_of(name)
    missing = [k for k in options["key"] if k not in columns]
    if missing:
        raise ValueError(f"{name} has no column {missing[0]}")
    reader = Reader(schema, options["key"], void_required=mode == "delete-insert")
    shared = options.get("shared_keys", False) or name in ORGANIZATION_TABLES
    table = Table(columns, options["key"], mode, pod_in_match=not shared)
    accounts, stopped = [], set()
    waiting = dict(restore.after) if restore else {}
    for pod, group in units:
        if group > waiting.get(pod, group):
            waiting.pop(pod)
            table.restore(restore, pod)
        mine = [f for f in files if (f.pod, f.group) == (pod, group)]
        if not mine or pod in stopped:
            continue
        read = read_group(root, reader, mine)
        accounts += [account for _, account in read]
        if any(account["held"] for _, account in read):
            stopped.add(pod)
            continue
        table.apply(pod, [(rows.rows, account) for rows, account in read])
    for pod in waiting:
        table.restore(restore, pod)
    return table, accounts


def dump(path, name, schema, table, lineage):
    """The canonical form: a first line that names the columns, then one JSON array a row, sorted."""
    columns = [list(c) for c in schema.columns] + [["_sluice_pod", "TEXT"]]
    if lineage:
        columns.append(["_sluice_file", "TEXT"])
    lines = sorted(json.dumps([*row, pod, *([source] if lineage else [])], ensure_ascii=False)
                   for row, pod, source in table.rows())
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps({"table": name, "columns": columns}) + "\n")
        out.writelines(line + "\n" for line in lines)
    return len(lines)


def options_of(path):
    """Table -> {"key": [...], "mode"?, "shared_keys"?}; a bare list is the key."""
    with open(path, encoding="utf-8") as source:
        entries = json.load(source)
    out = {}
    for name, entry in entries.items():
        entry = entry if isinstance(entry, dict) else {"key": entry}
        out[name.lower()] = dict(entry, key=[k.lower() for k in entry["key"]])
    return out


def run(root, options, out_folder, upto=None, order="rounds", lineage=False, restores=None):
    """Writes TABLE.jsonl for each table with a key, files.jsonl and tables.json; returns the summary.
    restores: table -> tables.Restore."""
    os.makedirs(out_folder, exist_ok=True)
    files, schemas = drop.files(root), drop.schemas(root)
    units = units_of(files, upto, order)
    summary = {"tables": {}, "without_key": sorted({f.table for f in files} - set(options)),
               "without_schema": sorted({f.table for f in files} - set(schemas))}
    with open(os.path.join(out_folder, "files.jsonl"), "w", encoding="utf-8", newline="\n") as accounts_out:
        for name in sorted(set(options) & set(schemas)):
            mine = [f for f in files if f.table == name]
            table, accounts = load_table(root, name, schemas[name], options[name], mine, units,
                                         (restores or {}).get(name))
            rows = dump(os.path.join(out_folder, name + ".jsonl"), name, schemas[name], table, lineage)
            totals = {k: sum(a[k] for a in accounts) for k in accounts[0]
                      if isinstance(accounts[0][k], int) and k != "group"} if accounts else {}
            summary["tables"][name] = dict(totals, rows=rows, held=[a["path"] for a in accounts if a["held"]])
            accounts_out.writelines(json.dumps(a) + "\n" for a in accounts)
    with open(os.path.join(out_folder, "tables.json"), "w", encoding="utf-8", newline="\n") as out:
        json.dump(summary, out, indent=1, sort_keys=True)
        out.write("\n")
    return summary


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drop", required=True, metavar="DIR")
    parser.add_argument("--keys", required=True, metavar="FILE.json", help='{"bi_dimuser": ["userid"], ...}')
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--upto", metavar="POD=GROUP,...", help="last group of each pod; a pod not named: none")
    parser.add_argument("--order", choices=["rounds", "pods"], default="rounds")
    parser.add_argument("--lineage", action="store_true", help="dump the file that each row came from, too")
    args = parser.parse_args(argv)
    upto = None
    if args.upto:
        upto = {pod: int(group) for pod, _, group in (item.partition("=") for item in args.upto.split(","))}
    summary = run(args.drop, options_of(args.keys), args.out, upto, args.order, args.lineage)
    for name, t in summary["tables"].items():
        print(f"{name:36} {t['rows']:>9} rows, {t.get('read', 0)} read, {t.get('quarantined', 0)} quarantined"
              + (f", held: {', '.join(t['held'])}" if t["held"] else ""))
    for problem in ("without_key", "without_schema"):
        if summary[problem]:
            print(f"not loaded, {problem.replace('_', ' ')}: {', '.join(summary[problem])}")


if __name__ == "__main__":
    main()
