"""What the runner reads out of other runners' output; nothing that went wrong looks well."""

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import run
from run import Count, Suite, count_ctest, count_node, count_plain, count_unittest, judge

CTEST = """\
1: Running main() from ./googletest/src/gtest_main.cc
1: [==========] 3 tests from 1 test suite ran. (0 ms total)
1: [  PASSED  ] 3 tests.
1/3 Test  #1: base .............................   Passed    0.02 sec
2: crash: 40 points
2/3 Test  #2: crash ............................   Passed   10.50 sec
3: [  FAILED  ] Csv.ReadsQuotes (0 ms)
3: [  FAILED  ] All/Csv.Reads/2, where GetParam() = 7 (0 ms)
3: [==========] 6 tests from 1 test suite ran. (0 ms total)
3: [  PASSED  ] 4 tests.
3: [  FAILED  ] 2 tests, listed below:
3: [  FAILED  ] Csv.ReadsQuotes
3: [  FAILED  ] All/Csv.Reads/2, where GetParam() = 7
3/3 Test  #3: format ...........................***Failed    0.01 sec

67% tests passed, 1 tests failed out of 3
"""


class Ctest(unittest.TestCase):
    def test_cases_are_counted_and_a_test_without_cases_is_one(self):
        count = count_ctest(CTEST)
        self.assertEqual((count.passed, count.failed), (3 + 1 + 4, 2))
        self.assertEqual(count.closing, "67% tests passed, 1 tests failed out of 3")

    def test_a_binary_that_crashed_is_one_failure(self):
        log = (
            "1/1 Test #1: base ...***Exception: SegFault  0.02 sec\n\n"
            "0% tests passed, 1 tests failed out of 1\n"
        )
        self.assertEqual(count_ctest(log).failed, 1)

    def test_a_binary_without_cases_is_no_success(self):
        log = (
            "1: [  PASSED  ] 0 tests.\n1/1 Test #1: base ...   Passed  0.02 sec\n\n"
            "100% tests passed, 0 tests failed out of 1\n"
        )
        self.assertRaisesRegex(ValueError, "base has no cases", count_ctest, log)

    def test_output_that_stops_early_is_no_success(self):
        self.assertRaises(ValueError, count_ctest, CTEST[: CTEST.index("67%")])
        self.assertRaises(ValueError, count_ctest, CTEST.replace("2/3 Test  #2", "2/3 Tset  #2"))


class Unittest(unittest.TestCase):
    def test_all_kinds_of_verdicts(self):
        for verdict, passed, failed in [
            ("OK", 9, 0),
            ("OK (skipped=2)", 7, 0),
            ("FAILED (failures=1, errors=2, skipped=1)", 5, 3),
            ("FAILED (unexpected successes=1)", 8, 1),
        ]:
            with self.subTest(verdict=verdict):
                count = count_unittest(f"...\n-----\nRan 9 tests in 0.1s\n\n{verdict}\n")
                self.assertEqual((count.passed, count.failed), (passed, failed))

    def test_output_that_stops_early_is_no_success(self):
        self.assertRaises(ValueError, count_unittest, "Traceback (most recent call last):\n")


class Node(unittest.TestCase):
    def test_both_forms_of_the_summary(self):
        for mark in "#ℹ":
            counts = ("tests 6", "suites 0", "pass 3", "fail 2", "cancelled 1")
            log = "".join(f"{mark} {count}\n" for count in counts)
            with self.subTest(mark=mark):
                self.assertEqual(
                    count_node(log), Count(3, 3, "tests 6, pass 3, fail 2, cancelled 1")
                )

    def test_output_that_stops_early_is_no_success(self):
        self.assertRaises(ValueError, count_node, "# Subtest: x\n")


class Plain(unittest.TestCase):
    def test_the_last_line_counts(self):
        self.assertEqual(
            count_plain("1 passed, 0 failed\nx\n7 passed, 2 failed\n"),
            Count(7, 2, "7 passed, 2 failed"),
        )

    def test_words_around_it_do_not_count(self):
        self.assertRaises(ValueError, count_plain, "we had 3 passed, 1 failed\n")


class Judging(unittest.TestCase):
    suite = Suite("s", [], Path("."), count_plain, 1)

    def test_a_clean_run_stays_as_it_is(self):
        self.assertEqual(
            judge(self.suite, 0, "2 passed, 0 failed"), Count(2, 0, "2 passed, 0 failed")
        )

    def test_a_bad_exit_code_is_a_failure_whatever_was_counted(self):
        self.assertEqual(judge(self.suite, 3, "2 passed, 0 failed").failed, 1)

    def test_a_suite_that_ran_nothing_is_a_failure(self):
        self.assertEqual(judge(self.suite, 0, "0 passed, 0 failed").failed, 1)

    def test_a_log_without_an_end_is_a_failure(self):
        self.assertEqual(judge(self.suite, 0, "").failed, 1)


class Running(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def run_all(self, *scripts, deadline_s=600, wide=()):
        """Exit code and output of the runner over suites that run these Python texts; `wide` by their numbers."""
        chosen = [
            Suite(f"s{n}", [sys.executable, "-c", script], self.folder, count_plain, deadline_s, wide=n in wide)
            for n, script in enumerate(scripts)
        ]
        lines = []
        with mock.patch.multiple(run, LOGS=self.folder, suites=lambda _: chosen), mock.patch.object(
            sys, "argv", ["run.py"]
        ), mock.patch(
            "builtins.print", lambda *words, **_: lines.append(" ".join(map(str, words)))
        ):
            return run.main(), "\n".join(lines)

    def test_the_last_line_is_the_sum(self):
        code, output = self.run_all("print('2 passed, 0 failed')", "print('3 passed, 0 failed')")
        self.assertEqual((code, output.splitlines()[-1]), (0, "5 passed, 0 failed"))

    def test_a_failure_shows_the_end_of_the_log(self):
        code, output = self.run_all(
            "print('what went wrong'); print('2 passed, 1 failed'); exit(1)"
        )
        self.assertEqual((code, output.splitlines()[-1]), (1, "2 passed, 1 failed"))
        self.assertIn("what went wrong", output)

    def test_a_suite_that_hangs_is_ended_with_what_it_started(self):
        script = (
            "import subprocess; p = subprocess.Popen(['sleep', '600']);"
            "print(p.pid, flush=True); p.wait()"
        )
        code, _ = self.run_all(script, deadline_s=5)
        self.assertEqual(code, 1)
        child, deadline = self.folder / "s0.log", time.monotonic() + 30
        stat = Path("/proc", child.read_text().split()[0], "stat")
        while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
            self.assertLess(time.monotonic(), deadline, "the child still runs")
            time.sleep(0.05)

    def test_wide_suites_run_beside_the_others(self):
        waits = ("import pathlib, time; end = time.monotonic() + 60\n"
                 "while not pathlib.Path('there').exists() and time.monotonic() < end: time.sleep(0.01)\n"
                 "print('1 passed, 0 failed' if pathlib.Path('there').exists() else '0 passed, 1 failed')")
        comes = "open('there', 'w'); print('1 passed, 0 failed')"
        self.assertEqual(self.run_all(waits, comes, wide=[0])[0], 0)

    def test_suites_of_one_kind_run_one_after_the_other(self):
        alone = ("import os, time; os.mkdir('busy'); time.sleep(0.2); os.rmdir('busy');"
                 "print('1 passed, 0 failed')")
        self.assertEqual(self.run_all(alone, alone, wide=[0, 1])[0], 0)
        self.assertEqual(self.run_all(alone, alone)[0], 0)

    def test_temporary_files_in_memory_are_gone_behind_the_suite(self):
        said = self.folder / "said"
        script = (f"import os, tempfile; open({str(said)!r}, 'w').write(tempfile.mkdtemp());"
                  "print('1 passed, 0 failed')")
        suite = Suite("s", [sys.executable, "-c", script], self.folder, count_plain, 60, in_memory=True)
        with mock.patch.multiple(run, LOGS=self.folder, MEMORY=self.folder, MEMORY_NEEDED=0), mock.patch("builtins.print"):
            run.Runner(dict(os.environ)).report(suite)
        self.assertEqual(Path(said.read_text()).parent.parent, self.folder)
        self.assertFalse(Path(said.read_text()).exists())

    def test_no_suite_at_all_is_no_success(self):
        self.assertEqual(self.run_all()[0], 1)


class Discovery(unittest.TestCase):
    def test_the_suites_of_this_repository_are_found(self):
        names = [suite.name for suite in run.suites(Path("build/release"))]
        self.assertEqual(len(names), len(set(names)))
        for name in ("unit", "python-test", "python-test-servers-s3", "node-iterable", "sanitized"):
            self.assertIn(name, names)

    def test_what_builds_for_itself_runs_only_when_asked_for(self):
        quick = Suite("quick", [], Path("."), count_plain, 1)
        slow = Suite("slow", [], Path("."), count_plain, 1, on_request=True)
        for words, wanted in ([], [quick]), (["--all"], [quick, slow]), (["slow"], [slow]):
            with self.subTest(words=words):
                arguments = run.parser().parse_args(words)
                self.assertEqual([s for s in (quick, slow) if run.is_chosen(s, arguments)], wanted)


if __name__ == "__main__":
    unittest.main()
