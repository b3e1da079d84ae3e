#!/usr/bin/env python3
"""Stops the engine at every writing system call, opens what is left, and compares.

Without --full a selection that takes some two minutes on two cores. `sweep.py --case 'base=14;...'`
repeats one case (their text: bench.py) and keeps its folder.
"""

import argparse
import collections
import concurrent.futures
import os
import sys
import time

import bench
import cases


def sweep(runner, groups, every, pool, is_enough):
    """Prints a line for each group; the bad cases with their reasons. Ends early when those found are enough."""
    bad = []
    total = 0
    merged = collections.OrderedDict()
    for name, way, some in groups:
        merged.setdefault((name, way), []).extend(some[::every])
    for (name, way), some in merged.items():
        started = time.monotonic()
        found = [(c, why) for c, why in zip(some, pool.map(runner.check, some)) if why]
        total += len(some)
        bad += found
        print(f"{name:24} {way:32} {len(some):5} points {len(found):4} bad "
              f"{time.monotonic() - started:6.1f} s", flush=True)
        if is_enough(bad):
            break
    return total, bad


def corrupt(bad):
    return [why for _, why in bad if "Corrupt database file" in why]


def command_of(options, case):
    return (f"{sys.argv[0]} --driver {options.driver} --shim {options.shim} --rows {options.rows} "
            f"--threads {options.threads}{' --reader' if options.reader else ''} --case '{case}'")


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--full", action="store_true", help="every point in every way: hours")
    parser.add_argument("--expect-bad", action="store_true",
                        help="sweep a checkpoint without the guard; fails when nothing is found")
    parser.add_argument("--part", action="append", choices=sorted(cases.PARTS), help="only these parts")
    parser.add_argument("--case", help="repeat one case")
    parser.add_argument("--every", type=int, default=1, help="only every N-th case of each group")
    parser.add_argument("--rows", type=int, default=150000, help="of the largest table")
    parser.add_argument("--threads", type=int, default=2, help="of the engine")
    parser.add_argument("--reader", action="store_true", help="the load is read all the while")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", help="folder for the files; default: in memory")
    return parser.parse_args()


def main():
    options = parse()
    options.driver = os.path.abspath(options.driver)
    options.shim = os.path.abspath(options.shim)
    runner = bench.Bench(options)
    started = time.monotonic()
    try:
        if options.case:
            runner.prepare([int(options.case.split(";")[0].removeprefix("base="))])
            why = runner.check(options.case)
            print(f"bad: {why}" if why else "good")
            return 1 if why else 0
        runner.prepare([step for stretch in runner.stretches for step in stretch])
        names = options.part or cases.PARTS
        parts = [cases.unguarded] if options.expect_bad else [cases.PARTS[n] for n in names]
        groups = [group for part in parts for group in part(runner, options.full)]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            total, bad = sweep(runner, groups, options.every, pool, corrupt if options.expect_bad else lambda _: False)
    finally:
        if not options.case:
            runner.close()
    print(f"{total} points, {len(bad)} bad, {options.rows} rows, {options.threads} threads, "
          f"{time.monotonic() - started:.0f} s")
    for case, why in bad[:20]:
        print(f"\n{why}\n  {command_of(options, case)}")
    if options.expect_bad:
        if not corrupt(bad):
            print("nothing was found without the guard: this sweep cannot fail")
        return 0 if corrupt(bad) else 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
