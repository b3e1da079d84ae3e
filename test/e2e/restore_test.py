"""A business lost files of two tables; the vendor's snapshot of the month brings the rows back. Compared with the
oracle, which restores on its own, and with what a drop that lost nothing gives."""

import csv
import io
import json
import os
import random
import shutil
import signal
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

import spa
from sluice_program import Sluice
from canonical import write_dump
from compare import compare_tables, read_dump
from oracle import options_of
from oracle import run as run_oracle
from tables import Restore

KILLS = 6
DAY = 24 * 3600
# Groups come one a day from 2 June on. Four days earlier, the third of each pod came on 31 May and is in the extract of
# 1 June; as it came within a day of it, it is applied again.
SHIFT = 4 * DAY
MONTH, EXTRACT = "2025-05", "2025-06-01"
SNAPSHOT_UPTO = {"POD1": 9, "POD2": 99}   # what the snapshot knows of
LOST = {"POD1": 8, "POD2": 97}            # files of these groups were lost
AFTER = {"POD1": 7, "POD2": 96}           # the last group of these tables that came more than a day before it
# Table -> the column that tells the month; none: its keys do.
TABLES = {"bi_factappointment": "starttime", "bi_factforms": None}


class RestoreTest(unittest.TestCase):
    maxDiff = 3000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-restore-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.drop, self.whole = self.folder / "drop", self.folder / "whole"
        self.project = self.folder / "project"
        self.project.mkdir()
        self.keys = self.folder / "keys.json"
        self.keys.write_text(json.dumps(spa.keys()))
        spa.generate(self.whole)
        for path in self.whole.glob("POD*/**/*.csv"):
            at = path.stat().st_mtime - SHIFT
            os.utime(path, (at, at))
        shutil.copytree(self.whole, self.drop)
        for pod, group in LOST.items():
            for path in self.drop.glob(f"{pod}/{group}/*/*/*.csv"):
                if path.parts[-3].lower().removesuffix("_s3") in TABLES:
                    path.unlink()
        spa.write_project(self.project, "{ type: file, path: ../drop }")
        text = (self.project / "sluice.yml").read_text()
        for table, column in TABLES.items():
            if column:
                text = text.replace(f"{table}: {{ key:", f"{table}: {{ month_column: {column}, key:")
        (self.project / "sluice.yml").write_text(text)
        self.sluice = Sluice(self.project)

    def test_rows_of_the_month_are_as_if_nothing_was_lost(self):
        self.sluice.call("run")
        restores = self.write_snapshots()
        for table in TABLES:
            self.sluice.call("run", "--restore", MONTH, "--table", table)
        expected = self.oracle(self.drop, restores=restores)
        self.compare(expected)
        after = self.sluice.rows("SELECT table_name, pod, after_group FROM _sluice.restores ORDER BY ALL")
        self.assertEqual(after, [[t, p, AFTER[p]] for t in sorted(TABLES) for p in sorted(AFTER)])
        # Nothing that is put to the test here helps with this.
        whole = self.oracle(self.whole)
        for table, column in TABLES.items():
            if column:
                self.assertEqual(self.of_month(expected, table, column), self.of_month(whole, table, column))
        unrestored = self.oracle(self.drop)
        self.assertNotEqual(self.of_month(unrestored, "bi_factappointment", "starttime"),
                            self.of_month(whole, "bi_factappointment", "starttime"), "nothing was lost")

        # A late file makes a table again from all its files, the restored month in its place.
        lost = next(self.whole.glob(f"POD1/{LOST['POD1']}/Bi_FactAppointment/*/*_001.csv"))
        late = self.drop / lost.relative_to(self.whole)
        late.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(lost, late)
        self.sluice.call("run")
        self.assertIn("bi_factappointment", self.sluice.column("SELECT table_name FROM _sluice.rebuilds "
                                                               "WHERE reason LIKE '%came late%'"))
        self.compare(self.oracle(self.drop, restores=restores))

    def test_killed_anywhere_it_is_done_or_not_begun(self):
        self.sluice.call("run")
        self.write_snapshots()
        seed, one = self.folder / "seed", self.folder / "one"
        shutil.copytree(self.project, seed)
        shutil.copytree(seed, one)
        restore = ("run", "--restore", MONTH, "--table", "bi_factappointment")
        before = self.rows_of(Sluice(one))
        began = time.monotonic()
        Sluice(one).call(*restore)
        took = time.monotonic() - began
        after = self.rows_of(Sluice(one))
        self.assertNotEqual(before, after)
        chance = random.Random(20250601)
        for kill in range(KILLS):
            shutil.rmtree(one)
            shutil.copytree(seed, one)
            sluice = Sluice(one)
            process = sluice.start(*restore)
            time.sleep(chance.uniform(0.02, took))
            process.send_signal(signal.SIGKILL)
            process.wait()
            # Each pod is a transaction of its own.
            restored = sluice.column("SELECT pod FROM _sluice.restores")
            for pod, rows in self.rows_of(sluice).items():
                self.assertEqual(rows, (after if pod in restored else before)[pod], f"{pod} after kill {kill}")
            sluice.call(*restore)
            self.assertEqual(self.rows_of(sluice), after, f"after kill {kill}")

    @staticmethod
    def rows_of(sluice):
        """By pod."""
        rows = sluice.rows("SELECT _sluice_pod, COLUMNS(* EXCLUDE (_sluice_load, _sluice_file)) FROM bi_factappointment")
        return {pod: sorted(str(row) for row in rows if row[0] == pod) for pod in AFTER}

    def write_snapshots(self):
        """Archives of what the oracle says of the whole drop at the end of the month."""
        dumps = self.oracle(self.whole, upto=SNAPSHOT_UPTO)
        restores = {}
        for table, column in TABLES.items():
            names, _, rows = read_dump(str(dumps / f"{table}.jsonl"))
            pod_at, names = names.index("_sluice_pod"), names[:-1]
            of_pod = {pod: [tuple(row[:pod_at]) for row in rows if row[pod_at] == pod] for pod in AFTER}
            if column:
                at = names.index(column)
                of_pod = {pod: [row for row in rows if (row[at] or "").startswith(MONTH)]
                          for pod, rows in of_pod.items()}
            for pod, rows in of_pod.items():
                self.assertGreater(len(rows), 3, f"{table} of {pod}")
                self.write_archive(table, pod, names, rows)
            restores[table] = Restore(column, MONTH, dict(AFTER), of_pod, "snapshot")
        return restores

    def write_archive(self, table, pod, names, rows):
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(names)
        out.writerows(rows)
        folder = self.drop / "MonthlySnapshot" / EXTRACT / pod / "1000" / table
        folder.mkdir(parents=True)
        with zipfile.ZipFile(folder / "77.77.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("77.csv", text.getvalue())

    def oracle(self, drop, **more):
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        run_oracle(str(drop), options_of(self.keys), str(folder), **more)
        return folder

    def of_month(self, dumps, table, column):
        names, _, rows = read_dump(str(dumps / f"{table}.jsonl"))
        at = names.index(column)
        return sorted(map(str, (row for row in rows if (row[at] or "").startswith(MONTH))))

    def compare(self, expected):
        for table in TABLES:
            path = expected / f"{table}.jsonl"
            with open(path, encoding="utf-8") as source:
                columns = [tuple(column) for column in json.loads(next(source))["columns"]]
            casts = ", ".join(f'CAST("{name}" AS VARCHAR)' for name, _ in columns)
            found = self.folder / "found.jsonl"
            write_dump(found, table, columns, self.sluice.rows(f"SELECT {casts} FROM {table}"))
            self.assertEqual("\n".join(compare_tables(read_dump(str(path)), read_dump(str(found)), 3)), "", table)


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    unittest.main()
