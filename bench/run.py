#!/usr/bin/env python3
"""Speed as a ratio in one run: Sluice against what the engine itself does with the same file.

    python3 bench/run.py [--rows 10000000] [--runs 5] [--build build/release]

Every pair is run alternately, the median counts, results are compared. Never part of the tests: these
numbers say something only on a machine that does nothing else.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def timed(command, cwd):
    """Wall seconds and peak memory (MB) of a whole process, and what it printed."""
    begin = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")
    return seconds, usage.ru_maxrss / 1024, output


def load_pair(args, work):
    data = work / "data"
    csv = data / "sales.csv"
    bench_sql = ROOT / args.build / "bench" / "bench_sql"
    sluice = ROOT / args.build / "sluice"
    if not csv.exists():
        data.mkdir(parents=True)
        timed([bench_sql, ":memory:", HERE / "load_10m" / "data.sql", f"ROWS={args.rows}", f"CSV={csv}"], work)
    csv.read_bytes()[:1]  # both sides find the file in memory

    def baseline():
        (work / "baseline.duckdb").unlink(missing_ok=True)
        return timed([bench_sql, "baseline.duckdb", HERE / "load_10m" / "baseline.sql", f"CSV={csv}",
                      "THREADS=2"], work)

    def ours():
        for name in ["warehouse.duckdb", "warehouse.duckdb.wal", "warehouse.duckdb.lock"]:
            (work / name).unlink(missing_ok=True)
        shutil.rmtree(work / ".sluice", ignore_errors=True)
        shutil.copy(HERE / "load_10m" / "sluice.yml", work / "sluice.yml")
        return timed([sluice, "run", "--quiet"], work)

    expected = baseline()[2].strip()
    ours()
    check = subprocess.run([sluice, "query", "--csv", "SELECT count(*), sum(id), sum(amount), "
                            "count(DISTINCT guest) FROM sales"], cwd=work, capture_output=True, text=True)
    if check.stdout.strip().splitlines()[-1] != expected:
        sys.exit(f"the results differ: {check.stdout} {check.stderr} against {expected}")
    return baseline, ours


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", default="build/release")
    args = parser.parse_args()
    work = ROOT / "build" / "bench" / f"load_{args.rows}"
    work.mkdir(parents=True, exist_ok=True)
    baseline, ours = load_pair(args, work)
    samples = {"baseline": [], "sluice": []}
    for n in range(args.runs):
        for name, run in (("baseline", baseline), ("sluice", ours)):
            seconds, memory, _ = run()
            samples[name].append((seconds, memory))
            print(f"run {n + 1}  {name:9} {seconds:7.2f} s  {memory:7.0f} MB", flush=True)
    median = {name: statistics.median(s for s, _ in values) for name, values in samples.items()}
    memory = {name: max(m for _, m in values) for name, values in samples.items()}
    ratio = median["sluice"] / median["baseline"]
    size = (work / "data" / "sales.csv").stat().st_size
    print(f"\n{args.rows:,} rows x 8 columns, {size / 1e6:,.0f} MB of CSV, median of {args.runs}")
    print(f"  CREATE TABLE AS read_csv   {median['baseline']:7.2f} s  {memory['baseline']:7.0f} MB")
    print(f"  sluice run, all checks     {median['sluice']:7.2f} s  {memory['sluice']:7.0f} MB  ratio {ratio:.2f}")
    (work / "result.json").write_text(json.dumps({"rows": args.rows, "median": median, "memory_mb": memory,
                                                  "ratio": ratio, "samples": samples}, indent=1))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
