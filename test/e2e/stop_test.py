"""The product stopped at writing system calls of a day: a selection of what `stop_sweep.py` does."""

import os
import shutil
import sys
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

import outcome
import stop_sweep
from sluice_program import ROOT
from stop_case import CASE, Bench, Point
from with_standin import Standin, install_packages

sys.path.insert(0, str(ROOT / "test" / "crash"))
from audit import counts_of  # noqa: E402


class StopTest(unittest.TestCase):
    def test_a_day_that_is_stopped_anywhere_ends_like_an_undisturbed_one(self):
        bad = stop_sweep.sweep(stop_sweep.few_cases, jobs=os.cpu_count() or 2)
        self.assertFalse(bad, "\n".join(["", *bad]))  # the end of a log is what is seen of it

    def test_the_shim_sees_every_writing_call_of_a_run(self):
        if not shutil.which("strace"):
            self.fail("strace is not installed: scripts/install-deps test")
        install_packages()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-stop-")))
            server = stop_sweep.start_drop(stack, folder)
            standin = stack.enter_context(Standin("userid", rate="none"))
            bench = Bench(folder / "bench", outcome.People(standin), server)
            bench.begin()
            seen, counted = counts_of([bench.sluice.binary, "run"], bench.shim, f"{bench.project}/", folder,
                                      cwd=bench.project, env=bench.sluice.environment, capture_output=True)
        self.assertEqual(seen, counted)
        self.assertLess({"write", "pwrite", "fsync", "rename", "unlink", "mkdir"}, counted.keys())


class SelectionTest(unittest.TestCase):
    POINTS = [Point(n, "pwrite" if n % 2 else "fsync", f) for n, f in enumerate("abcab", 1)]

    def test_all_cases_have_every_point_and_tear_only_writes(self):
        cases = [case for _, case in stop_sweep.all_cases(self.POINTS)]
        self.assertEqual(len(set(cases)), len(cases))
        for point in self.POINTS:
            ways = [case for case in cases if CASE.match(case)["point"] == str(point.number)]
            self.assertEqual(len(ways), len(stop_sweep.WAYS) if point.writes else 5)

    def test_the_selection_meets_every_kind_of_file(self):
        numbers = [int(CASE.match(case)["point"]) for _, case in stop_sweep.few_cases(self.POINTS)]
        self.assertEqual({self.POINTS[n - 1].file for n in numbers}, set("abc"))


if __name__ == "__main__":
    unittest.main()
