#!/usr/bin/env python3
"""Writes a believable Zenoti drop of a spa group: same arguments, same bytes."""

import argparse
import json
import multiprocessing
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from spa import schema  # noqa: E402
from spa.emit import emit, emit_late  # noqa: E402
from spa.pods import FIRST, GROUPS, TINY, UPLOADED, Pod  # noqa: E402
from spa.tables_dims import DIMS  # noqa: E402
from spa.tables_facts import FACTS  # noqa: E402

TABLES = FACTS + DIMS
PHASES = {"first": [FIRST], "next": list(range(1, TINY)), "tiny": [TINY]}
LATE_TABLE, LATE_GROUP = "bi_factcollections", 2
WORTH_PROCESSES = 50_000  # rows; to start processes takes as long as to write fewer
MOST_ROWS = 50_000_000  # beyond, the numbers of plain rows would meet those of the peculiar ones


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, metavar="DIR", help="root of the drop; files are added to it")
    parser.add_argument("--rows", type=int, default=10_000,
                        help=f"rows of the biggest tables in the first load, over all pods (1000 to {MOST_ROWS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pods", type=int, default=2, choices=range(1, len(GROUPS) + 1))
    parser.add_argument("--phase", default="all", choices=["first", "next", "tiny", "all", "late"],
                        help="all: first, next and tiny; late: one file more in a group of next")
    parser.add_argument("--groups", metavar="POD=GROUP,...", help="write only these groups, instead of a phase")
    parser.add_argument("--jobs", type=int, help="processes that write tables side by side; as many as there are cores "
                                                 "where it is worth starting them")
    parser.add_argument("--gzip", action="store_true", help="write .csv.gz")
    parser.add_argument("--manifest", metavar="FILE", help="write the bad rows, one JSON object a line")
    args = parser.parse_args(argv)
    if not 1000 <= args.rows <= MOST_ROWS:
        parser.error(f"--rows must lie between 1000 and {MOST_ROWS}")
    if args.jobs is None:
        args.jobs = os.cpu_count() if args.rows >= WORTH_PROCESSES else 1
    if args.jobs < 1:
        parser.error("--jobs must be at least 1")
    return args


def chosen_groups(args):
    """(pod index, group index), in the order of writing. The tiny group comes in pod 1 only."""
    if args.groups:
        chosen = []
        for item in args.groups.split(","):
            pod, _, group = item.partition("=")
            names = [name for name, _ in GROUPS[:args.pods]]
            if pod not in names or not group.isdigit() or int(group) not in GROUPS[names.index(pod)][1]:
                known = "; ".join(f"{n}={','.join(map(str, g))}" for n, g in GROUPS[:args.pods])
                sys.exit(f"generate.py: no group {item!r}; there are {known}")
            chosen.append((names.index(pod), GROUPS[names.index(pod)][1].index(int(group))))
        return chosen
    if args.phase == "late":
        return []
    phases = ["first", "next", "tiny"] if args.phase == "all" else [args.phase]
    return [(p, i) for phase in phases for i in PHASES[phase]
            for p in range(args.pods) if phase != "tiny" or p == 0]


def pods_of(args):
    return [Pod(args.seed, i, args.pods, args.rows, TABLES) for i in range(args.pods)]


class Writer:
    """What a process needs to write any table of any group, made once."""

    def __init__(self, args):
        self.args, self.pods = args, pods_of(args)

    def write(self, part):
        pod, table, index = part
        return [f.account() for f in emit(self.args.out, self.pods[pod], TABLES[table], index, self.args.gzip)]


def begin(args):
    global writer
    writer = Writer(args)


def write(part):
    return writer.write(part)


def write_groups(args, groups):
    """Accounts of the files, in the order of groups and tables, whoever wrote them."""
    parts = [(pod, table, index) for pod, index in groups for table in range(len(TABLES))]
    if args.jobs == 1:
        one = Writer(args)
        done = map(one.write, parts)
        return [account for accounts in done for account in accounts]
    with multiprocessing.Pool(args.jobs, begin, (args,)) as pool:
        return [account for accounts in pool.imap(write, parts) for account in accounts]


def main(argv=None):
    args = arguments(argv)
    pods = pods_of(args)
    groups = chosen_groups(args)
    if any(index == FIRST for _, index in groups):
        schema.write_full(args.out, TABLES, int(UPLOADED.timestamp()) - 3600)
    if any(index != FIRST for _, index in groups):
        schema.write_upgrades(args.out, TABLES, pods[0].time_of(1) - 3600)
    files = write_groups(args, groups)
    if args.phase == "late":
        late = next(t for t in TABLES if t.name == LATE_TABLE)
        files = [f.account() for f in emit_late(args.out, pods[0], late, LATE_GROUP, args.gzip)]
    bad = [b for f in files for b in f.bad]
    if args.manifest:
        with open(args.manifest, "w", encoding="utf-8") as out:
            for entry in bad:
                out.write(json.dumps(entry, sort_keys=True) + "\n")
    print(f"{len(groups)} {'group' if len(groups) == 1 else 'groups'}, {len(files)} files, {sum(f.rows for f in files)} rows, "
          f"{len(bad)} of them bad, in {args.out}")


if __name__ == "__main__":
    main()
