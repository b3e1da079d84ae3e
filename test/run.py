#!/usr/bin/env python3
"""Runs the test suites and closes with one line, "N passed, N failed", summed over all of them.

    test/run.py [--build-dir DIR] [--list] [--all | SUITE...]        (DIR: build/release)

What is to be tested must be built; `make test` does that first. `sanitized` builds for itself, and so
runs only when it is named or with --all. Suites that take all processors run one after the other; beside
them, also one after the other, those that take one and mostly wait. Each suite's output goes to
build/test-logs/SUITE.log; its own closing lines are printed, and the end of its log when it failed.
The exit code is 1 when anything failed, or when a suite ran nothing: a suite that lost its tests is
no success.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
TAIL_LINES = 60  # of a failed suite's log
MEMORY = "/dev/shm/"
MEMORY_NEEDED = 4 << 30  # bytes: far more than is used


@dataclass
class Count:
    passed: int
    failed: int
    closing: str  # the runner's own last words


@dataclass
class Suite:
    name: str
    command: list
    folder: Path
    count: object  # (log text) -> Count; raises ValueError when the log has no closing lines
    deadline_s: int  # generous: it is there to end what hangs, not to measure
    wide: bool = False  # takes all processors by itself
    in_memory: bool = False  # its temporary files, where there is room: on a disk it waits more than it works
    on_request: bool = False  # only when it is named, or with --all


def count_unittest(log):
    ran = re.findall(r"^Ran (\d+) tests? in .*$", log, re.MULTILINE)
    verdicts = list(re.finditer(r"^(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", log, re.MULTILINE))
    if not ran or not verdicts:
        raise ValueError("unittest did not come to its end")
    details = dict(item.split("=") for item in (verdicts[-1][2] or "").split(", ") if "=" in item)
    failed = sum(
        int(details.get(kind, 0)) for kind in ("failures", "errors", "unexpected successes")
    )
    skipped = sum(int(details.get(kind, 0)) for kind in ("skipped", "expected failures"))
    closing = f"Ran {ran[-1]} tests: {verdicts[-1][0]}"
    return Count(max(int(ran[-1]) - failed - skipped, 0), failed, closing)


def count_node(log):
    # "# pass 5" where the runner writes TAP, "ℹ pass 5" where it writes for people
    numbers = dict(re.findall(r"^(?:#|ℹ) (tests|pass|fail|cancelled) (\d+)$", log, re.MULTILINE))
    if "pass" not in numbers or "fail" not in numbers:
        raise ValueError("node's runner did not come to its end")
    closing = ", ".join(f"{name} {number}" for name, number in numbers.items())
    return Count(
        int(numbers["pass"]), int(numbers["fail"]) + int(numbers.get("cancelled", 0)), closing
    )


def count_plain(log):
    """The last line of the form "N passed, N failed", which the runners of our own write."""
    lines = re.findall(r"^(?:\w+: )?(\d+) passed, (\d+) failed.*$", log, re.MULTILINE)
    if not lines:
        raise ValueError("there is no line 'N passed, N failed'")
    passed, failed = map(int, lines[-1])
    return Count(passed, failed, f"{passed} passed, {failed} failed")


def count_ctest(log):
    """Counts the cases of the GoogleTest binaries, and any other test of ctest as one case.

    log is what `ctest --verbose` printed: a test's output stands behind its number and a colon.
    """
    total = re.search(r"^\d+% tests passed, \d+ tests? failed out of (\d+)$", log, re.MULTILINE)
    result = re.compile(r"^ *\d+/\d+ +Test +#(\d+): +(\S+) [ .]*(.*?) +[\d.]+ sec", re.MULTILINE)
    results = result.findall(log)
    if not total or len(results) != int(total[1]):
        raise ValueError("ctest did not come to its end")
    passed = failed = 0
    for number, name, verdict in results:
        output = "\n".join(re.findall(rf"^{number}: (.*)$", log, re.MULTILINE))
        good = re.findall(r"^\[  PASSED  \] (\d+) tests?\.", output, re.MULTILINE)
        bad = set(re.findall(r"^\[  FAILED  \] (\w\S*\.\w[^\s,]*)", output, re.MULTILINE))
        if verdict == "Passed" and good and not any(map(int, good)):
            raise ValueError(f"the test {name} has no cases")
        passed += sum(map(int, good)) if good else int(verdict == "Passed")
        failed += 0 if verdict == "Passed" else max(len(bad), 1)
    return Count(passed, failed, total[0])


def python_suites():
    """One suite for each folder with Python tests, so that a new folder cannot be forgotten."""
    folders = {}
    for top in ("test", "examples", "bench", "scripts"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if re.fullmatch(r"test_.*|.*_test", path.stem) and "node_modules" not in path.parts:
                folders.setdefault(path.parent, []).append(path.stem)
    for folder, modules in sorted(folders.items()):
        name = "python-" + str(folder.relative_to(ROOT)).replace("/", "-")
        yield Suite(
            name, [sys.executable, "-m", "unittest", *modules], folder, count_unittest, 3600
        )


def node_suites():
    for package in sorted((ROOT / "test").glob("servers/*/package.json")):
        name = "node-" + package.parent.name
        yield Suite(name, ["npm", "test", "--silent"], package.parent, count_node, 1200)


def suites(build_dir):
    unit = [
        "ctest",
        "--test-dir",
        str(build_dir),
        "--no-tests=error",
        "--verbose",
        "-j",
        str(os.cpu_count()),
    ]
    yield Suite("unit", unit, ROOT, count_ctest, 3600, wide=True, in_memory=True)
    yield from python_suites()
    yield from node_suites()
    scenarios = ROOT / "test" / "scenarios" / "run.py"
    if scenarios.exists():
        yield Suite("scenarios", [sys.executable, str(scenarios)], ROOT, count_plain, 3600, wide=True, in_memory=True)
    simulate = [sys.executable, str(ROOT / "test" / "simulate.py"), "--build-dir", str(build_dir), "--keep-going"]
    yield Suite("simulation", simulate, ROOT, count_plain, 3600, wide=True)
    sanitized = [str(ROOT / "scripts" / "test-sanitized"), "--quick"]
    yield Suite("sanitized", sanitized, ROOT, count_plain, 3600, wide=True, on_request=True)


def end_group(process):
    """Ends what the suite left running, itself included, so that nothing outlives the tests."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def judge(suite, exit_code, log):
    """The Count of a finished suite. What went wrong beside its tests counts as one failure."""
    try:
        count = suite.count(log)
    except ValueError as error:
        return Count(0, 1, f"exit code {exit_code}: {error}")
    if exit_code != 0 and not count.failed:
        return Count(count.passed, 1, f"{count.closing}; but exit code {exit_code}")
    if not count.passed and not count.failed:
        return Count(0, 1, f"{count.closing}; it ran nothing")
    return count


def is_chosen(suite, arguments):
    if arguments.suite:
        return suite.name in arguments.suite
    return arguments.all or not suite.on_request


def parser():
    parser = argparse.ArgumentParser(description="Runs the test suites.")
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--list", action="store_true", help="print the names of the suites")
    parser.add_argument("--all", action="store_true", help="those too that run only on request")
    parser.add_argument("suite", nargs="*", help="only these")
    return parser


@contextmanager
def temporary_files(suite):
    """The variables that say where they go; nothing of them outlives the suite."""
    disk = os.statvfs(MEMORY) if os.access(MEMORY, os.W_OK) else None
    if not suite.in_memory or not disk or disk.f_bavail * disk.f_frsize < MEMORY_NEEDED:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="sluice-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # some tests become somebody else
        yield {"TMPDIR": folder, "TEST_TMPDIR": folder + "/"}


class Runner:
    """Runs suites, from several threads at once, and sums up what they say."""

    def __init__(self, environment):
        self.environment = environment
        self.lock = threading.Lock()  # of all below, and of what is printed
        self.running = set()  # processes
        self.stopped = False
        self.passed = self.failed = 0

    def one_after_the_other(self, some):
        for suite in some:
            if not self.stopped:
                self.report(suite)

    def report(self, suite):
        start = time.monotonic()
        exit_code, log = self.run(suite)
        if self.stopped:
            return
        count = judge(suite, exit_code, log)
        with self.lock:
            self.passed += count.passed
            self.failed += count.failed
            if count.failed:
                print("\n".join(log.splitlines()[-TAIL_LINES:]))
                print(f"FAILED: {suite.name}; all of its output: build/test-logs/{suite.name}.log")
            print(f"{suite.name}: {count.closing} ({time.monotonic() - start:.0f} s)", flush=True)

    def run(self, suite):
        """Runs one suite to its end or its deadline; returns (exit code, log text)."""
        path = LOGS / f"{suite.name}.log"
        with temporary_files(suite) as places, open(path, "wb") as log:
            with self.lock:
                if self.stopped:
                    return 1, ""
                print(f"{suite.name} ...", flush=True)
                process = subprocess.Popen(suite.command, cwd=suite.folder, env={**self.environment, **places},
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                           start_new_session=True)
                self.running.add(process)
            try:
                process.wait(suite.deadline_s)
            except subprocess.TimeoutExpired:
                log.write(f"\nended after its deadline of {suite.deadline_s} s\n".encode())
            finally:
                end_group(process)
                with self.lock:
                    self.running.discard(process)
        return process.returncode, path.read_text(errors="replace")

    def stop(self):
        with self.lock:
            self.stopped = True
            for process in self.running:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


def main():
    options = parser()
    arguments = options.parse_args()
    build_dir = arguments.build_dir.resolve()
    known = list(suites(build_dir))
    if arguments.list:
        print("\n".join(suite.name for suite in known))
        return 0
    unknown = set(arguments.suite) - {suite.name for suite in known}
    if unknown:
        options.error(f"unknown suite {', '.join(sorted(unknown))}: see --list")

    LOGS.mkdir(parents=True, exist_ok=True)
    chosen = [suite for suite in known if is_chosen(suite, arguments)]
    runner = Runner({**os.environ, "SLUICE_BUILD_DIR": str(build_dir)})
    with ThreadPoolExecutor(2) as pool:
        lanes = [pool.submit(runner.one_after_the_other, [suite for suite in chosen if suite.wide == wide])
                 for wide in (True, False)]
        try:
            for lane in lanes:
                lane.result()
        except KeyboardInterrupt:
            runner.stop()
            raise
    print(f"\n{runner.passed} passed, {runner.failed} failed")
    return 1 if runner.failed or not runner.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
