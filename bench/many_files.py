#!/usr/bin/env python3
"""One group of a drop, many small files, against one read_csv for each table over the same files.

    python3 bench/many_files.py [--tables 100] [--files 20] [--rows 500] [--runs 5] [--build build/release]
"""

import random

import measure

FOLDER = measure.HERE / "many_files"


def write_drop(data, tables, files, rows):
    """The same bytes every time."""
    chance = random.Random(1)
    schema = (FOLDER / "schema.txt").read_text()
    (data / "SchemaFull").mkdir(parents=True)
    for table in tables:
        (data / "SchemaFull" / f"{table}.txt").write_text(schema.replace("${TABLE}", table))
        number = 0
        for n in range(files):
            lines = ["id,guest,item,amount,day,sold_at,paid,score"]
            for _ in range(rows):
                number += 1
                lines.append(f"{number},guest-{chance.randrange(1000003)},Treatment number {chance.randrange(5000)},"
                             f"{chance.randrange(1000000) / 100:.2f},2020-{chance.randrange(1, 13):02}-1"
                             f"{chance.randrange(10)},2021-03-04 05:06:{chance.randrange(60):02},"
                             f"{'true' if number % 2 else 'false'},{chance.randrange(1000000) / 1000}")
            folder = data / "POD1" / "1" / table / str(1000 + n)
            folder.mkdir(parents=True)
            (folder / f"{table}_{n}.csv").write_text("\n".join(lines) + "\n")


def main():
    parser = measure.arguments(__doc__, rows=500)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--files", type=int, default=20, help="of each table")
    args = parser.parse_args()
    bench_sql, sluice = measure.binaries(args)
    work = measure.ROOT / "build" / "bench" / f"many_{args.tables}_{args.files}_{args.rows}"
    data = work / "data"
    tables = [f"bi_dimt{n:03}" for n in range(args.tables)]
    if not data.exists():
        write_drop(data, tables, args.files, args.rows)
    for path in data.rglob("*.csv"):
        measure.into_cache(path)
    (work / "sluice.yml").write_text((FOLDER / "sluice.yml").read_text() +
                                     "".join(f"      {table}: {{ key: [id] }}\n" for table in tables))
    one = (FOLDER / "table.sql").read_text()
    total = " UNION ALL ".join(f"SELECT count(*) AS n, sum(id) AS s, sum(amount) AS a FROM {table}" for table in tables)
    total = f"SELECT sum(n), sum(s), sum(a) FROM ({total})"
    (work / "baseline.sql").write_text("SET threads = 2;\n" + "".join(one.replace("${TABLE}", t) for t in tables) +
                                       f"CHECKPOINT;\n{total};\n")

    def baseline():
        (work / "baseline.duckdb").unlink(missing_ok=True)
        return measure.timed([bench_sql, "baseline.duckdb", "baseline.sql", f"DATA={data}"], work)

    def ours():
        measure.forget_project(work)
        return measure.timed([sluice, "run", "--quiet"], work)

    expected = baseline().output
    ours()
    measure.same_result(sluice, work, total, expected)
    measure.alternate(f"{args.tables * args.files:,} files of {args.rows:,} rows in {args.tables:,} tables, one group",
                      {"read_csv": baseline, "sluice": ours}, args, work / "result.json")


if __name__ == "__main__":
    main()
