#!/usr/bin/env python3
"""As many rows appended to a table as it holds, against hand-written SQL with the same checks.

    python3 bench/append.py [--rows 10000000] [--runs 5] [--build build/release]

Both sides begin with the same table; each run works on a copy, which is not timed.
"""

import shutil

import measure
from measure import timed

SQL = measure.HERE / "append"
LOAD = measure.HERE / "load_10m"
RESULT = "SELECT count(*), sum(id), sum(amount), count(DISTINCT guest) FROM sales"


def main():
    args = measure.arguments(__doc__, rows=10_000_000).parse_args()
    bench_sql, sluice = measure.binaries(args)
    work = measure.ROOT / "build" / "bench" / f"append_{args.rows}"
    data, drop, project, copy = work / "data", work / "drop", work / "project", work / "copy"
    data.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        csv = data / f"{number}.csv"
        if not csv.exists():
            timed([bench_sql, ":memory:", LOAD / "data.sql", f"FIRST={(number - 1) * args.rows}",
                   f"ROWS={args.rows}", f"CSV={csv}"], work)
    start = work / "start.duckdb"
    if not start.exists():
        timed([bench_sql, start, SQL / "base.sql", f"CSV={data / '1.csv'}", "THREADS=2"], work)
    for folder in (drop, project):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (project / "sluice.yml").write_text((LOAD / "sluice.yml").read_text().replace("path: data", "path: ../drop"))
    (drop / "1.csv").hardlink_to(data / "1.csv")
    timed([sluice, "run", "--quiet"], project)
    (drop / "2.csv").hardlink_to(data / "2.csv")
    measure.into_cache(data / "2.csv")

    def baseline():
        measure.copy_file(start, work / "baseline.duckdb")
        return timed([bench_sql, "baseline.duckdb", SQL / "append.sql", f"CSV={data / '2.csv'}", "THREADS=2"], work)

    def ours():
        measure.copy_project(project, copy)
        return timed([sluice, "run", "--quiet"], copy)

    baseline()
    expected = measure.query(bench_sql, work, "baseline.duckdb", RESULT)
    ours()
    measure.same_result(sluice, copy, RESULT, expected)
    measure.alternate(f"{args.rows:,} rows appended to a table of {args.rows:,}",
                      {"by hand": baseline, "sluice": ours}, args, work / "result.json")
    shutil.rmtree(copy)


if __name__ == "__main__":
    main()
