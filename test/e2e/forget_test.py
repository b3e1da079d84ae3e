"""A person who is forgotten is nowhere any more: every container is decoded (tables, stages, spools, compressed
files, SQLite, logs, files beside the warehouse and its pages as they lie), and what was found before is found nowhere
after. Killed anywhere, the same command goes on and ends as an undisturbed one."""

import gzip
import random
import re
import shutil
import signal
import sqlite3
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

from dump import differences, warehouse
from sluice_program import Sluice

KILLS = 8
PEOPLE = 3000
KEY = 1717
EMAIL = f"person{KEY}@example.com"
PROJECT = """project: shop
connections:
  inbox: { type: file, path: inbox }
  out: { type: file, path: out }
ingests:
  shop:
    from: inbox
    layout: files
    bad_rows: { percent: 50%, always_allowed: 5 }
    tables:
      people: { pattern: "p*.csv.gz", columns: { id: INT, email: VARCHAR, age: INT }, key: id, mode: upsert }
      orders: { pattern: "o*.jsonl", columns: { nr: INT, person: INT, note: VARCHAR }, key: nr, mode: upsert }
      watched: { pattern: "w*.csv", columns: { email: VARCHAR, n: INT }, mode: append,
                 checks: [ { accepted_values: { column: n, values: [1] }, on_failure: fail } ] }
models:
  spenders: { as: table, sql: "SELECT p.id, p.email, count(*) AS n FROM people AS p JOIN orders AS o ON o.person = p.id GROUP BY ALL" }
syncs:
  send: { model: spenders, to: out, object: people, key: id, fields: { email: email, n: n } }
  other: { model: spenders, to: out, object: others, key: email, fields: { email: email } }
persons:
  customer:
    tables: { people: id, orders: person }
    identifiers: { email: [people.email, watched.email] }
"""
# Not looked at, and the command says so; the project itself.
OUT_OF_SCOPE = ("inbox", "out", "backup", "sluice.yml")


def make(folder):
    """A project in which the person is in every container."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "sluice.yml").write_text(PROJECT)
    rows = [f"{i},person{i}@example.com,{i % 90}" for i in range(1, PEOPLE + 1)]
    rows += [f"{KEY},{EMAIL},old", f"{KEY + 1},person{KEY + 1}@example.com,old"]
    with gzip.open(folder / "inbox/p1.csv.gz", "wt") as file:
        file.write("\n".join(["id,email,age", *rows, ""]))
    with open(folder / "inbox/o1.jsonl", "w", encoding="utf-8") as file:
        for i in range(2 * PEOPLE):
            file.write(f'{{"nr":{i},"person":{i % PEOPLE + 1},"note":"n{i}"}}\n')
    (folder / "inbox/w1.csv").write_text(f"email,n\n{EMAIL},2\nperson9@example.com,1\n")
    sluice = Sluice(folder)
    sluice.call("run", "shop", "spenders", codes=(3,))
    sluice.call("run", "send", "--dry-run")
    sluice.call("run", codes=(3,))
    # What a stopped program leaves: a file on its way, an older warehouse, a log that somebody wrote too much into.
    state = folder / ".sluice/dev"
    (state / "spool-shop").mkdir(exist_ok=True)
    shutil.copy(folder / "inbox/p1.csv.gz", state / "spool-shop/0.part")
    shutil.copy(folder / "warehouse.duckdb", folder / "warehouse.duckdb.before-restore")
    log = sorted((state / "logs").glob("*.jsonl"))[0]
    with open(log, "a", encoding="utf-8") as file:
        file.write(f'{{"event":"note","text":"about {EMAIL}"}}\n')
    (state / "query_history").write_text(f"SELECT 1\nSELECT * FROM people WHERE email = '{EMAIL}'\n")
    with sqlite3.connect(state / "state.db") as database:
        database.execute("UPDATE runs SET summary = ? || summary", (EMAIL,))
    return sluice


def texts(path):
    """What a file holds: as it lies, and decoded."""
    data = path.read_bytes()
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name)
    if data[:15] == b"SQLite format 3":
        with sqlite3.connect(path) as database:
            yield "\n".join(database.iterdump()).encode()


def places(sluice):
    """Where the address is."""
    wanted = EMAIL.encode()
    found = set()
    for path in sorted(sluice.folder.rglob("*")):
        relative = path.relative_to(sluice.folder)
        if not path.is_file() or relative.parts[0] in OUT_OF_SCOPE:
            continue
        if any(wanted in text.lower() for text in texts(path)):
            name = str(relative)
            found.add(re.sub(r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN", name))
    tables = sluice.rows(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1"
    )
    for (table,) in tables:
        count = sluice.rows(
            f"SELECT count(*) FROM {table} AS t WHERE contains(lower(t::VARCHAR), '{EMAIL}')"
        )[0][0]
        if int(count) > 0:
            found.add("table " + re.sub(r"_\d+$|_[0-9a-f]{16}$", "_N", table))
    return found


def comparable(sluice):
    """What must be the same however often it was killed: all but when it was, and which salt."""
    state = warehouse(sluice)
    for table in list(state):
        if "forgotten" in table or table.endswith("meta"):
            del state[table]
    return state


class SomebodyIsForgotten(unittest.TestCase):
    def forget(self, sluice):
        shown = sluice.call("forget", EMAIL)
        number = re.search(r"--confirm (\d+)", shown)[1]
        return number, sluice.call("forget", EMAIL, "--confirm", number)

    def test_found_before_and_nowhere_after(self):
        with tempfile.TemporaryDirectory() as top:
            sluice = make(Path(top) / "one")
            before = places(sluice)
            for place in (
                "table main.people",
                "table main.spenders",
                "table _sluice.quarantine",
                "table _sluice.sync_delivered",
                "table _sluice.sync_attempts",
                "warehouse.duckdb",
                "warehouse.duckdb.before-restore",
                ".sluice/dev/state.db",
                ".sluice/dev/logs/RUN.jsonl",
                ".sluice/dev/query_history",
                ".sluice/dev/spool-shop/0.part",
            ):
                self.assertIn(place, before)
            self.assertTrue(any(place.startswith(".sluice/dev/dry-run/") for place in before))
            self.assertTrue(any(place.startswith("table main._sluice_stage") for place in before))
            people = int(sluice.rows("SELECT count(*) FROM people")[0][0])
            _, said = self.forget(sluice)
            self.assertIn("backups", said)
            self.assertEqual(places(sluice), set())
            self.assertEqual(int(sluice.rows("SELECT count(*) FROM people")[0][0]), people - 1)
            # What holds of others is as it was, and goes on.
            sluice.call("run", codes=(0, 3))
            self.assertEqual(places(sluice), set())
            # The order of the ledger is the order in which it was written.
            self.assertEqual(
                int(sluice.rows("SELECT count(*) FROM people WHERE id BETWEEN 1 AND 3000")[0][0]),
                PEOPLE - 1,
            )

    def test_killed_anywhere(self):
        with tempfile.TemporaryDirectory() as top:
            seed, one = Path(top) / "seed", Path(top) / "one"
            make(seed)
            shutil.copytree(seed, one)
            began = time.monotonic()
            number, _ = self.forget(Sluice(one))
            took = time.monotonic() - began
            expected = comparable(Sluice(one))
            chance = random.Random(1)
            for kill in range(KILLS):
                shutil.rmtree(one)
                shutil.copytree(seed, one)
                sluice = Sluice(one)
                for _ in range(chance.choice((1, 1, 2))):
                    process = sluice.start("forget", EMAIL, "--confirm", number)
                    time.sleep(chance.uniform(0.02, took))
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    sluice.rows("SELECT count(*) FROM people")  # the warehouse is whole
                sluice.call("forget", EMAIL, "--confirm", number, codes=(0, 2))
                self.assertEqual(places(sluice), set(), f"after kill {kill}")
                self.assertEqual(differences(expected, comparable(sluice)), [], f"after kill {kill}")
                self.assertFalse(list(one.glob("warehouse.duckdb.fresh*")), f"after kill {kill}")


if __name__ == "__main__":
    unittest.main()
