#!/usr/bin/env python3
"""A sync of many people into a folder, against hand-written SQL that finds and stores the same.

    python3 bench/sync.py [--rows 10000000] [--runs 5] [--build build/release] [--work first]...

first: everything is sent, and remembered. changed: one row in a hundred has other values. mapped: every row has a field
more. mirror: one row in a hundred is gone. Both sides begin with the same tables, and their engines have the same limit of memory, below the
1.5 GB that a run may take; each run works on a copy. See run.py.
"""

import shutil

import measure
from measure import timed

SQL = measure.HERE / "sync"
WORK = ["first", "changed", "mapped", "mirror"]
BEFORE = {"changed": "change.sql", "mirror": "leave.sql"}  # what happens to the people before the run
MEMORY = "1GB"
RESULT = "SELECT count(*), count(DISTINCT key), sum(length(payload)) FROM {} WHERE state = 'delivered'"


class Bench:
    def __init__(self, args, work):
        self.name = work
        self.bench_sql, self.sluice = measure.binaries(args)
        self.work = measure.ROOT / "build" / "bench" / f"sync_{args.rows}"
        self.rows = args.rows

    def sql(self, database, script, **names):
        words = [f"{name}={value}" for name, value in {"THREADS": 2, "MEMORY": MEMORY, **names}.items()]
        return timed([self.bench_sql, database, SQL / script, *words], self.work)

    def prepare(self):
        """What both sides have before the run that is measured."""
        self.work.mkdir(parents=True, exist_ok=True)
        people = self.work / "people.duckdb"
        if not people.exists():
            self.sql(people, "people.sql", ROWS=self.rows)
        self.start = self.work / f"start_{self.name}.duckdb"
        measure.copy_file(people, self.start)
        self.project = self.work / f"project_{self.name}"
        shutil.rmtree(self.project, ignore_errors=True)
        self.project.mkdir()
        shutil.copy(people, self.project / "warehouse.duckdb")
        self.configure("")
        if self.name == "first":
            return
        self.sql(self.start, "first.sql", OUT=self.work / "before.jsonl")
        timed([self.sluice, "run", "--quiet"], self.project)
        shutil.rmtree(self.project / "out")
        if self.name == "mapped":
            self.sql(self.start, "map.sql")
            self.configure(", town: city")
        for database in (self.start, self.project / "warehouse.duckdb"):
            if self.name in BEFORE:
                self.sql(database, BEFORE[self.name])

    def configure(self, more):
        text = (SQL / "sluice.yml").read_text().replace(" MORE", more).replace("MEMORY", MEMORY)
        (self.project / "sluice.yml").write_text(text)

    def baseline(self):
        measure.copy_file(self.start, self.work / "baseline.duckdb")
        script = "first.sql" if self.name == "first" else "again.sql"
        return self.sql("baseline.duckdb", script, OUT=self.work / "by_hand.jsonl")

    def ours(self):
        copy = self.work / "copy"
        measure.copy_project(self.project, copy)
        return timed([self.sluice, "run", "--quiet"], copy)

    def expected(self):
        return self.rows if self.name in ("first", "mapped") else len(range(7, self.rows, 100))

    def compare(self):
        self.baseline()
        by_hand = measure.query(self.bench_sql, self.work, "baseline.duckdb", RESULT.format("delivered"))
        self.ours()
        measure.same_result(self.sluice, self.work / "copy", RESULT.format("_sluice.sync_delivered"), by_hand)
        lines = [sum(1 for _ in open(path, "rb")) for path in (self.work / "by_hand.jsonl",
                                                               self.work / "copy" / "out" / "people.jsonl")]
        if lines != [self.expected()] * 2:
            raise SystemExit(f"{self.name}: {lines} lines were sent, and {self.expected()} should be")


def main():
    parser = measure.arguments(__doc__, rows=10_000_000)
    parser.add_argument("--work", choices=WORK, action="append")
    args = parser.parse_args()
    for work in args.work or WORK:
        bench = Bench(args, work)
        bench.prepare()
        bench.compare()
        measure.alternate(f"sync, {work}: {args.rows:,} rows", {"by hand": bench.baseline, "sluice": bench.ours}, args,
                          bench.work / f"{work}.json")


if __name__ == "__main__":
    main()
