"""Sluice and the oracle read the same drop; every table, account and quarantined row must agree."""

import json
import os
import re
import shutil
import tempfile
import unittest
import zlib
from pathlib import Path

import spa
from sluice_program import Sluice
from canonical import write_dump
from compare import compare_folders
from oracle import options_of
from oracle import run as run_oracle
from s3server import S3Server
from upload import upload_folder

COUNTS = [
    "read", "inserted", "updated", "unchanged", "delete_matched", "delete_unmatched",
    "superseded", "skipped", "quarantined", "key_collisions", "too_long",
]  # fmt: skip
# What Sluice says of each kind of bad row.
REASONS = {
    "bad_quotes": r"quote",
    "too_many_columns": r"too many columns",
    "too_few_columns": r"too few columns",
    "bad_utf8": r"UTF-8",
    "bad_integer": r"whole number",
    "bad_decimal": r"DECIMAL|decimal|digits",
    "bad_float": r"number|double",
    "bad_boolean": r"true|boolean|0, 1",
    "bad_timestamp": r"timestamp|date",
    "bad_date": r"date",
    "null_key": r"the key is NULL",
    "null_void": r"void is NULL",
}


class OracleTest(unittest.TestCase):
    maxDiff = 3000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-oracle-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.drop = self.folder / "drop"
        self.project = self.folder / "project"
        self.project.mkdir()
        self.keys = self.folder / "keys.json"
        self.keys.write_text(json.dumps(spa.keys()))

    def test_group_by_group_from_a_folder(self):
        spa.write_project(self.project, "{ type: file, path: ../drop }")
        sluice = Sluice(self.project)
        upto = {}
        for groups in spa.ROUNDS:
            spa.generate(self.drop, groups=groups)
            upto.update(groups)
            with self.subTest(upto=dict(upto)):
                sluice.call("run")
                self.compare(sluice)

    def test_all_at_once_from_a_bucket(self):
        with S3Server() as server:
            spa.write_project(self.project, spa.S3_CONNECTION)
            sluice = Sluice(self.project, {
                "DROP_ENDPOINT": server.endpoint,
                "DROP_KEY_ID": server.access_key,
                "DROP_SECRET": server.secret_key,
            })  # fmt: skip
            for phase in ("first", "next", "tiny"):
                spa.generate(self.drop, phase=phase)
            upload_folder(server.client, self.drop, "drop", threads=2)
            sluice.call("run")
            self.compare(sluice)

    def test_compressed_and_in_two_phases(self):
        spa.write_project(self.project, "{ type: file, path: ../drop }")
        sluice = Sluice(self.project)
        spa.generate(self.drop, phase="first", gzip=True)
        sluice.call("run")
        spa.generate(self.drop, phase="next", gzip=True)
        sluice.call("run")
        self.compare(sluice)

    def test_files_that_come_two_rounds_late(self):
        """Some files of every round are held back; in the end all is as if they had come in time."""
        spa.write_project(self.project, "{ type: file, path: ../drop }")
        sluice = Sluice(self.project)
        hidden = []  # (round, path)
        for number, groups in enumerate(spa.ROUNDS):
            known = self.data_files()
            spa.generate(self.drop, groups=groups)
            for path in sorted(self.data_files() - known):
                if zlib.crc32(path.encode()) % 40 == 0:
                    self.move(path, self.drop, self.folder / "hidden")
                    hidden.append((number, path))
            for came, path in hidden:
                if came == number - 2:
                    self.move(path, self.folder / "hidden", self.drop)
            sluice.call("run")
        for came, path in hidden:
            if came >= len(spa.ROUNDS) - 2:
                self.move(path, self.folder / "hidden", self.drop)
        sluice.call("run")
        self.assertGreater(len(hidden), 10)
        rebuilt = sluice.column("SELECT DISTINCT table_name FROM _sluice.rebuilds")
        self.assertGreater(len(rebuilt), 4, rebuilt)
        self.compare(sluice)

    def data_files(self):
        return {str(path.relative_to(self.drop)) for path in self.drop.glob("POD*/**/*.csv")}

    @staticmethod
    def move(path, source, target):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        os.rename(source / path, target / path)

    # ---- what is compared ----

    def compare(self, sluice):
        expected = self.folder / "expected"
        shutil.rmtree(expected, ignore_errors=True)
        run_oracle(str(self.drop), options_of(self.keys), str(expected))
        self.compare_tables(sluice, expected)
        self.compare_files(sluice, expected)

    def compare_tables(self, sluice, expected):
        found = self.folder / "found"
        shutil.rmtree(found, ignore_errors=True)
        found.mkdir()
        tables = sorted(path for path in expected.glob("bi_*.jsonl"))
        self.assertEqual(len(tables), len(spa.keys()))
        rows = 0
        for path in tables:
            with open(path, encoding="utf-8") as source:
                head = json.loads(next(source))
                rows += sum(1 for _ in source)
            columns = [(name, sql_type) for name, sql_type in head["columns"]]
            casts = ", ".join(f'CAST("{name}" AS VARCHAR)' for name, _ in columns)
            write_dump(found / path.name, path.stem, columns,
                       sluice.rows(f"SELECT {casts} FROM {path.stem}"))  # fmt: skip
        self.assertGreater(rows, 1000)
        self.assertEqual("\n".join(compare_folders(str(expected), str(found), most=3)), "")

    def compare_files(self, sluice, expected):
        """Each file's account: what became of its rows, and which of them are in quarantine."""
        with open(expected / "files.jsonl", encoding="utf-8") as source:
            accounts = [json.loads(line) for line in source]
        self.assertFalse([account["path"] for account in accounts if account["held"]])
        wanted = {a["path"]: {name: a[name] for name in COUNTS} for a in accounts}
        names = ", ".join(["rows_read"] + COUNTS[1:])
        rows = sluice.rows(f"SELECT address, {names} FROM _sluice.files WHERE state = 'loaded'")
        self.assertEqual(len(rows), len(wanted), "files in the ledger")
        found = {row[0]: dict(zip(COUNTS, row[1:])) for row in rows}
        differences = [
            f"{path}: oracle {wanted.get(path)}, Sluice {found.get(path)}"
            for path in sorted(wanted.keys() | found.keys())
            if wanted.get(path) != found.get(path)
        ]
        self.assertFalse(differences[:5], f"{len(differences)} accounts differ")

        bad = {
            (a["path"], row["line"], row["offset"], row["column"]): row["kind"]
            for a in accounts
            for row in a["quarantine"]
        }
        rows = sluice.rows(
            "SELECT address, line, byte_offset, column_name, reason FROM _sluice.quarantine"
        )
        reasons = {tuple(row[:4]): row[4] for row in rows}
        self.assertEqual(len(rows), len(reasons), "a row is in quarantine once")
        self.assertGreater(len(bad), 50)
        self.assertEqual(sorted(map(str, bad.keys() - reasons.keys()))[:5], [], "not in quarantine")
        self.assertEqual(sorted(map(str, reasons.keys() - bad.keys()))[:5], [], "needlessly there")
        for place, kind in bad.items():
            self.assertRegex(reasons[place], re.compile(REASONS[kind], re.IGNORECASE), str(place))


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    unittest.main()
