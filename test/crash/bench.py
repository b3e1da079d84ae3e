"""Runs one case: things that happen, one after the other, to one folder with a database.

A case is a text: the stages that happen to one folder, in order, divided by ";".

  base=6               starts from the file as it is before step 6; base=0 from nothing
  load                 runs `crash_driver load` to its end; load:7 to step 7
  read, raw            runs `crash_driver read`, `crash_driver raw-checkpoint`
    @12                ... stopped (SIGKILL) before its 12th point
    /half /random /sector   ... or after a part of the write at that point
    #5                 seed of the chance in it
    !12:once           ... with its 12th point failing with ENOSPC, once, then opening again; see FULL
  lose, lose#5         the machine stops: what was not synced is undone, all or (with a seed) any part
  verify, verify+4     `crash_driver verify` must find the acknowledged step or the one in flight, go on
                       (for 4 steps) and end as an undisturbed run does
"""

import dataclasses
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile

import disk

TIMEOUT_S = 120
STAGE = re.compile(r"(?P<command>load|read|raw)(:(?P<until>\d+))?(@(?P<stop>\d+))?"
                   r"(/(?P<torn>half|random|sector))?(#(?P<seed>\d+))?"
                   r"(!(?P<fail>\d+):(?P<how>\w+))?$")
# How a full disk is met: SHIM_FAIL, and what the driver does about it. Where nothing fails after the
# first error the work must come to its end.
FULL = {
    "once": ("once", ["--reopen"]),
    "again": ("once", ["--again", "--reopen"]),
    "half": ("half", ["--again", "--reopen"]),
    "on": ("on", []),
    "short": ("short", []),
}
KILLED = -signal.SIGKILL


class Wrong(Exception):
    """The case shows a defect."""


@dataclasses.dataclass
class Point:
    number: int
    kind: str
    file: str

    @property
    def writes(self):
        return self.kind in ("write", "pwrite")


class Bench:
    """Runs the driver, makes the folders that cases start from, runs cases."""

    def __init__(self, options):
        self.options = options
        self.root = tempfile.mkdtemp(prefix="sluice-crash-", dir=work_folder(options.work))
        self.digests = os.path.join(self.root, "digests")
        self.bases = {}
        plan = self.drive(self.root, "plan").stdout.splitlines()
        ends = [int(line.split()[0]) for line in plan if line.endswith(" checkpoint")]
        # First step and checkpoint, from one checkpoint to the next.
        self.stretches = list(zip([0] + [end + 1 for end in ends], ends))

    def close(self):
        shutil.rmtree(self.root)

    # --- the driver -------------------------------------------------------------------------------

    def drive(self, folder, command, *arguments, shim=None):
        environment = dict(os.environ)
        database = os.path.join(folder, "db", "w.duckdb")
        if shim is not None:
            environment.update(shim)
            environment["LD_PRELOAD"] = self.options.shim
            environment["SHIM_PATHS"] = database
        line = [self.options.driver, command, database, "--rows", str(self.options.rows),
                "--threads", str(self.options.threads), *arguments]
        try:
            return subprocess.run(line, env=environment, capture_output=True, text=True,
                                  timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{command} did not end in {TIMEOUT_S} s") from None

    def load(self, folder, *arguments, shim=None):  # the only command that acknowledges
        if self.options.reader:
            arguments = (*arguments, "--reader")
        return self.drive(folder, "load", "--progress", os.path.join(folder, "progress"), *arguments,
                          shim=shim)

    # --- folders ------------------------------------------------------------------------------------

    def prepare(self, steps):
        """The undisturbed run, and the folder as it is before each of these steps."""
        folder = self.folder("reference")
        done = self.load(folder, "--digests", self.digests)
        if done.returncode != 0:
            raise SystemExit(f"the undisturbed run failed: {done.stderr}")
        before = None
        for step in sorted(set(steps) | {0}):
            self.bases[step] = self.folder(f"base{step}")
            if before is not None:
                shutil.copytree(self.bases[before], self.bases[step], dirs_exist_ok=True)
                done = self.load(self.bases[step], "--until", str(step - 1))
            if done.returncode != 0:
                raise SystemExit(f"no base before step {step}: {done.stderr}")
            before = step
        shutil.rmtree(folder)

    def folder(self, name):
        folder = os.path.join(self.root, name)
        os.makedirs(os.path.join(folder, "db"))
        return folder

    # --- cases ----------------------------------------------------------------------------------------

    def points(self, case):
        """What the last stage of this case does when nothing stops it."""
        with Case(self, case) as run:
            log = os.path.join(run.folder, "log")
            stages = case.split(";")
            for stage in stages[1:-1]:
                run.stage(stage)
            run.stage(stages[-1], {"SHIM_LOG": log})
            with open(log, encoding="utf-8") as lines:
                return [Point(int(f[0]), f[1], f[2]) for f in (line.split() for line in lines)]

    def check(self, case):
        """None, or what is wrong."""
        with Case(self, case) as run:
            try:
                for stage in case.split(";")[1:]:
                    run.stage(stage)
            except Wrong as wrong:
                return str(wrong)
        return None


class Case:
    _made = 0

    def __init__(self, bench, text):
        Case._made += 1
        self.bench = bench
        self.folder = os.path.join(bench.root, f"case{Case._made}.{random.getrandbits(32):08x}")
        base = re.match(r"base=(\d+);", text)
        if not base:
            raise SystemExit(f"a case begins with base=STEP; not {text!r}")
        shutil.copytree(bench.bases[int(base.group(1))], self.folder)
        self.loses = ";lose" in text
        self.disk = disk.Disk(os.path.join(self.folder, "db")) if self.loses else None
        self.journal = os.path.join(self.folder, "journal")
        self.seen = 0  # the newest step that a reader was shown: it may not go again

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.bench.options.case:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder)

    def stage(self, text, shim=None):
        if text.startswith("lose"):
            self.lose(random.Random(int(text[5:])) if "#" in text else None)
        elif text.startswith("verify"):
            self.verify(text[7:])
        else:
            parsed = STAGE.match(text)
            if not parsed:
                raise SystemExit(f"what is the stage {text!r}?")
            self.run(text, parsed, dict(shim or {}))

    def run(self, text, stage, shim):
        if stage["stop"]:
            shim["SHIM_STOP_AT"] = stage["stop"]
            shim["SHIM_TORN"] = stage["torn"] or ""
        if stage["fail"]:
            shim["SHIM_FAIL_AT"] = stage["fail"]
            shim["SHIM_FAIL"], retries = FULL[stage["how"]]
        shim["SHIM_SEED"] = stage["seed"] or "1"
        if self.loses:
            shim["SHIM_JOURNAL"] = self.journal
        arguments = ["--until", stage["until"]] if stage["until"] else []
        if stage["fail"]:
            arguments += retries
        if stage["command"] == "load":
            done = self.bench.load(self.folder, *arguments, shim=shim)
        else:
            command = {"read": "read", "raw": "raw-checkpoint"}[stage["command"]]
            done = self.bench.drive(self.folder, command, "--digests", self.bench.digests, shim=shim)
        self.note(text, done)
        # With two threads the number of points is not quite the same each time: a stop that was not
        # reached is a run to the end. An error must come back as one, never as a crash.
        allowed = {0}
        if stage["stop"]:
            allowed.add(KILLED)
        if stage["fail"] and not retries:
            allowed.add(3)
        if done.returncode not in allowed:
            raise Wrong(f"{text} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        if stage["command"] == "read" and done.returncode == 0:
            self.seen = int(done.stdout or 0)

    def lose(self, chance):
        folder = os.path.join(self.folder, "db")
        if os.path.exists(self.journal):
            self.disk.replay(self.journal)
            os.remove(self.journal)
        left = self.disk.stop(chance)
        shutil.rmtree(folder)
        os.mkdir(folder)
        for name, content in left.items():
            if content is None:  # a folder of the engine for spilled data
                continue
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        self.disk = disk.Disk(folder)

    def verify(self, further):
        arguments = ["--further", further] if further else []
        done = self.bench.drive(self.folder, "verify", "--digests", self.bench.digests, "--progress",
                                os.path.join(self.folder, "progress"), *arguments)
        self.note("verify", done)
        if done.returncode != 0:
            raise Wrong(f"verify: {done.stderr.strip()[-400:]}")
        if int(done.stdout) < self.seen:
            raise Wrong(f"a reader was shown step {self.seen}, now it is step {done.stdout.strip()}")
        left = sorted(os.listdir(os.path.join(self.folder, "db")))
        if set(left) - {"w.duckdb", "w.duckdb.wal"}:
            raise Wrong(f"files are left over: {left}")

    def note(self, text, done):
        if self.bench.options.case:
            print(f"{text}: exit {done.returncode} {done.stdout.strip()} {done.stderr.strip()}")
            print(f"  {sorted(os.listdir(os.path.join(self.folder, 'db')))}")


def work_folder(wanted):
    """In memory where there is room: the kill is the same, and no disk wears out."""
    if wanted:
        return wanted
    memory = "/dev/shm"
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30:
        return memory
    return None
