"""A store that answers nobody for a while holds up no other ingest of the same run."""

import json
import queue
import subprocess
import tempfile
import threading
import unittest
from contextlib import ExitStack
from pathlib import Path

from broken_network import BrokenNetwork, unbroken
from sluice_program import RUN_DEADLINE_S, Sluice
from s3server import S3Server

PROJECT = """project: slow
warehouse: { path: warehouse.duckdb }
connections:
  far: { type: s3, bucket: far, endpoint: "${FAR}", access_key_id: "${KEY_ID}", secret_access_key: "${SECRET}", url_style: path }
  near: { type: file, path: near }
ingests:
  orders:
    from: far
    layout: files
    tables:
      orders: { pattern: "orders.csv", columns: { id: BIGINT } }
  visits:
    from: near
    layout: files
    tables:
      visits: { pattern: "visits.csv", columns: { id: BIGINT } }
"""
LISTING, OBJECT = "/far", "/far/orders.csv"
LATEST_S = 60


class SlowStoreTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.server = stack.enter_context(S3Server())
        with cls.server.client() as client:
            client.create_bucket("far")
            client.put("far", "orders.csv", b"id\n1\n2\n")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-slow-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "sluice.yml").write_text(PROJECT)
        (self.folder / "near").mkdir()
        (self.folder / "near" / "visits.csv").write_text("id\n7\n")
        self.answer = threading.Event()
        self.addCleanup(self.answer.set)

    def events_of(self, process):
        """The run's events, as they come."""
        events = queue.Queue()

        def read():
            for line in process.stdout:
                events.put(json.loads(line))
            events.put(None)

        threading.Thread(target=read, daemon=True).start()
        return events

    def run_with(self, slow_path):
        """What the run did before the slow store answered, and after it."""
        def held(client, answer):
            self.answer.wait(RUN_DEADLINE_S)
            unbroken(client, answer)

        def choose(path, number):
            return held if path.rstrip("/") == slow_path else unbroken

        with BrokenNetwork(self.server.endpoint, choose) as network:
            variables = {"FAR": network.endpoint, "KEY_ID": self.server.access_key, "SECRET": self.server.secret_key}
            sluice = Sluice(self.folder, variables)
            process = sluice.start("run", "--json", output=subprocess.PIPE)
            events = self.events_of(process)
            before = []
            while not any("visits.visits" in str(event) and event.get("outcome") == "done" for event in before):
                before.append(events.get(timeout=LATEST_S))
            self.assertEqual(sluice.column("SELECT id FROM visits"), [7], "published while the other is waited for")
            self.answer.set()
            self.assertEqual(process.wait(RUN_DEADLINE_S), 0)
            after = []
            while (event := events.get(timeout=LATEST_S)) is not None:
                after.append(event)
            process.stdout.close()
            self.assertEqual(sluice.rows("SELECT id FROM orders ORDER BY id"), [[1], [2]])
        return before, after

    def test_files_that_do_not_come(self):
        before, after = self.run_with(OBJECT)
        self.assertFalse([e for e in before if "orders.orders" in str(e) and e.get("outcome")])
        self.assertTrue([e for e in after if "orders.orders" in str(e) and e.get("outcome") == "done"])

    def test_a_listing_that_does_not_come(self):
        self.run_with(LISTING)

    def test_what_is_waited_for_is_shown(self):
        before, after = self.run_with(OBJECT)
        self.assertTrue([e for e in before + after if "download orders" in str(e)])


if __name__ == "__main__":
    unittest.main()
