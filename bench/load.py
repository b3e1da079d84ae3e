#!/usr/bin/env python3
"""A first load of one big CSV file, against CREATE TABLE AS read_csv with the types given.

    python3 bench/load.py [--rows 10000000] [--runs 5] [--build build/release]
"""

import shutil

import measure

SQL = measure.HERE / "load_10m"


def main():
    args = measure.arguments(__doc__, rows=10_000_000).parse_args()
    bench_sql, sluice = measure.binaries(args)
    work = measure.ROOT / "build" / "bench" / f"load_{args.rows}"
    csv = work / "data" / "sales.csv"
    if not csv.exists():
        csv.parent.mkdir(parents=True, exist_ok=True)
        measure.timed([bench_sql, ":memory:", SQL / "data.sql", "FIRST=0", f"ROWS={args.rows}",
                       f"CSV={csv}"], work)
    measure.into_cache(csv)

    def baseline():
        (work / "baseline.duckdb").unlink(missing_ok=True)
        return measure.timed([bench_sql, "baseline.duckdb", SQL / "baseline.sql", f"CSV={csv}", "THREADS=2"], work)

    def ours():
        measure.forget_project(work)
        shutil.copy(SQL / "sluice.yml", work / "sluice.yml")
        return measure.timed([sluice, "run", "--quiet"], work)

    expected = baseline().output
    ours()
    measure.same_result(sluice, work, "SELECT count(*), sum(id), sum(amount), count(DISTINCT guest) FROM sales",
                        expected)
    size = csv.stat().st_size
    measure.alternate(f"{args.rows:,} rows x 8 columns, {size / 1e6:,.0f} MB of CSV, first load",
                      {"read_csv": baseline, "sluice": ours}, args, work / "result.json")


if __name__ == "__main__":
    main()
