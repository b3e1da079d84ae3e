"""A replay of fixed rows that is killed anywhere: each table has all of its fixes or none, and the next replay
ends as an undisturbed one."""

import random
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

from dump import differences, warehouse
from sluice_program import Sluice

KILLS = 5
ROWS = 4000
PROJECT = """project: shop
connections:
  inbox: { type: file, path: inbox }
ingests:
  shop:
    from: inbox
    layout: files
    bad_rows: { percent: 100%, always_allowed: 100000 }
    tables:
      a: { pattern: "a*.csv", columns: { id: INT, n: INT }, key: id }
      b: { pattern: "b*.csv", columns: { id: INT, n: INT }, key: id }
"""


def make(folder):
    """A project with every third row in quarantine and fixed, not replayed yet."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "sluice.yml").write_text(PROJECT)
    for table in "ab":
        for file in range(3):
            rows = [f"{file * 10000 + i},{i if i % 3 else 'x'}" for i in range(ROWS)]
            (folder / f"inbox/{table}{file}.csv").write_text("\n".join(["id,n", *rows, ""]))
    sluice = Sluice(folder)
    sluice.call("run")
    for table in "ab":
        sluice.call("quarantine", "fix", "--in", table, "--where", "true", "--set", "n='7'", "--yes")


class ReplayIsKilled(unittest.TestCase):
    def test_all_or_nothing(self):
        with tempfile.TemporaryDirectory() as top:
            seed, one = Path(top) / "seed", Path(top) / "one"
            make(seed)
            shutil.copytree(seed, one)
            began = time.monotonic()
            Sluice(one).call("quarantine", "replay")
            took = time.monotonic() - began
            expected = warehouse(Sluice(one))
            chance = random.Random(1)
            for kill in range(KILLS):
                shutil.rmtree(one)
                shutil.copytree(seed, one)
                sluice = Sluice(one)
                process = sluice.start("quarantine", "replay")
                time.sleep(chance.uniform(0.02, took))
                process.send_signal(signal.SIGKILL)
                process.wait()
                self.check_accounts(sluice, kill)
                sluice.call("quarantine", "replay")
                found = differences(expected, warehouse(sluice))
                self.assertEqual(found, [], f"after kill {kill}")

    def check_accounts(self, sluice, kill):
        for table in "ab":
            rows, waiting = sluice.rows(
                f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM _sluice.quarantine "
                f"WHERE table_name = '{table}')"
            )[0]
            self.assertIn(waiting, (0, 3 * ((ROWS + 2) // 3)), f"after kill {kill}")
            self.assertEqual(rows + waiting, 3 * ROWS, f"after kill {kill}")
            self.assertEqual(
                sluice.rows(
                    "SELECT sum(inserted), sum(quarantined) FROM _sluice.files WHERE table_name = "
                    f"'{table}'"
                )[0],
                [str(rows), str(waiting)],
            )


if __name__ == "__main__":
    unittest.main()
