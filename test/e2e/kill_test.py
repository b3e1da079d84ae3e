#!/usr/bin/env python3
"""kill -9 anywhere in a run, `run` again: tables, ledgers, quarantine and destinations are in the end as
after an undisturbed run.

    kill_test.py [--seeds 50] [--first 1]

A seed decides whether the first load or a later one is hit, how often and when (after a time, or while
a sync has a request under way or an answer just noted), and whether a read command opens the warehouse
before the next run. A later load begins with the people that the first one left at the destination: a
row that was under way goes again whole, which must make no difference to anybody who is there already.
A failure prints the command that repeats it.
"""

import argparse
import json
import os
import queue
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import unittest
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import dump
import spa
from sluice_program import Sluice
from s3server import S3Server
from upload import upload_folder
from with_standin import Standin, install_packages

SEEDS = 50
WORKERS = 2
MOST_KILLS = 3
MOST_LOG_STEPS = 24  # entries of a delivery's log, of which the first load has most
MOST_RUNS = 4  # until everything is done: a run that was killed while sending may leave rows to be retried
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
    batch_rows: 20
    fields: { userId: userid, email: email, firstName: firstname, city: city, lastVisit: last_visit, visits: visits }
  days_to_file:
    model: visit_days
    to: out
    object: days
    key: day
    batch_rows: 10
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
    spa.write_project(folder, DROP + CONNECTIONS, more=MORE)
    text = (folder / "sluice.yml").read_text()
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith("      bi_") or line.split(":")[0].strip() in TABLES
    ]
    (folder / "sluice.yml").write_text("\n".join(lines) + "\n")
    shutil.copytree(spa.EXAMPLE / "models", folder / "models")


def wait_for_log_steps(process, folder, steps):
    """Until the logs of deliveries have grown so often, or the process has ended."""
    sizes = set()
    while process.poll() is None and len(sizes) < steps:
        for log in folder.glob(".sluice/*/syncs/*/*.log"):
            try:
                sizes.add((log.parent.name, log.name, log.stat().st_size))
            except FileNotFoundError:  # folded in between
                pass
        time.sleep(0.0002)  # a request takes several times as long


class Worker:
    """A stand-in of its own, and the projects that send to it."""

    def __init__(self, folder, server, standin):
        self.folder = folder
        self.people_before = {}  # a load, by bucket: the stand-in's state
        self.standin = standin
        self.variables = {
            "DROP_ENDPOINT": server.endpoint,
            "DROP_KEY_ID": server.access_key,
            "DROP_SECRET": server.secret_key,
            "ITERABLE_ENDPOINT": standin.url,
            "ITERABLE_API_KEY": standin.key,
        }
        self.length_s = {}  # of an undisturbed run, by bucket
        self.expected = {}

    def admin(self, name, method="GET", body=None):
        data = body.encode() if body else None
        request = urllib.request.Request(f"{self.standin.url}/__admin/{name}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def project(self, name, bucket, base=None):
        folder = self.folder / name
        if base:
            shutil.copytree(base, folder, symlinks=True)
        else:
            write_project(folder)
        return Sluice(folder, {**self.variables, "DROP_BUCKET": bucket})

    def state(self, sluice):
        """Everything that is compared."""
        found = dump.warehouse(sluice)
        # Where the stand-in listens differs from worker to worker.
        found = {
            table: [line.replace(self.standin.url, "ITERABLE") for line in lines]
            for table, lines in found.items()
        }
        found["people at Iterable"] = self.admin("users?format=jsonl").splitlines()
        # An answer that was noted counts: whoever has one is not sent to again.
        found["answers noted"] = sorted(
            json.dumps(row)
            for row in sluice.rows(
                "SELECT sync, key, count(*) FROM _sluice.sync_attempts WHERE state = 'acknowledged' GROUP BY ALL"
            )
        )
        file = sluice.folder / "out" / "days.jsonl"
        found["file of days"] = file.read_text().splitlines() if file.exists() else []
        violations = json.loads(self.admin("violations"))
        if violations["total"]:
            raise AssertionError(f"violations at the stand-in: {violations}")
        return found

    def begin(self, bucket):
        """The stand-in as it was before the undisturbed load of this bucket."""
        self.admin("reset", "POST")
        self.admin("state", "POST", self.people_before[bucket])

    def undisturbed(self):
        """Measures both runs and keeps what they end with; the first's folder is where later ones start."""
        sluice = self.project("undisturbed", "first")
        for bucket in ("first", "later"):
            sluice.environment["DROP_BUCKET"] = bucket
            self.people_before[bucket] = self.admin("state")
            start = time.monotonic()
            sluice.call("run")
            self.length_s[bucket] = time.monotonic() - start
            self.expected[bucket] = self.state(sluice)
            if bucket == "first":
                shutil.copytree(sluice.folder, self.folder / "base", symlinks=True)

    def interrupted(self, seed):
        """Lines that say what is different; none when all is as it must be."""
        draw = random.Random(seed)
        bucket = draw.choice(["first", "later"])
        base = self.folder / "base" if bucket == "later" else None
        sluice = self.project(f"seed-{seed}", bucket, base)
        self.begin(bucket)
        kills = []
        try:
            for _ in range(draw.choice([1, 1, 2, MOST_KILLS])):
                process = sluice.start("run")
                if draw.random() < 0.5:
                    kills.append(f"{draw.uniform(0, self.length_s[bucket]):.3f} s")
                    time.sleep(float(kills[-1].split()[0]))
                else:
                    kills.append(f"{draw.randint(1, MOST_LOG_STEPS)} steps of deliveries")
                    wait_for_log_steps(process, sluice.folder, int(kills[-1].split()[0]))
                process.kill()
                process.wait()
                if draw.random() < 0.3:
                    sluice.call("status", "--offline", codes=(0, 1, 3))
            for attempt in range(1, MOST_RUNS + 1):
                sluice.call("run", codes=(0, 1) if attempt < MOST_RUNS else (0,))
                if not sluice.rows("SELECT 1 FROM _sluice.sync_delivered WHERE state IN ('unknown', 'deferred')"):
                    break
            lines = dump.differences(self.expected[bucket], self.state(sluice))
        except AssertionError as problem:
            lines = str(problem).splitlines()
        if lines:
            length = self.length_s[bucket]
            lines.insert(0, f"{bucket} load of {length:.3f} s, killed after {', '.join(kills)}")
            return lines
        shutil.rmtree(sluice.folder)
        return []


def work(worker, seeds, report):
    while True:
        try:
            seed = seeds.get_nowait()
        except queue.Empty:
            return
        try:
            report(seed, worker.interrupted(seed))
        except Exception:  # reported like a difference
            report(seed, traceback.format_exc().splitlines())


def in_threads(calls):
    """Runs the calls side by side; the first exception of one of them is raised."""
    problems = []

    def guarded(call):
        try:
            call()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def run_seeds(first, count):
    """How many seeds failed; says what it does."""
    failed = []
    lock = threading.Lock()

    def report(seed, lines):
        with lock:
            print(f"seed {seed}: {'FAILED' if lines else 'ok'}", flush=True)
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
        for number in range(min(WORKERS, count)):
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
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave in order: servers are stopped
    return 1 if run_seeds(arguments.first, arguments.seeds) else 0


if __name__ == "__main__":
    sys.exit(main())
