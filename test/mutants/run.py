#!/usr/bin/env python3
"""Defects that the tests must find: each is a patch of the product with the command of the test that has to fail.

    test/mutants/run.py [NAME...]      all, or these: hours, for each builds and runs its test
    test/mutants/run.py --check        only whether each patch still applies (mutants_test.py)

A patch begins with lines "Defect:", "Targets:" (of ninja), "Test:" (a command, run in the repository's folder, with
{build} for the build directory) and "Shows:" (a text of the failing test's output, so that a test that fails for
another reason is not taken for one that finds the defect). A patch that does not apply or compile any more is a
failure too.

Works on a copy of the tracked files, as they are now, in build/mutants/; the tree itself is not touched. First each
test must pass on the copy as it is. One line for each defect, then "N passed, N failed": found, not found.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "build" / "mutants"
FIELDS = ("Defect", "Targets", "Test", "Shows")
TAIL_LINES = 30


class Broken(Exception):
    """The mutant itself cannot be used: that is an error of its own, not a defect that was missed."""


@dataclass
class Mutant:
    name: str
    path: Path
    defect: str
    targets: list
    test: str
    shows: str


def read(path):
    head = path.read_text().split("\ndiff --git ", 1)[0]
    fields = dict(re.findall(r"^(\w+): +(.+)$", head, re.MULTILINE))
    if sorted(fields) != sorted(FIELDS):
        raise Broken(f"{path.name}: its head must have {', '.join(FIELDS)}; it has {', '.join(fields) or 'none'}")
    return Mutant(path.stem, path, fields["Defect"], fields["Targets"].split(), fields["Test"], fields["Shows"])


def all_mutants():
    return [read(path) for path in sorted(HERE.glob("*.patch"))]


def apply(mutant, tree, *how):
    done = subprocess.run(["git", "apply", *how, str(mutant.path)], cwd=tree, capture_output=True, text=True)
    if done.returncode != 0:
        raise Broken(f"{mutant.path.name} does not apply any more: {done.stderr.strip()}")


class Workshop:
    """The copy and its build directory."""

    def __init__(self):
        self.tree = WORK
        self.build = WORK / "build" / "dev"  # as in a checkout: so the compiler's cache knows the commands
        self.environment = {**os.environ, "SLUICE_BUILD_DIR": str(self.build)}

    def prepare(self, mutants):
        (self.tree / "build").mkdir(parents=True, exist_ok=True)
        self.clear()
        listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                 cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, listing.split("\0")):
            if (ROOT / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.tree / name)
        # A repository of its own: `git apply` would else look at the paths of the one around it.
        subprocess.run(["git", "init", "-q"], cwd=self.tree, check=True)
        for name in ("build/third_party", "build/tools", "test/servers/iterable/node_modules"):
            (self.tree / name).unlink(missing_ok=True)
            (self.tree / name).symlink_to((ROOT / name).resolve())
        for mutant in mutants:  # what an earlier run has compiled may have been compiled with the defect
            for name in re.findall(r"^\+\+\+ b/(.+)$", mutant.path.read_text(), re.MULTILINE):
                (self.tree / name).touch()
        self.must(["cmake", "--preset", "dev", "-DSLUICE_TESTS=ON", "-DSLUICE_BENCH=OFF",
                   "-DSLUICE_WERROR=OFF"])  # what a defect leaves unused is no error

    def clear(self):
        """Removes the copy, not what was built."""
        for path in self.tree.iterdir():
            if path.name == "build":
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def must(self, command):
        done = subprocess.run(command, cwd=self.tree, capture_output=True, text=True)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
            raise Broken(f"{' '.join(command)} failed:\n{tail}")

    def compile(self, targets):
        self.must(["ninja", "-C", str(self.build), *targets])

    def test(self, command):
        """(exit code, output) of a test."""
        done = subprocess.run(command.format(build=self.build), shell=True, cwd=self.tree, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return done.returncode, done.stdout


def finds(workshop, mutant):
    """Whether the test finds the defect; prints what it said when not."""
    apply(mutant, workshop.tree)
    try:
        workshop.compile(mutant.targets)
        code, output = workshop.test(mutant.test)
    finally:
        apply(mutant, workshop.tree, "--reverse")
    if code != 0 and mutant.shows in output:
        return True
    print("\n".join("    " + line for line in output.splitlines()[-TAIL_LINES:]))
    print(f"    exit code {code}; expected a failure that shows {mutant.shows!r}")
    return False


def passes(workshop, mutant):
    workshop.compile(mutant.targets)
    code, output = workshop.test(mutant.test)
    if code != 0:
        tail = "\n".join(output.splitlines()[-TAIL_LINES:])
        raise Broken(f"{mutant.test} fails without any defect:\n{tail}")


def run(mutants):
    workshop = Workshop()
    workshop.prepare(all_mutants())
    passed = failed = 0
    good = set()  # tests that pass as they are
    for mutant in mutants:
        start = time.monotonic()
        print(f"{mutant.name}: {mutant.defect} ...", flush=True)
        try:
            if mutant.test not in good:
                passes(workshop, mutant)
                good.add(mutant.test)
            found = finds(workshop, mutant)
        except Broken as problem:
            print(problem)
            found = False
        passed += found
        failed += not found
        print(f"    {'found' if found else 'NOT FOUND'} ({time.monotonic() - start:.0f} s)", flush=True)
        if not found:
            print(f"    again: test/mutants/run.py {mutant.name}", flush=True)
    workshop.clear()
    print(f"{passed} passed, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only whether the patches apply")
    parser.add_argument("--first", metavar="NAME", help="go on with this one")
    parser.add_argument("name", nargs="*", help="only these")
    options = parser.parse_args()
    try:
        mutants = all_mutants()
        unknown = {*options.name, *filter(None, [options.first])} - {mutant.name for mutant in mutants}
        if unknown:
            parser.error(f"there is no mutant {', '.join(sorted(unknown))}")
        if options.check:
            for mutant in mutants:
                apply(mutant, ROOT, "--check")
            print(f"{len(mutants)} patches apply")
            return 0
        chosen = [m for m in mutants if (not options.name or m.name in options.name)
                  and m.name >= (options.first or "")]
        return 1 if run(chosen) else 0
    except Broken as problem:
        print(problem, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
