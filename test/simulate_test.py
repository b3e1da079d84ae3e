"""The runner of the simulation: what it says of programs that pass, fail and hang."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Stands in for the simulation: fails for one seed, says so.
PROGRAM = """#!/bin/sh
first=${SLUICE_SIM_SEEDS%-*}; last=${SLUICE_SIM_SEEDS#*-}
if [ "$first" -le 7 ] && [ "$last" -ge 7 ]; then echo "seed 7: it broke"; exit 1; fi
"""


class SimulateTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        program = self.build / "src" / "sync" / "sync_simulation"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run_over(self, *arguments):
        done = subprocess.run([sys.executable, HERE / "simulate.py", "--build-dir", self.build, *arguments],
                              capture_output=True, text=True, env={**os.environ})
        return done.returncode, done.stdout + done.stderr

    def test_all_pass(self):
        self.assertEqual(self.run_over("--seeds", "8-23"), (0, "16 passed, 0 failed\n"))

    def test_the_seed_that_fails_is_named_with_what_it_said(self):
        code, said = self.run_over("--seeds", "1-20", "--keep-going")
        self.assertEqual(code, 1)
        self.assertIn("seed 7: FAILED\n    seed 7: it broke\n    again: test/simulate.py --seeds 7\n", said)
        self.assertTrue(said.endswith("19 passed, 1 failed\n"), said)

    def test_it_ends_at_the_first_that_fails(self):
        code, said = self.run_over("--seeds", "7-5000", "--jobs", "1")
        self.assertEqual((code, said.splitlines()[-1]), (1, "0 passed, 1 failed"))

    def test_seeds_that_are_none(self):
        for text in ("", "9-1", "a-b", "1-"):
            self.assertEqual(self.run_over("--seeds", text)[0], 2, text)


if __name__ == "__main__":
    unittest.main()
