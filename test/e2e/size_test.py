"""Very large values and very many small files: refused or loaded within limits, with a bounded memory.

`SLUICE_TEST_FILES=50000` makes the many files as many as docs/performance.md tells of.
"""

import gzip
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from sluice_program import Sluice

MB = 1 << 20
FILES = int(os.environ.get("SLUICE_TEST_FILES", "3000"))
# The engine's buffers are limited to 256 MB in the project below; what else a run needs must not grow with the input.
MOST_MEMORY = 300 * MB
MOST_OF_BAD_ROWS = 450 * MB  # 220 to 360 by how the threads come along; 800 to 1,150 where they are not bounded

PROJECT = """
project: sizes
warehouse: { path: w.duckdb, threads: 2, memory_limit: 256MB }
connections:
  inbox: { type: file, path: inbox }
ingests:
  sizes:
    from: inbox
    layout: files
    settle: 0s
    tables:
      texts: { pattern: "texts*", columns: { id: INT, text: VARCHAR } }
      small: { pattern: "small/**/*.csv", columns: { id: INT, text: VARCHAR } }
      bad: { pattern: "bad.*", bad_rows: { percent: 100% }, columns: { id: INT, text: VARCHAR } }
"""


class SizeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-size-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "inbox").mkdir()
        (self.folder / "sluice.yml").write_text(PROJECT)
        self.sluice = Sluice(self.folder)

    def run_it(self, codes=(0,)):
        """Peak memory of a run, in bytes."""
        log = self.folder / "log"
        with open(log, "w") as out:
            process = subprocess.Popen(
                [self.sluice.binary, "run"],
                cwd=self.folder,
                env=self.sluice.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertIn(process.returncode, codes, log.read_text()[-3000:])
        return used.ru_maxrss * 1024

    def query(self, sql):
        return self.sluice.call("query", "--csv", sql).splitlines()[1:]

    def refused(self, names):
        """Rows 1 and 3 of each file are there; row 2, whose text has 100 MB, is in quarantine, cut."""
        memory = self.run_it()
        loaded = self.query("SELECT id, count(*) FROM texts GROUP BY id ORDER BY id")
        self.assertEqual(loaded, [f"1,{len(names)}", f"3,{len(names)}"])
        rows = self.query(
            "SELECT address, line, raw_cut, length(raw) < 100000 FROM _sluice.quarantine ORDER BY address"
        )
        self.assertEqual(rows, [f"{name},{line},true,true" for name, line in names])
        self.assertEqual(self.query("SELECT DISTINCT rows_read - inserted - quarantined FROM _sluice.files"), ["0"])
        self.assertLess(memory, MOST_MEMORY)

    def test_a_text_of_100_MB_is_refused_by_its_limit(self):
        inbox = self.folder / "inbox"
        with open(inbox / "texts1.csv", "w") as plain, gzip.open(inbox / "texts2.csv.gz", "wt", 1) as packed:
            for file in (plain, packed):
                file.write('id,text\n1,a\n2,"')
                for _ in range(100):
                    file.write("x" * MB)
                file.write('"\n3,c\n')
        self.refused([("texts1.csv", 3), ("texts2.csv.gz", 3)])

    def test_a_text_of_100_MB_in_JSON_is_refused_by_its_limit(self):
        with gzip.open(self.folder / "inbox" / "texts.jsonl.gz", "wt", 1) as file:
            file.write('{"id": 1, "text": "a"}\n{"id": 2, "text": "')
            for _ in range(100):
                file.write("x" * MB)
            file.write('"}\n{"id": 3, "text": "c"}\n')
        self.refused([("texts.jsonl.gz", 2)])

    def half_are_bad(self, rows):
        """Every other row is in quarantine, the last one with its line."""
        memory = self.run_it()
        self.assertEqual(self.query("SELECT count(*) FROM bad"), [f"{rows // 2}"])
        counted = self.query("SELECT count(*), count(DISTINCT raw), max(line) FROM _sluice.quarantine")
        self.assertEqual(counted, [f"{rows // 2},{rows // 2},{rows}"])
        self.assertLess(memory, MOST_OF_BAD_ROWS)

    def test_a_million_bad_rows(self):
        with open(self.folder / "inbox" / "bad.csv", "w") as file:
            for n in range(2_000_000):
                file.write(f"{n},a row that fits its table\n" if n % 2 == 0 else f"x{n},a row that does not fit it\n")
        self.half_are_bad(2_000_000)

    def test_a_million_bad_rows_of_JSON(self):
        with open(self.folder / "inbox" / "bad.jsonl", "w") as file:
            for n in range(2_000_000):
                file.write(f'{{"id": {n}}}\n' if n % 2 == 0 else f'{{"id": "x{n}"}}\n')
        self.half_are_bad(2_000_000)

    def test_a_million_broken_rows(self):
        with open(self.folder / "inbox" / "bad.csv", "w") as file:
            for n in range(2_000_000):
                file.write(f"{n},a row that fits its table\n" if n % 2 == 0 else f"{n},a row,with too many cells\n")
        self.half_are_bad(2_000_000)

    def test_many_small_files(self):
        for n in range(FILES):
            path = self.folder / "inbox" / "small" / str(n // 1000) / f"{n}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"id,text\n{n},a\n{n},b\n" + ("x,y\n" if n % 1000 == 7 else ""))
        memory = self.run_it()
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT id) FROM small"), [f"{2 * FILES},{FILES}"])
        counted = self.query(
            "SELECT count(*), sum(rows_read), sum(inserted), sum(quarantined) FROM _sluice.files"
        )
        bad = len(range(7, FILES, 1000))
        self.assertEqual(counted, [f"{FILES},{2 * FILES + bad},{2 * FILES},{bad}"])
        self.assertLess(memory, MOST_MEMORY)
        self.assertLess(self.run_it(), MOST_MEMORY)
        self.assertEqual(self.query("SELECT count(*) FROM small"), [f"{2 * FILES}"])


if __name__ == "__main__":
    unittest.main()
