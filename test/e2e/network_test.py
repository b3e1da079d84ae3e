"""A day over a network that breaks: what passes is got over within the run, what lasts fails the run, and then the
next one ends it. Tables, ledgers and destinations are as after an undisturbed day, always."""

import json
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

import broken_network as network
import dump
import outcome
import stop_sweep
from broken_network import BrokenNetwork
from stop_case import Bench
from with_standin import Standin, install_packages

# Of the second day: its dimension needs this file, and the groups after it wait for it.
OBJECT = "/second/POD1/9/bi_dimuser/2/a.csv"
LISTING = "/second"


class NetworkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_packages()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-network-")))
        cls.server = stop_sweep.start_drop(stack, folder)
        standin = stack.enter_context(Standin("userid", rate="none"))
        cls.bench = Bench(folder / "bench", outcome.People(standin), cls.server)

    def run_through(self, choose, codes):
        """A run of day two behind a proxy; what it printed."""
        self.bench.begin()
        with BrokenNetwork(self.server.endpoint, choose) as broken:
            said = self.bench.run({"DROP_ENDPOINT": broken.endpoint}, codes)
            self.asked = broken.seen  # path -> how often
        self.assertIn(OBJECT, self.asked)
        return said

    def expect_undisturbed(self):
        found = outcome.of(self.bench.sluice, self.bench.people)
        self.assertEqual(dump.differences(self.bench.expected, found), [])

    def finish(self):
        self.bench.finish()
        self.expect_undisturbed()

    def test_a_network_without_faults_changes_nothing(self):
        self.run_through(lambda path, number: network.unbroken, (0,))
        self.expect_undisturbed()

    def test_what_passes_is_got_over(self):
        kinds = [network.reset, network.truncated, network.damaged, network.busy, network.slow]

        def choose(path, number):
            if number > 1:
                return network.unbroken
            if path.endswith(".csv"):
                return kinds[sum(path.encode()) % len(kinds)]
            # A listing has no checksum: a byte of it that is another would be another name.
            return network.reset

        self.run_through(choose, (0,))
        self.expect_undisturbed()
        broken = [path for path, times in self.asked.items() if times > 1]
        self.assertGreater(len(broken), len(self.asked) // 2)

    def test_what_lasts_fails_the_run_and_the_next_one_ends_it(self):
        for fault in (network.refused, network.damaged, network.truncated):
            with self.subTest(fault.__name__):
                said = self.run_through(
                    lambda path, number, fault=fault: fault if path == OBJECT else network.unbroken, (1,)
                )
                self.assertIn("bi_dimuser", said)
                self.finish()

    def test_a_listing_that_is_refused_loads_nothing_of_it(self):
        self.bench.begin()
        before = dump.warehouse(self.bench.sluice)

        def choose(path, number):
            return network.refused if path.rstrip("/") == LISTING else network.unbroken

        with BrokenNetwork(self.server.endpoint, choose) as broken:
            self.bench.run({"DROP_ENDPOINT": broken.endpoint}, (1,))
        after = dump.warehouse(self.bench.sluice)
        for table in ("main.bi_dimuser", "main.bi_factsale", "_sluice.cursors"):
            rows = [line for line in after[table] if "shop" not in line]
            self.assertEqual(rows, [line for line in before[table] if "shop" not in line], table)
        self.finish()

    def test_what_changes_while_files_are_fetched_is_not_mixed(self):
        for what in ("goes", "is another"):
            with self.subTest(what):
                bucket, key = OBJECT[1:].split("/", 1)
                with self.server.client() as client:
                    whole = client.get(bucket, key).body
                    if what == "is another":  # listed when half of it had come
                        client.put(bucket, key, whole[: len(whole) // 2])

                    def choose(path, number):
                        if path == OBJECT and number == 1:
                            with self.server.client() as other:
                                other.delete(bucket, key) if what == "goes" else other.put(bucket, key, whole)
                        return network.unbroken

                    try:
                        self.run_through(choose, (1,))
                    finally:
                        client.put(bucket, key, whole)
                self.finish()

    def test_answers_of_the_destination_that_are_lost(self):
        kinds = ["reset-before-commit", "reset-after-commit", "truncated-answer", "error-after-commit"]
        self.bench.begin()
        faults = [{"kind": kind, "endpoint": "users/bulkUpdate"} for kind in kinds]
        self.bench.people.ask("faults", "POST", json.dumps(faults))
        self.finish()


if __name__ == "__main__":
    unittest.main()
