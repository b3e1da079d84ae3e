"""State that somebody or something has damaged, and a folder that nobody may write into: a run says what is
wrong and what to do, and neither loads, nor sends, nor destroys anything."""

import errno
import hashlib
import os
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

import dump
import outcome
import stop_sweep
from stop_case import Bench
from with_standin import Standin, install_packages

GARBAGE = b"this is none of it\n" * 500


class StateFaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_packages()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-state-")))
        server = stop_sweep.start_drop(stack, folder)
        standin = stack.enter_context(Standin("userid", rate="none"))
        cls.bench = Bench(folder / "bench", outcome.People(standin), server)

    def setUp(self):
        self.bench.begin()

    def files(self):
        """What is kept, but for notes that every command makes: locks, the list of runs, their logs."""
        return {
            str(path.relative_to(self.bench.project)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.bench.project.rglob("*")
            if path.is_file() and path.suffix not in (".lock", ".jsonl") and "state.db" not in path.name
        }

    def expect_refused(self, *words):
        """The run ends with 1, says these words, and leaves files and people as they are."""
        before, people = self.files(), self.bench.people.ask("users?format=jsonl")
        said = self.bench.run({}, (1,))
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.bench.people.ask("users?format=jsonl"), people)

    def finish(self):
        self.bench.finish()
        found = outcome.of(self.bench.sluice, self.bench.people)
        self.assertEqual(dump.differences(self.bench.expected, found), [])

    def stop_while_sending(self):
        """Stopped so that a delivery to Iterable is open; the log of it."""
        logs = [p for p in self.bench.points if "guests_to_iterable" in p.file and p.file.endswith(".log") and p.writes]
        self.bench.stop_at(logs[3].number)
        return next(self.bench.project.glob(".sluice/dev/syncs/guests_to_iterable/*.log"), None)

    def test_a_database_that_was_cut(self):
        path = self.bench.project / "warehouse.duckdb"
        whole = path.read_bytes()
        for size in (0, 100, len(whole) // 2):
            with self.subTest(size=size):
                path.write_bytes(whole[:size])
                self.expect_refused("warehouse.duckdb")
        path.write_bytes(whole)
        self.finish()

    def test_a_database_that_is_something_else(self):
        path = self.bench.project / "warehouse.duckdb"
        whole = path.read_bytes()
        path.write_bytes(GARBAGE)
        self.expect_refused("warehouse.duckdb")
        path.write_bytes(whole)
        self.finish()

    def test_a_side_file_that_is_garbage(self):
        path = self.bench.project / "warehouse.duckdb.guard"
        path.write_bytes(GARBAGE)
        self.expect_refused("warehouse.duckdb.guard", "damaged")
        path.unlink()
        self.finish()

    def test_a_log_of_a_delivery_that_is_garbage(self):
        log = self.stop_while_sending()
        whole = log.read_bytes()
        log.write_bytes(GARBAGE)
        before = self.bench.people.ask("users?format=jsonl")
        said = self.bench.run({}, (1,))
        self.assertIn(log.name, said)
        self.assertEqual(self.bench.people.ask("users?format=jsonl"), before)
        self.assertEqual(log.read_bytes(), GARBAGE)
        log.write_bytes(whole)
        self.finish()

    def test_a_list_of_runs_that_is_garbage(self):
        path = self.bench.project / ".sluice" / "dev" / "state.db"
        path.write_bytes(GARBAGE)
        said = self.bench.run({}, (0, 1))
        self.assertIn("state.db", said)
        path.unlink()
        self.finish()

    def test_a_folder_that_is_read_only(self):
        # As the file system says it: rights do not hold back a superuser, who may be running the tests.
        shim = {"LD_PRELOAD": str(self.bench.shim), "SHIM_PATHS": f"{self.bench.project}/",
                "SHIM_FAIL_AT": "1", "SHIM_FAIL": "all", "SHIM_ERRNO": str(errno.EROFS)}
        before, people = self.files(), self.bench.people.ask("users?format=jsonl")
        said = self.bench.run(shim, (1,))
        self.assertIn(os.strerror(errno.EROFS), said)
        self.assertIn("Let this user write in", said)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.bench.people.ask("users?format=jsonl"), people)
        self.finish()


if __name__ == "__main__":
    unittest.main()
