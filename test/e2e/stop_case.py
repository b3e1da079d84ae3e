"""One run of day two (day.py) that is stopped at a writing system call, and what comes after it.

A case is a text:

  37            SIGKILL before the 37th point (test/crash/shim.c) of the run
  37/half       ... after the first half of that write; /sector#5: after any of its sectors, by seed 5
  37!once       that call fails for lack of space; !on: and all after it; !half: the write is done by half first
  37;lose       the machine stops too: what was not synced is gone, all of it, or with ;lose#5 any part
  37;read       a command that reads opens the warehouse before the next run

Then `run` until nothing is left to do. Everything must be as after an undisturbed day (outcome.py).
"""

import dataclasses
import os
import random
import re
import shutil
import signal
import sys
from pathlib import Path

import day
import dump
import outcome
from sluice_program import ROOT, Sluice, library_of

sys.path.insert(0, str(ROOT / "test" / "crash"))
from disk import Disk  # noqa: E402

MOST_RUNS = 4  # until everything is done: what a stop left unknown or deferred may take another run
CASE = re.compile(r"(?P<point>\d+)(/(?P<torn>half|random|sector)(#(?P<seed>\d+))?)?"
                  r"(!(?P<full>once|on|half))?(?P<lose>;lose(#(?P<lost>\d+))?)?(?P<read>;read)?$")


@dataclasses.dataclass
class Point:
    number: int
    kind: str  # of the call
    file: str  # below the project

    @property
    def writes(self):
        return self.kind in ("write", "pwrite")

    @property
    def family(self):
        """Which of the things that Sluice keeps it belongs to."""
        name = re.sub(r"\d{6,}[-\w]*", "N", self.file)
        return re.sub(r"^inbox/.*", "inbox", name)


class Bench:
    """A stand-in, the project before its second day, and what an undisturbed second day ends with."""

    def __init__(self, folder, people, server):
        """server: the S3 server, with the buckets "first" and "second" of day.write_drops."""
        self.root = Path(os.path.realpath(folder))
        self.people = people
        self.project = self.root / "project"  # always the same place: paths are in the ledgers
        self.base = self.root / "base"
        self.people.begin()
        day.write_project(self.project)
        self.sluice = Sluice(self.project, {
            "DROP_ENDPOINT": server.endpoint,
            "DROP_KEY_ID": server.access_key,
            "DROP_SECRET": server.secret_key,
            "DROP_BUCKET": "first",
            "ITERABLE_ENDPOINT": people.standin.url,
            "ITERABLE_API_KEY": people.standin.key,
        })
        self.shim = library_of(self.sluice.binary, "crash_shim")
        self.sluice.call("run")
        self.people_before = self.people.ask("state")
        self.sluice.environment["DROP_BUCKET"] = "second"
        day.second_day(self.project)
        self.project.rename(self.base)
        self.points = self.undisturbed()

    def begin(self):
        """The project and the stand-in as they are before the second day."""
        shutil.rmtree(self.project, ignore_errors=True)
        shutil.copytree(self.base, self.project, symlinks=True, copy_function=copy_or_link)
        self.people.begin(self.people_before)

    def undisturbed(self):
        """Keeps what the second day ends with; returns its points."""
        self.begin()
        log = self.root / "points"
        self.run_below({"SHIM_LOG": str(log)}, (0,))
        self.finish()
        self.expected = outcome.of(self.sluice, self.people)
        self.expected_rows = self.people.rows_sent()
        fields = (line.split() for line in log.read_text().splitlines())
        return [Point(int(f[0]), f[1], f[2]) for f in fields]

    def run(self, variables, codes):
        """What a run with these variables printed. AssertionError when it ends with another code."""
        return Sluice(self.project, {**self.sluice.environment, **variables}).call("run", codes=codes, errors=True)

    def run_below(self, shim, codes):
        return self.run({"LD_PRELOAD": str(self.shim), "SHIM_PATHS": f"{self.project}/", **shim}, codes)

    def finish(self):
        for attempt in range(1, MOST_RUNS + 1):
            self.sluice.call("run", codes=(0, 1) if attempt < MOST_RUNS else (0,))
            if not self.sluice.rows("SELECT 1 FROM _sluice.sync_delivered WHERE state IN ('unknown', 'deferred')"):
                return

    def check(self, case):
        """Lines that say what is wrong; none when all is as it must be."""
        parsed = CASE.match(case)
        if not parsed:
            raise SystemExit(f"what is the case {case!r}?")
        try:
            self.begin()
            self.stop(parsed)
            if parsed["read"]:
                self.sluice.call("status", "--offline", codes=(0, 1, 3))
            self.finish()
            found = outcome.of(self.sluice, self.people)
        except AssertionError as problem:
            return str(problem).splitlines()
        return dump.differences(self.expected, found) + outcome.too_much_sent(
            self.expected_rows, self.people.rows_sent(), 1, day.BATCH_ROWS
        )

    def stop_at(self, point):
        """Kills a run before this point of it."""
        self.run_below({"SHIM_STOP_AT": str(point)}, (0, -signal.SIGKILL))

    def stop(self, case):
        shim = {"SHIM_SEED": case["seed"] or "1"}
        codes = (0, -signal.SIGKILL)  # threads: a point that was not reached is a run to its end
        if case["full"]:
            shim.update(SHIM_FAIL_AT=case["point"], SHIM_FAIL=case["full"])
            codes = (0, 1)
        else:
            shim.update(SHIM_STOP_AT=case["point"], SHIM_TORN=case["torn"] or "")
        if not case["lose"]:
            return self.run_below(shim, codes)
        disk = Disk(self.project)
        journal = self.root / "journal"
        self.run_below({**shim, "SHIM_JOURNAL": str(journal)}, codes)
        disk.replay(journal)
        journal.unlink()
        self.put(disk.stop(random.Random(int(case["lost"])) if case["lost"] else None))

    def put(self, left):
        """The project as the machine left it."""
        known = {(path.name, path.read_bytes()): path for path in (self.base / "inbox").rglob("*.csv")}
        shutil.rmtree(self.project)
        self.project.mkdir()
        for name, content in sorted(left.items()):
            path = self.project / name
            if content is None:
                path.mkdir(exist_ok=True, mode=0o700)
            elif path.parent.is_dir():  # else its folder is gone, and it with it
                same = known.get((path.name, bytes(content)))
                if same:
                    os.link(same, path)
                else:
                    path.write_bytes(content)


def copy_or_link(source, target):
    """An ingest looks at times and inodes of the files in a folder: these must be the same in each case."""
    if "inbox" in Path(source).parts:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
