"""A drop of a few lines for the tests, and the oracle run on it."""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle  # noqa: E402

FACT = "create table bi_factsale (id INT, organizationid VARCHAR(36), amount DECIMAL(19,2), void BOOLEAN)"
DIM = "create table bi_dimguest (id INT, name NVARCHAR(8), email VARCHAR(40))"


class SmallDrop:
    """files: {"POD1/7/bi_factsale/1/a.csv": text or bytes}; schemas: {"SchemaFull/bi_factsale.txt": DDL}."""

    def __init__(self, files, schemas, keys):
        self.folder = tempfile.TemporaryDirectory()
        self.root = os.path.join(self.folder.name, "drop")
        self.out = os.path.join(self.folder.name, "out")
        self.keys = keys
        for path, text in (schemas | files).items():
            self.put(path, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def put(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode("utf-8"))

    def load(self, **more):
        """(rows of the only table as lists, {path: account})."""
        keys = os.path.join(self.folder.name, "keys.json")
        with open(keys, "w", encoding="utf-8") as out:
            json.dump(self.keys, out)
        self.summary = oracle.run(self.root, oracle.options_of(keys), self.out, **more)
        (table,) = self.summary["tables"]
        with open(os.path.join(self.out, table + ".jsonl"), encoding="utf-8") as source:
            self.columns = json.loads(next(source))["columns"]
            rows = [json.loads(line) for line in source]
        with open(os.path.join(self.out, "files.jsonl"), encoding="utf-8") as source:
            accounts = {a["path"]: a for a in map(json.loads, source)}
        return rows, accounts


def facts(files, ddl=FACT, key=("id",), schemas=None, **options):
    """A drop with the one fact table bi_factsale: (id, organizationid, amount, void)."""
    return SmallDrop(files, {"SchemaFull/bi_factsale.txt": ddl} | (schemas or {}),
                     {"bi_factsale": dict(options, key=list(key))})


def dims(files, ddl=DIM, key=("id",), schemas=None, table="bi_dimguest", **options):
    """A drop with the one dimension table bi_dimguest: (id, name, email)."""
    return SmallDrop(files, {f"SchemaFull/{table}.txt": ddl} | (schemas or {}),
                     {table: dict(options, key=list(key))})


def counts(account):
    """The counts of a file that are not zero, without read."""
    names = ("inserted", "updated", "unchanged", "delete_matched", "delete_unmatched", "superseded", "skipped",
             "quarantined", "key_collisions")
    return {name: account[name] for name in names if account[name]}
