#!/usr/bin/env python3
"""Peak memory of a first load: the same file from 1 to 100 million rows, 50,000 small files, and files of which
every other row is bad and goes to quarantine.

    python3 bench/memory.py [--rows 1000000 10000000 100000000] [--files 50000] [--half-bad 4000000]
                            [--memory-limit 1GB] [--build build/release]

One run each: memory hardly differs between runs. Needs 100 bytes of disk for each row, and as much
again for the warehouse; a file is removed when it was measured.
"""

import json
import shutil

import measure
from measure import timed

LOAD = measure.HERE / "load_10m"
HALF_BAD = measure.HERE / "memory" / "half_bad.sql"
ROWS_OF_SMALL_FILE = 100


def project(work, text, limit):
    measure.forget_project(work)
    if limit:
        text = text.replace("threads: 2", f"threads: 2, memory_limit: {limit}")
    (work / "sluice.yml").write_text(text)


def big(args, work, rows):
    bench_sql, sluice = measure.binaries(args)
    csv = work / "data" / "sales.csv"
    csv.parent.mkdir(parents=True)
    timed([bench_sql, ":memory:", LOAD / "data.sql", "FIRST=0", f"ROWS={rows}", f"CSV={csv}"], work)
    size = csv.stat().st_size
    project(work, (LOAD / "sluice.yml").read_text(), args.memory_limit)
    run = timed([sluice, "run", "--quiet"], work)
    measure.same_result(sluice, work, "SELECT count(*) FROM sales", str(rows))
    return f"{rows:,} rows, {size / 1e6:,.0f} MB", run.seconds, run.memory


def small(args, work):
    _, sluice = measure.binaries(args)
    for n in range(args.files):
        folder = work / "data" / f"{n // 1000:03}"
        if n % 1000 == 0:
            folder.mkdir(parents=True)
        lines = ["id,guest,item,amount,day,sold_at,paid,score"]
        for row in range(n * ROWS_OF_SMALL_FILE, (n + 1) * ROWS_OF_SMALL_FILE):
            lines.append(f"{row},guest-{row % 1000003},Treatment number {row % 5000},{row % 1000}.25,2021-03-04,"
                         f"2021-03-04 05:06:07,true,{row % 977}.5")
        (folder / f"{n}.csv").write_text("\n".join(lines) + "\n")
    project(work, (LOAD / "sluice.yml").read_text().replace('"*.csv"', '"**/*.csv"'), args.memory_limit)
    run = timed([sluice, "run", "--quiet"], work)
    measure.same_result(sluice, work, "SELECT count(*) FROM sales", str(args.files * ROWS_OF_SMALL_FILE))
    return f"{args.files:,} files of {ROWS_OF_SMALL_FILE} rows", run.seconds, run.memory


def half_bad(args, work, kind):
    bench_sql, sluice = measure.binaries(args)
    file = work / "data" / f"sales.{kind}"
    file.parent.mkdir(parents=True)
    form = "HEADER" if kind == "csv" else "FORMAT parquet"
    timed([bench_sql, ":memory:", HALF_BAD, f"ROWS={args.half_bad}", f"FILE={file}", f"FORMAT={form}"], work)
    text = (LOAD / "sluice.yml").read_text().replace('"*.csv"', f'"*.{kind}"\n        bad_rows: {{ percent: 100% }}')
    project(work, text, args.memory_limit)
    run = timed([sluice, "run", "--quiet"], work)
    for table in ("sales", "_sluice.quarantine"):
        measure.same_result(sluice, work, f"SELECT count(*) FROM {table}", str(args.half_bad // 2))
    return f"{args.half_bad:,} rows of {kind}, half of them bad", run.seconds, run.memory


def main():
    parser = measure.arguments(__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--files", type=int, default=50_000, help="0: none")
    parser.add_argument("--half-bad", type=int, default=4_000_000, help="rows; 0: none")
    parser.add_argument("--memory-limit", default="", help="of the warehouse (default: the engine's own)")
    args = parser.parse_args()
    work = measure.ROOT / "build" / "bench" / "memory"
    pieces = [lambda rows=rows: big(args, work, rows) for rows in args.rows]
    if args.files:
        pieces.append(lambda: small(args, work))
    if args.half_bad:
        pieces += [lambda kind=kind: half_bad(args, work, kind) for kind in ("csv", "parquet")]
    results = []
    for piece in pieces:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        results.append(piece())
        print("{:40} {:8.1f} s {:8.0f} MB".format(*results[-1]), flush=True)
    shutil.rmtree(work)
    name = f"memory_{args.memory_limit or 'unlimited'}.json"
    (work.parent / name).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
