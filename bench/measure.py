"""What the measurements share: whole processes, run alternately, the median counts."""

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
WAREHOUSE = ["warehouse.duckdb", "warehouse.duckdb.wal", "warehouse.duckdb.lock"]


def arguments(description, rows=None):
    parser = argparse.ArgumentParser(description=description)
    if rows:
        parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", default="build/release")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return parser


def binaries(args):
    build = (ROOT / args.build).resolve()
    return build / "bench" / "bench_sql", build / "sluice"


def timed(command, cwd):
    """Wall seconds and peak memory (MB) of a whole process, and what it printed.

    A child's peak begins with what this process holds when it forks: hold no data here.
    """
    begin = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")
    return seconds, usage.ru_maxrss / 1024, output


def into_cache(path):
    """Both sides find the file in memory."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def forget_project(work):
    for name in WAREHOUSE:
        (work / name).unlink(missing_ok=True)
    shutil.rmtree(work / ".sluice", ignore_errors=True)


def same_result(sluice, work, sql, expected):
    check = subprocess.run([sluice, "query", "--csv", sql], cwd=work, capture_output=True, text=True)
    if check.returncode != 0 or check.stdout.strip().splitlines()[-1] != expected.strip():
        sys.exit(f"the results differ: {check.stdout} {check.stderr} against {expected}")


def alternate(what, sides, runs, result_file):
    """`sides`: name -> function that gives (seconds, MB, output); the first is the baseline."""
    samples = {name: [] for name in sides}
    for n in range(runs):
        for name, run in sides.items():
            seconds, memory, _ = run()
            samples[name].append((seconds, memory))
            print(f"run {n + 1}  {name:10} {seconds:7.2f} s  {memory:7.0f} MB", flush=True)
    medians = {name: statistics.median(s for s, _ in values) for name, values in samples.items()}
    peaks = {name: max(m for _, m in values) for name, values in samples.items()}
    first = next(iter(sides))
    print(f"\n{what}, median of {runs}")
    ratios = {}
    for name in sides:
        ratios[name] = medians[name] / medians[first]
        print(f"  {name:10} {medians[name]:7.2f} s  {peaks[name]:7.0f} MB  ratio {ratios[name]:.2f}")
    result_file.write_text(json.dumps({"what": what, "median": medians, "memory_mb": peaks, "ratio": ratios,
                                       "samples": samples}, indent=1))
    print(flush=True)
