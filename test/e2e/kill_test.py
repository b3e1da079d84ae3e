#!/usr/bin/env python3
"""kill -9 anywhere in a run, `run` again: tables, ledgers, quarantine and destinations are in the end as
after an undisturbed run.

    kill_test.py [--seeds 30] [--first 1] [--jobs 2]

A seed decides whether the first load or a later one is hit, how often and when (in the middle of a phase, the
phases in turn, or after any time), and whether a read command opens the warehouse before the next run. A later
load begins with the people that the first one left at the destination: a row that was under way goes again
whole, which must make no difference to anybody who is there already. At the end stands how many kills fell into
each phase. A failure prints the command that repeats it.
"""

import argparse
import collections
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
from contextlib import ExitStack
from pathlib import Path

import dump
import outcome
import spa
from phases import PHASES, Marks
from side_by_side import in_threads
from sluice_program import RUN_DEADLINE_S, Sluice
from program import find_binary
from s3server import S3Server
from upload import upload_folder
from with_standin import Standin, install_packages

SEEDS = 30
WORKERS = 2
MOST_KILLS = 3
BATCH_ROWS = 20
MOST_RUNS = 4  # until everything is done: a run that was killed while sending may leave rows to be retried
CHECKS = """    checks:
      - unique: key
        tables: [bi_factforms, bi_dimuser]
        on_failure: fail
      - not_null: [centerid]
        tables: [bi_dimuser, bi_factappointment]
        on_failure: fail
"""
TABLES = "bi_factforms bi_factappointment bi_factfeedbackv2 bi_dimuser".split()
DROP = spa.S3_CONNECTION.replace("bucket: drop", "bucket: ${DROP_BUCKET}")
MORE = """
  extras:
    from: drop
    prefix: extras/
    layout: files
    tables:
      visits: { pattern: "visits-*.csv", columns: { id: BIGINT, guest: VARCHAR, visited: TIMESTAMP } }
models:
  active_guests: models/active_guests.sql
  visit_days: { as: table, sql: "SELECT CAST(visited AS DATE) AS day, count(*) AS visits FROM {{ ref('visits') }} GROUP BY day" }
syncs:
  guests_to_iterable:
    model: active_guests
    to: iterable
    object: users
    key: userid
    batch: { rows: 20 }
    fields: { userId: userid, email: email, firstName: firstname, city: city, lastVisit: last_visit, visits: visits }
  days_to_file:
    model: visit_days
    to: out
    object: days
    key: day
    batch: { rows: 10 }
    fields: { visits: visits }
"""
CONNECTIONS = """
  iterable: { type: iterable, region: us, endpoint: "${ITERABLE_ENDPOINT}", project_type: userid, api_key: "${ITERABLE_API_KEY}",
              requests_per_second: 500 }
  out: { type: file, path: out }"""


def make_drop(folder):
    """(folder of the first groups, folder with one more group of each pod and more visits)"""
    first, later = folder / "first", folder / "later"
    for drop in (first, later):
        spa.generate(drop, groups=spa.ROUNDS[0])
    for groups in spa.ROUNDS[1:2]:
        spa.generate(later, groups=groups)
    for drop, files in ((first, 2), (later, 4)):
        (drop / "extras").mkdir()
        for number in range(files):
            rows = [f"{number * 1000 + i},g{i % 7},2026-{1 + number:02}-{1 + i % 28:02} 10:00:00" for i in range(60)]
            rows[7] = "x,y,z"  # a bad row in each
            (drop / "extras" / f"visits-{number}.csv").write_text("id,guest,visited\n" + "\n".join(rows) + "\n")
    return first, later


def write_project(folder):
    folder.mkdir(parents=True)
    spa.write_project(folder, DROP + CONNECTIONS, checks=CHECKS, more=MORE)
    text = (folder / "sluice.yml").read_text()
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith("      bi_") or line.split(":")[0].strip() in TABLES
    ]
    (folder / "sluice.yml").write_text("\n".join(lines) + "\n")
    shutil.copytree(spa.EXAMPLE / "models", folder / "models")


class Worker:
    """A stand-in of its own, and the projects that send to it."""

    def __init__(self, folder, server, standin):
        self.folder = folder
        self.people = outcome.People(standin)
        self.people_before = {}  # a load, by bucket: the stand-in's state
        self.variables = {
            "DROP_ENDPOINT": server.endpoint,
            "DROP_KEY_ID": server.access_key,
            "DROP_SECRET": server.secret_key,
            "ITERABLE_ENDPOINT": standin.url,
            "ITERABLE_API_KEY": standin.key,
        }
        self.marks = Marks(folder, find_binary())
        self.length_s = {}  # of an undisturbed run, by bucket
        self.spans = {}  # of its phases, by bucket
        self.expected = {}
        self.expected_rows = {}
        self.fell = collections.Counter()  # kills by the phase that they fell into

    def project(self, name, bucket, base=None):
        folder = self.folder / name
        if base:
            shutil.copytree(base, folder, symlinks=True)
        else:
            write_project(folder)
        return Sluice(folder, {**self.variables, "DROP_BUCKET": bucket})

    def start(self, sluice, aim=None):
        watched = {**sluice.environment, **self.marks.variables(aim)}
        return Sluice(sluice.folder, watched).start("run")

    def undisturbed(self):
        """Measures both runs and keeps what they end with; the first's folder is where later ones start."""
        sluice = self.project("undisturbed", "first")
        self.people.begin()
        for bucket in ("first", "later"):
            sluice.environment["DROP_BUCKET"] = bucket
            self.people_before[bucket] = self.people.ask("state")
            self.people.begin(self.people_before[bucket])
            start = time.monotonic()
            if self.start(sluice).wait(RUN_DEADLINE_S) != 0:
                raise AssertionError(f"the undisturbed run of the {bucket} load failed: {sluice.folder}")
            self.length_s[bucket] = time.monotonic() - start
            self.spans[bucket] = self.marks.spans()
            self.expected[bucket] = outcome.of(sluice, self.people)
            self.expected_rows[bucket] = self.people.rows_sent()
            if bucket == "first":
                shutil.copytree(sluice.folder, self.folder / "base", symlinks=True)
        missing = [phase for phase in PHASES for spans in self.spans.values() if not spans[phase]]
        if missing:
            raise AssertionError(f"no text of a run begins a phase any more (phases.py): {missing}")

    def kill(self, sluice, bucket, draw, phase, again):
        """Kills a run in the middle of `phase`, or where it is None at any time; how, and in which phase it was.
        again: a run that goes on, which may have each phase but once."""
        if phase is None:
            process = self.start(sluice)
            how = f"{draw.uniform(0, self.length_s[bucket]):.3f} s"
            try:
                process.wait(float(how.split()[0]))
            except subprocess.TimeoutExpired:
                process.kill()
        else:
            spans = self.spans[bucket][phase]
            number = 0 if again else draw.randrange(len(spans))
            after = draw.random() ** 2 * spans[number]  # rather early: the phase may be shorter than it was
            aim = (phase, number + 1, int(after))
            how = "{} {} + {} us".format(*aim)
            process = self.start(sluice, aim)
        return how, self.marks.last() if process.wait(RUN_DEADLINE_S) < 0 else None

    def interrupted(self, seed):
        """(how it was killed, lines that say what is different: none when all is as it must be)"""
        draw = random.Random(seed)
        bucket = draw.choice(["first", "later"])
        base = self.folder / "base" if bucket == "later" else None
        sluice = self.project(f"seed-{seed}", bucket, base)
        self.people.begin(self.people_before[bucket])
        kills = []
        stopped = 0
        try:
            for number in range(draw.choice([1, 1, 2, MOST_KILLS])):
                phase = None if draw.random() < 0.25 else PHASES[(seed + number) % len(PHASES)]
                how, fallen = self.kill(sluice, bucket, draw, phase, again=number > 0)
                kills.append(f"{how}: in {fallen}" if fallen else f"{how}: it had ended")
                stopped += fallen is not None
                self.fell[fallen or "after the end"] += 1
                if draw.random() < 0.3:
                    sluice.call("status", "--offline", codes=(0, 1, 3))
            for attempt in range(1, MOST_RUNS + 1):
                said = sluice.call("run", codes=(0, 1) if attempt < MOST_RUNS else (0,), errors=True)
                if not sluice.rows("SELECT 1 FROM _sluice.sync_delivered WHERE state IN ('unknown', 'deferred')"):
                    break
            lines = dump.differences(self.expected[bucket], outcome.of(sluice, self.people))
            lines += outcome.too_much_sent(
                self.expected_rows[bucket], self.people.rows_sent(), stopped, BATCH_ROWS
            )
            if lines:
                lines = ["the last run said:", *said.splitlines()[-12:], *lines]
        except AssertionError as problem:
            lines = str(problem).splitlines()
        if not lines:
            shutil.rmtree(sluice.folder)
        return f"{bucket} load of {self.length_s[bucket]:.3f} s, killed at {', '.join(kills)}", lines


def work(worker, seeds, report):
    while True:
        try:
            seed = seeds.get_nowait()
        except queue.Empty:
            return
        try:
            report(seed, *worker.interrupted(seed))
        except Exception:  # reported like a difference
            report(seed, "", traceback.format_exc().splitlines())


def run_seeds(first, count, jobs=WORKERS):
    """How many seeds failed; says what it does."""
    failed = []
    lock = threading.Lock()

    def report(seed, how, lines):
        with lock:
            print(f"seed {seed}: {'FAILED' if lines else 'ok'}: {how}", flush=True)
            if lines:
                failed.append(seed)
                print("\n".join("    " + line for line in lines[:40]))
                print(f"    again: python3 test/e2e/kill_test.py --first {seed} --seeds 1", flush=True)

    with ExitStack() as stack:
        # In memory where that is to be had: kill -9 does not lose what was written, and disks are slow.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-kill-", dir=memory)))
        install_packages()
        server = stack.enter_context(S3Server(folder / "s3"))
        for drop in make_drop(folder / "drops"):
            upload_folder(server.client, drop, drop.name, threads=2)
        workers = []
        for number in range(min(jobs, count)):
            place = folder / f"worker-{number}"
            place.mkdir()
            standin = stack.enter_context(Standin("userid", rate="none"))
            workers.append(Worker(place, server, standin))
        in_threads([worker.undisturbed for worker in workers])
        for worker in workers[1:]:
            for bucket, expected in worker.expected.items():
                lines = dump.differences(workers[0].expected[bucket], expected)
                if lines:
                    raise AssertionError("two undisturbed runs differ:\n" + "\n".join(lines))
        lengths = ", ".join(f"{name} {s:.2f} s" for name, s in workers[0].length_s.items())
        people = len(workers[0].expected["first"]["people at Iterable"])
        print(f"undisturbed: {lengths}, {people} people", flush=True)
        seeds = queue.Queue()
        for seed in range(first, first + count):
            seeds.put(seed)
        in_threads([lambda w=worker: work(w, seeds, report) for worker in workers])
    fell = sum((worker.fell for worker in workers), collections.Counter())
    shown = [*PHASES, *sorted(fell.keys() - set(PHASES))]
    print("kills: " + ", ".join(f"{phase} {fell[phase]}" for phase in shown))
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    return len(failed)


class KillTest(unittest.TestCase):
    def test_an_interrupted_run_ends_like_an_undisturbed_one(self):
        self.assertEqual(run_seeds(1, SEEDS), 0)


class DumpTest(unittest.TestCase):
    """What the comparison must notice."""

    def test_rows_that_are_lost_twice_or_elsewhere(self):
        good = {"t": ["1", "2"], "people": ["a"]}
        self.assertEqual(dump.differences(good, {"t": ["1", "2"], "people": ["a"]}), [])
        for bad in (["1"], ["1", "2", "2"], ["1", "3"], ["2", "1"]):
            self.assertTrue(dump.differences(good, {"t": bad, "people": ["a"]}))
        self.assertTrue(dump.differences(good, {"t": ["1", "2"]}))
        self.assertTrue(dump.differences(good, {**good, "u": []}))


def main():
    parser = argparse.ArgumentParser(description="kill -9 anywhere in a run, from a seed.")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=WORKERS)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave in order: servers are stopped
    return 1 if run_seeds(arguments.first, arguments.seeds, arguments.jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
