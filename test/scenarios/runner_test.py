"""What the runner of scenarios must notice, with a script in place of the binary."""

import io
import os
import re
import tempfile
import time
import unittest
from contextlib import redirect_stdout
from pathlib import Path

import run
from language import Failure, ScenarioError, check_lines, matches, parse

SCRIPT = """#!/bin/bash
case "$1" in
  greet) echo "Hello $2"; echo "warning: odd" >&2; exit "${3:-0}";;
  query) printf 'a,b\\n1,x\\n';;
  leak) mkdir -p .sluice; echo "$SECRET" > .sluice/log;;
  sleep) sleep 30 >/dev/null 2>&1 & trap 'kill $!; echo stopped; exit 130' INT
    echo waiting; touch ready; wait;;
esac
"""


class RunnerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.binary = self.folder / "sluice"
        self.binary.write_text(SCRIPT)
        self.binary.chmod(0o755)

    def problem(self, text, deadline_s=20):
        path = self.folder / "some.scenario"
        path.write_text(text)
        return run.run_one(path, self.binary, False, deadline_s)[1]

    def passes(self, text):
        self.assertIsNone(self.problem(text))

    def fails(self, text, *parts, **options):
        problem = self.problem(text, **options)
        self.assertIsNotNone(problem)
        for part in parts:
            self.assertIn(part, problem)

    def test_lines_in_order_with_others_between(self):
        self.passes("=== $ sluice greet you\nHello y*\nwarning: odd\n")
        self.fails("=== $ sluice greet you\nwarning: odd\nHello you\n", "out of order: Hello you")
        self.fails("=== $ sluice greet you\nHello me\n", "missing: Hello me", "| Hello you")

    def test_exit_codes(self):
        self.passes("=== $ sluice greet you 3\nexit 3\n")
        self.fails("=== $ sluice greet you 3\n", "exit code 3, expected 0")
        self.fails("=== $ sluice greet you\nexit 3\n", "exit code 0, expected 3")

    def test_lines_that_must_not_be_there(self):
        self.passes("=== $ sluice greet you\n! *error*\n")
        self.fails("=== $ sluice greet you\n! *odd*\n", "must not be there: warning: odd")

    def test_tables(self):
        self.passes("=== $ true\n=== query SELECT 1\na,b\n1,x\n\n")
        self.fails("=== $ true\n=== query SELECT 1\na,b\n1,y\n", "-1,y", "+1,x")
        self.fails("=== $ true\n=== query SELECT 1\na,b\n1,x\n2,x\n", "-2,x")
        self.fails("=== $ true\n=== query SELECT 1\na,b\n", "+1,x")

    def test_files(self):
        self.passes("=== file a/b crlf no-end\nx\ny\n=== $ od -An -c a/b\n   x  \\r  \\n   y\n")
        self.passes("=== file f\nx\n=== append f\ny\n=== $ true\n=== lines f\nx\n*\n")
        self.fails("=== file f\nx\n=== $ true\n=== lines f\n", "+x")
        self.fails("=== file f\nx\n=== remove f\n=== $ true\n=== lines f\nx\n", "-x")
        self.fails("=== file ../../f\nx\n=== $ true\n", "leads out")

    def test_a_secret_in_output_or_state_is_found(self):
        self.fails("=== $ sluice greet S3CRET\n=== absent S3CRET\n", "was printed")
        self.fails("=== set SECRET=S3CRET\n=== $ sluice leak\n=== absent S3CRET\n", ".sluice/log")
        self.passes("=== file .env\nS3CRET\n=== $ sluice greet you\n=== absent S3CRET\n")

    def test_variables_and_folders(self):
        self.passes("=== set WHO=you\n=== file f\n{WHO} ${WHO}\n=== $ cat f\nyou ${*}\n=== $ sluice greet {WHO}\nHello {WHO}\n! *{x*\n")
        self.passes("=== file sub/f\n=== cd sub\n=== $ ls\nf\n")
        self.fails("=== cd sub\n=== $ ls\n", "no folder sub")

    def test_background_commands(self):
        self.passes(
            "=== start sluice sleep\n=== $ until [[ -e ready ]]; do sleep 0.05; done\n"
            "=== signal INT\n=== wait\nexit 130\nstopped\n"
        )
        self.passes("=== start sluice sleep\n=== signal KILL\n=== wait\nexit 137\n")
        self.fails("=== start sluice sleep\n=== $ true\n", "never waited for")

    def test_what_hangs_is_ended(self):
        start = time.monotonic()
        self.fails("=== $ sluice sleep\n", "did not end in time", "waiting", deadline_s=1)
        self.assertLess(time.monotonic() - start, 15)

    def test_scenarios_that_are_wrong_fail(self):
        self.fails("=== fyle a\n=== $ true\n", "unknown section 'fyle'")
        self.fails("=== file a\nb\n", "runs no command")
        self.fails("only words\n", "runs no command")

    def test_the_closing_line_and_the_exit_code(self):
        good, bad = self.folder / "good.scenario", self.folder / "bad.scenario"
        good.write_text("=== $ true\n")
        bad.write_text("=== $ false\n")
        for paths, code, closing in (
            ([good], 0, "1 passed, 0 failed"),
            ([good, bad], 1, "1 passed, 1 failed"),
            ([], 1, "0 passed, 0 failed"),
        ):
            with redirect_stdout(io.StringIO()) as output:
                self.assertEqual(run.run_all(paths, self.binary, 2, False), code)
            self.assertEqual(output.getvalue().splitlines()[-1], closing)

    def test_the_environment_is_clean(self):
        os.environ["AWS_SECRET_ACCESS_KEY"] = "mine"
        self.addCleanup(os.environ.pop, "AWS_SECRET_ACCESS_KEY")
        self.passes("=== $ env\n! AWS_*\nHOME=*home\n")


class LanguageTest(unittest.TestCase):
    def test_patterns(self):
        self.assertTrue(matches("a*c", "abbbc"))
        self.assertTrue(matches("1.5 (x)", "1.5 (x)"))
        self.assertFalse(matches("1.5", "1x5"))
        self.assertFalse(matches("a", "ab"))

    def test_all_lines_count(self):
        check_lines(["a", "*"], ["a", "b"], "it")
        with self.assertRaises(Failure):
            check_lines(["a"], ["a", "b"], "it")

    def test_sections(self):
        sections = parse("shows x\n=== file a b\n1\n\n2\n\n=== $ true\n")
        self.assertEqual([(s.kind, s.argument, s.body) for s in sections],
                         [("file", "a b", ["1", "", "2"]), ("$", "true", [])])
        with self.assertRaises(ScenarioError):
            parse("=== nothing\n")

    def test_the_page_of_promises_names_what_is_there(self):
        root = Path(__file__).resolve().parents[2]
        page = (root / "test/scenarios/promises.md").read_text()
        named = [name for name in re.findall(r"`([^`]+)`", page) if "/" in name]
        self.assertGreater(len(named), 40)
        for name in named:
            there = (root / name).exists() or (root / "test/scenarios" / f"{name}.scenario").exists()
            self.assertTrue(there, name)


if __name__ == "__main__":
    unittest.main()
