#!/usr/bin/env python3
"""Stops the product at every writing system call of a day, whole, torn, with a full disk and with a machine
that forgets what was not synced, runs it again to the end, and compares with an undisturbed day.

    stop_sweep.py                      every point in every way (hours; make torture)
    stop_sweep.py --few                the selection of the tests (stop_test.py)
    stop_sweep.py --first 1200 --every 3   goes on where one was broken off; thins it out
    stop_sweep.py --way killed --file '.*wal'   only this way, only calls on these files
    stop_sweep.py --case 37/half       repeats one and keeps its folder
"""

import argparse
import collections
import os
import queue
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

import day
import outcome
from side_by_side import in_threads
from stop_case import CASE, Bench
from s3server import S3Server
from upload import upload_folder
from with_standin import Standin, install_packages

WAYS = {  # those that tear or halve are for writes only
    "killed": "{n}",
    "disk full": "{n}!once",
    "disk full from there on": "{n}!on",
    "machine, all lost": "{n};lose",
    "machine, some lost": "{n};lose#{seed}",
    "torn half, read first": "{n}/half;read",
    "torn sectors": "{n}/sector#{seed}",
    "disk full by half": "{n}!half",
    "torn, machine, some lost": "{n}/sector#{seed};lose#{seed}",
}
EVERY_S = 10  # a line of progress
MOST_LINES = 40  # of one bad case


def all_cases(points):
    """(way, case) for every point in every way it can be met."""
    for way, text in WAYS.items():
        for point in points:
            if point.writes or not ("/" in text or "half" in text):
                yield way, text.format(n=point.number, seed=point.number * 7919 % 100003)


def few_cases(points):
    """Each way on a sixth of the kinds of files, so that each kind is met, and most in two ways."""
    families = collections.defaultdict(list)
    for point in points:
        families[point.family].append(point)
    for turn, (way, text) in enumerate(WAYS.items()):
        for family in list(families.values())[turn % 6 :: 6]:
            some = [p for p in family if p.writes or not ("/" in text or "half" in text)]
            if some:
                point = some[(2 * turn + 1) * len(some) // (2 * len(WAYS))]
                yield way, text.format(n=point.number, seed=point.number * 7919 % 100003)


class Sweep:
    """Cases done by several threads, each with a bench of its own."""

    def __init__(self, cases, first, every, until_bad):
        self.until_bad = until_bad
        self.cases = queue.Queue()
        for number in range(first, len(cases) + 1, every):
            self.cases.put((number, *cases[number - 1]))
        self.total = self.cases.qsize()
        self.last = len(cases)
        self.lock = threading.Lock()
        self.bad = []  # what is printed about each
        self.done = collections.Counter()
        self.started = self.told = time.monotonic()

    def work(self, bench):
        while True:
            try:
                number, way, case = self.cases.get_nowait()
            except queue.Empty:
                return
            try:
                lines = bench.check(case)
            except Exception:  # reported like a difference
                lines = traceback.format_exc().splitlines()
            self.report(number, way, case, lines)

    def report(self, number, way, case, lines):
        with self.lock:
            self.done[way] += 1
            if lines:
                told = [f"case {number}, {way}: bad", *("    " + line for line in lines[:MOST_LINES]),
                        f"    again: python3 test/e2e/stop_sweep.py --case '{case}'"]
                self.bad.append("\n".join(told))
                if self.until_bad:
                    self.cases = queue.Queue()
                print(self.bad[-1], flush=True)
            now = time.monotonic()
            if now - self.told > EVERY_S:
                self.told = now
                done = sum(self.done.values())
                left = (now - self.started) / done * (self.total - done)
                print(f"case {number} of {self.last}, {len(self.bad)} bad, {left / 60:.0f} min left", flush=True)


def start_drop(stack, folder):
    """The S3 server with what day.py puts into buckets."""
    server = stack.enter_context(S3Server(folder / "s3"))
    drops = folder / "first", folder / "second"
    day.write_drops(*drops)
    for drop in drops:
        upload_folder(server.client, drop, drop.name, threads=2)
    return server


def sweep(choose, jobs, first=1, every=1, until_bad=False):
    """What is wrong, a text for each bad case; says what it does. choose: points -> (way, case)."""
    with ExitStack() as stack:
        # In memory where that is to be had: what a disk would lose is worked out, not waited for.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-stop-", dir=memory)))
        install_packages()
        server = start_drop(stack, folder)
        benches = []
        for number in range(jobs):
            standin = stack.enter_context(Standin("userid", rate="none"))
            place = folder / str(number)
            place.mkdir()
            benches.append(Bench(place, outcome.People(standin), server))
        points = benches[0].points
        cases = list(choose(points))
        print(f"a day of {len(points)} points, {len(cases)} cases", flush=True)
        work = Sweep(cases, first, every, until_bad)
        in_threads([lambda bench=bench: work.work(bench) for bench in benches])
    for way, count in work.done.items():
        print(f"{way:28} {count:5} cases")
    done = sum(work.done.values())
    print(f"{time.monotonic() - work.started:.0f} s")
    print(f"{done - len(work.bad)} passed, {len(work.bad)} failed")
    return work.bad


def repeat(case):
    folder = Path(tempfile.mkdtemp(prefix="sluice-stop-"))
    install_packages()
    with ExitStack() as stack:
        server = start_drop(stack, folder)
        standin = stack.enter_context(Standin("userid", rate="none"))
        bench = Bench(folder / "bench", outcome.People(standin), server)
        number = int(CASE.match(case)["point"])
        print("undisturbed, that is", *(point for point in bench.points if point.number == number))
        lines = bench.check(case)
    print("\n".join(lines) or "good")
    print(f"kept: {folder}")
    return bool(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", action="store_true", help="the selection of the tests")
    parser.add_argument("--first", type=int, default=1, help="the number of the case to begin with")
    parser.add_argument("--every", type=int, default=1, help="only every N-th case")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--way", action="append", choices=WAYS, help="only these")
    parser.add_argument("--file", default=".*", help="only calls on files below the project that fit (a regular expression)")
    parser.add_argument("--until-bad", action="store_true", help="end with the first that is bad")
    parser.add_argument("--case", help="repeat one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave in order: servers are stopped
    if options.case:
        return 1 if repeat(options.case) else 0
    choose_from = few_cases if options.few else all_cases

    def choose(points):
        some = [point for point in points if re.fullmatch(options.file, point.file)]
        return [(way, case) for way, case in choose_from(some) if not options.way or way in options.way]

    return 1 if sweep(choose, options.jobs, options.first, options.every, options.until_bad) else 0


if __name__ == "__main__":
    sys.exit(main())
