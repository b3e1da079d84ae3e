#!/usr/bin/env python3
"""Runs the scenarios of this folder, two at a time. README.md describes their language."""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from language import Failure, ScenarioError, parse
from program import find_binary
from world import World

HERE = Path(__file__).resolve().parent
DEADLINE_S = 120  # there to end what hangs, not to measure


def perform(path, binary, folder, deadline_s):
    """None, or why it failed."""
    try:
        sections = parse(path.read_text())
    except ScenarioError as error:
        return f"{path.name}: {error}"
    section = None
    try:
        with World(folder, binary, deadline_s) as world:
            for section in sections:
                world.perform(section)
            section = None
            world.finish()
    except (Failure, ScenarioError) as problem:
        where = f"{path.name}:{section.line}: === {section.kind} {section.argument}\n" if section else ""
        return where + str(problem)
    except Exception:  # a server that does not start, for one: a failure like any other
        return f"{path.name}:{section.line if section else 0}: {traceback.format_exc()}"
    return None


def run_one(path, binary, keep, deadline_s=DEADLINE_S):
    """(seconds, None or why it failed)."""
    start = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"sluice-{path.stem}-"))
    problem = perform(path, binary, folder, deadline_s)
    if problem and keep:
        problem += f"\nits folder: {folder}"
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return time.monotonic() - start, problem


def run_all(paths, binary, jobs, keep):
    """The exit code: 1 when something failed, or when nothing ran."""
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda path: run_one(path, binary, keep), paths)
        for path, (seconds, problem) in zip(paths, results):
            print(f"{'FAILED' if problem else 'ok    '} {path.stem} ({seconds:.1f} s)", flush=True)
            if problem:
                failed += 1
                print("\n".join("    " + line for line in problem.splitlines()), flush=True)
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a part of the name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="leave the folders of those that failed")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    paths = [
        path
        for path in sorted(HERE.rglob("*.scenario"))
        if not arguments.only or any(part in path.stem for part in arguments.only)
    ]
    if arguments.list:
        print("\n".join(path.stem for path in paths))
        return 0
    try:
        binary = find_binary()
    except FileNotFoundError as error:
        print(f"run.py: {error}\n0 passed, 1 failed")
        return 1
    return run_all(paths, binary, arguments.jobs, arguments.keep)


if __name__ == "__main__":
    sys.exit(main())
