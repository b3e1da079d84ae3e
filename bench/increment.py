#!/usr/bin/env python3
"""An increment of 1 % into a big table, upsert and delete-insert, against hand-written SQL.

    python3 bench/increment.py [--rows 10000000] [--runs 5] [--build build/release] [--mode upsert]

Both sides begin with the same table and read the same increment; each run works on a copy. See run.py.
"""

import shutil

import measure
from measure import timed

SQL = measure.HERE / "increment"
MODES = {"upsert": ("upsert", "upsert.csv", ""),
         "delete_insert": ("delete-insert", "delete_insert.csv",
                           "delete_when: { column: op, values: [delete] }")}
RESULT = ("SELECT count(*), sum(id), sum(amount), count(DISTINCT guest), sum(CAST(round(score * 1000) AS BIGINT)), "
          "max(sold_at) FROM sales")


class Bench:
    def __init__(self, args, mode):
        self.mode = mode
        self.bench_sql, self.sluice = measure.binaries(args)
        self.work = measure.ROOT / "build" / "bench" / f"increment_{args.rows}"
        self.data = self.work / "data"
        self.project = self.work / f"project_{mode}"
        self.rows = args.rows

    def prepare(self):
        """The data, and both tables as they are before the increment."""
        self.data.mkdir(parents=True, exist_ok=True)
        base = self.data / "base.csv"
        if not base.exists():
            timed([self.bench_sql, ":memory:", SQL / "data.sql", f"ROWS={self.rows}", f"BASE={base}",
                   f"UPSERT={self.data / 'upsert.csv'}", f"DELETE_INSERT={self.data / 'delete_insert.csv'}"],
                  self.work)
        start = self.work / "start.duckdb"
        if not start.exists():
            timed([self.bench_sql, start, SQL / "base.sql", f"CSV={base}", "THREADS=2"], self.work)
        drop = self.work / "drop"
        for folder in (self.project, drop):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        mode, _, option = MODES[self.mode]
        text = (SQL / "sluice.yml").read_text().replace("MODE", mode).replace("OPTION", option)
        (self.project / "sluice.yml").write_text(text)
        (drop / "1.csv").hardlink_to(base)
        timed([self.sluice, "run", "--quiet"], self.project)
        (drop / "2.csv").hardlink_to(self.data / MODES[self.mode][1])

    def baseline(self):
        measure.copy_file(self.work / "start.duckdb", self.work / "baseline.duckdb")
        return timed([self.bench_sql, "baseline.duckdb", SQL / f"{self.mode}.sql",
                      f"CSV={self.data / MODES[self.mode][1]}", "THREADS=2"], self.work)

    def ours(self):
        copy = self.work / "copy"
        measure.copy_project(self.project, copy)
        return timed([self.sluice, "run", "--quiet"], copy)

    def compare(self):
        self.baseline()
        expected = measure.query(self.bench_sql, self.work, "baseline.duckdb", RESULT)
        self.ours()
        measure.same_result(self.sluice, self.work / "copy", RESULT, expected)


def main():
    parser = measure.arguments(__doc__, rows=10_000_000)
    parser.add_argument("--mode", choices=sorted(MODES), action="append")
    args = parser.parse_args()
    for mode in args.mode or sorted(MODES):
        bench = Bench(args, mode)
        bench.prepare()
        bench.compare()
        measure.alternate(f"{mode}: {args.rows // 100:,} rows into {args.rows:,}",
                          {"by hand": bench.baseline, "sluice": bench.ours}, args, bench.work / f"{mode}.json")


if __name__ == "__main__":
    main()
