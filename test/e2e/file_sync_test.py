"""A sync into a file that cannot write once, at any write: in the end each line is in the file once, in the order of
the keys, whatever the log of the delivery has to say about it."""

import shutil
import tempfile
import unittest
from pathlib import Path

from sluice_program import Sluice, library_of

ROWS = 8
PROJECT = """project: lines
connections:
  here: { type: file, path: drop }
  out: { type: file, path: out }
ingests:
  things:
    from: here
    layout: files
    tables: { things: { pattern: "things.csv", columns: { id: INT, name: VARCHAR } } }
models:
  things_now: SELECT id, name FROM {{ ref('things') }}
syncs:
  things_out: { model: things_now, to: out, object: things, key: id, batch: { rows: 5 }, fields: { name: name } }
"""
LOG = ".sluice/dev/syncs/things_out"
FAULTS = [(LOG, "once"), (LOG, "half"), ("out", "once")]  # what the stops of a day meet by chance only (stop_sweep.py)


class FileSyncTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="sluice-lines-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = Path(folder.name).resolve()
        cls.base, cls.project = cls.root / "base", cls.root / "project"
        (cls.project / "drop").mkdir(parents=True)
        (cls.project / "sluice.yml").write_text(PROJECT)
        lines = ["id,name", *(f"{i},Name {i}" for i in range(ROWS)), ""]
        (cls.project / "drop/things.csv").write_text("\n".join(lines))
        cls.sluice = Sluice(cls.project)
        cls.sluice.call("run", "things")
        cls.project.rename(cls.base)
        cls.shim = library_of(cls.sluice.binary, "crash_shim")

    def begin(self):
        shutil.rmtree(self.project, ignore_errors=True)
        shutil.copytree(self.base, self.project)

    def lines(self):
        return (self.project / "out/things.jsonl").read_text().splitlines()

    def run_counted(self, below, shim, codes):
        """A run whose calls below this folder of the project are counted."""
        shim = {"LD_PRELOAD": str(self.shim), "SHIM_PATHS": f"{self.project}/{below}/", **shim}
        Sluice(self.project, {**self.sluice.environment, **shim}).call("run", codes=codes)

    def points(self, below):
        """(number, kind) of each in an undisturbed run."""
        self.begin()
        log = self.root / "points"
        log.unlink(missing_ok=True)
        self.run_counted(below, {"SHIM_LOG": str(log)}, (0,))
        fields = (line.split() for line in log.read_text().splitlines())
        return [(int(number), kind) for number, kind, *_ in fields]

    def test_each_line_is_there_once(self):
        for below, fault in FAULTS:
            points = self.points(below)
            expected = self.lines()
            self.assertEqual(len(expected), ROWS)
            self.assertGreater(len(points), 5)
            for point, kind in points:
                if fault == "half" and kind not in ("write", "pwrite"):
                    continue
                self.begin()
                self.run_counted(below, {"SHIM_FAIL_AT": str(point), "SHIM_FAIL": fault}, (0, 1))
                self.sluice.call("run")
                with self.subTest(below=below, fault=fault, point=point):
                    self.assertEqual(self.lines(), expected)


if __name__ == "__main__":
    unittest.main()
