#!/usr/bin/env python3
"""A first load of a file of which 0.9 % of the rows are bad, against the same file without them.

    python3 bench/bad_rows.py [--rows 10000000] [--runs 5] [--build build/release]

Both sides are Sluice; every bad row has to be in quarantine.
"""

import shutil
import sys

import measure
from measure import timed

SQL = measure.HERE / "bad_rows"
LOAD = measure.HERE / "load_10m"
RESULT = "SELECT count(*), sum(id), sum(amount), count(DISTINCT guest) FROM sales"


def main():
    args = measure.arguments(__doc__, rows=10_000_000).parse_args()
    bench_sql, sluice = measure.binaries(args)
    work = measure.ROOT / "build" / "bench" / f"bad_rows_{args.rows}"
    sides = {name: work / name for name in ("without", "with 0.9 %")}
    files = [folder / "data" / "sales.csv" for folder in sides.values()]
    counted = work / "bad.txt"
    if not counted.exists():
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
        counted.write_text(timed([bench_sql, work / "lines.duckdb", SQL / "data.sql", f"ROWS={args.rows}",
                                  f"GOOD={files[0]}", f"BAD={files[1]}"], work).output)
        (work / "lines.duckdb").unlink()
    for file in files:
        measure.into_cache(file)

    def load(folder):
        def run():
            measure.forget_project(folder)
            shutil.copy(LOAD / "sluice.yml", folder)
            return timed([sluice, "run", "--quiet"], folder)
        return run

    runs = {name: load(folder) for name, folder in sides.items()}
    for run in runs.values():
        run()
    expected = measure.answer(sluice, sides["without"], RESULT)
    measure.same_result(sluice, sides["with 0.9 %"], RESULT, expected)
    quarantined = measure.answer(sluice, sides["with 0.9 %"], "SELECT count(*) FROM _sluice.quarantine")
    if quarantined != counted.read_text().strip():
        sys.exit(f"{quarantined} rows are in quarantine, {counted.read_text().strip()} were bad")
    measure.alternate(f"{args.rows:,} rows, first load; {quarantined} bad rows beside none", runs, args,
                      work / "result.json")


if __name__ == "__main__":
    main()
