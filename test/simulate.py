#!/usr/bin/env python3
"""The simulation of syncs (src/sync/simulation_test.cc) over many seeds, side by side.

    test/simulate.py [--seeds 1-300] [--jobs N] [--build-dir DIR] [--keep-going]

Ends with the first seed that fails, unless told to keep going, and prints what it said and how to repeat it. Closes
with "N passed, N failed", in seeds.
"""

import argparse
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 15  # seeds of one process: to start it costs nothing beside them
LONGEST_S = 600  # of so many
SHOWN_LINES = 40


def seeds_of(text):
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if not match or int(match[2] or match[1]) < int(match[1]):
        raise argparse.ArgumentTypeError(f"seeds are FIRST-LAST or one number, not {text!r}")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def find_program(build_dir):
    places = [Path(build_dir)] if build_dir else [
        Path(place) for place in (os.environ.get("SLUICE_BUILD_DIR"), ROOT / "build" / "dev", ROOT / "build" / "ci",
                                  ROOT / "build" / "release") if place]
    for place in places:
        program = place / "src" / "sync" / "sync_simulation"
        if program.is_file():
            return program.resolve()
    sys.exit(f"simulate.py: no src/sync/sync_simulation in {', '.join(map(str, places))}: build it with -DSLUICE_TESTS=ON")


class Runner:
    def __init__(self, program, keep_going, temporary):
        self.program, self.keep_going, self.temporary = program, keep_going, temporary
        self.lock = threading.Lock()
        self.passed, self.failed = 0, []

    def ended(self):
        return self.failed and not self.keep_going

    def run(self, seeds):
        """Where several fail, they are run one by one: which it was is said by each alone."""
        if self.ended():
            return
        said, good = self.call(seeds)
        if good:
            with self.lock:
                self.passed += len(seeds)
        elif len(seeds) > 1:
            for seed in seeds:
                self.run([seed])
        else:
            self.fail(seeds[0], said)

    def call(self, seeds):
        environment = {**os.environ, "SLUICE_SIM_SEEDS": f"{seeds[0]}-{seeds[-1]}", **self.temporary}
        try:
            done = subprocess.run([self.program, "--gtest_brief=1"], env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                  timeout=LONGEST_S)
            return done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired:
            return f"took longer than {LONGEST_S} s", False

    def fail(self, seed, said):
        with self.lock:
            self.failed.append(seed)
            print(f"seed {seed}: FAILED")
            print("\n".join("    " + line for line in said.splitlines()[:SHOWN_LINES]))
            print(f"    again: test/simulate.py --seeds {seed}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="The simulation of syncs over many seeds.")
    parser.add_argument("--seeds", type=seeds_of, default=range(1, 301), metavar="FIRST-LAST")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--build-dir")
    parser.add_argument("--keep-going", action="store_true")
    arguments = parser.parse_args()
    # Where that is to be had in memory: nothing here is about what a disk loses.
    temporary = {"TEST_TMPDIR": "/dev/shm/"} if os.access("/dev/shm", os.W_OK) else {}
    runner = Runner(find_program(arguments.build_dir), arguments.keep_going, temporary)
    parts = [list(arguments.seeds[i:i + AT_ONCE]) for i in range(0, len(arguments.seeds), AT_ONCE)]
    with ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        list(pool.map(runner.run, parts))
    print(f"{runner.passed} passed, {len(runner.failed)} failed")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
