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
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WAREHOUSE = ["warehouse.duckdb", "warehouse.duckdb.wal", "warehouse.duckdb.lock"]


@dataclass
class Run:
    """One whole process, or several one after the other."""

    seconds: float
    cpu: float  # seconds of all threads: it says more than the wall where others use the machine too
    memory: float  # peak, MB
    output: str

    def __add__(self, other):
        return Run(self.seconds + other.seconds, self.cpu + other.cpu, max(self.memory, other.memory),
                   self.output + other.output)


def arguments(description, rows=None):
    parser = argparse.ArgumentParser(description=description)
    if rows:
        parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--pause", type=float, default=0, help="seconds between runs")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return parser


def binaries(args):
    build = (ROOT / args.build).resolve()
    return build / "bench" / "bench_sql", build / "sluice"


def timed(command, cwd):
    """Runs a whole process; ends this one when it fails.

    A child's peak begins with what this process holds when it forks: hold no data here.
    """
    os.sync()  # what was written before is not to be waited for in here
    begin = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def into_cache(path):
    """Both sides find the file in memory."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def forget_project(work):
    for name in WAREHOUSE:
        (work / name).unlink(missing_ok=True)
    shutil.rmtree(work / ".sluice", ignore_errors=True)


def copy_file(source, target):
    """A warehouse as it was before a run; what the last run left beside it goes."""
    Path(f"{target}.wal").unlink(missing_ok=True)
    shutil.copy(source, target)


def copy_project(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def query(bench_sql, work, database, sql):
    """What one SELECT gives in the bare engine."""
    (work / "query.sql").write_text(sql + ";\n")
    return timed([bench_sql, database, "query.sql"], work).output.strip()


def answer(sluice, work, sql):
    """The last line of what a query gives in a project's warehouse."""
    done = subprocess.run([sluice, "query", "--csv", sql], cwd=work, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"sluice query failed: {done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


def same_result(sluice, work, sql, expected):
    found = answer(sluice, work, sql)
    if found != expected.strip().splitlines()[-1]:
        sys.exit(f"the results differ: {found} against {expected}")


def alternate(what, sides, args, result_file):
    """`sides`: name -> function that gives a Run; the first is the baseline."""
    samples = {name: [] for name in sides}
    load = []
    for n in range(args.runs):
        for name, run in sides.items():
            time.sleep(args.pause)
            load.append(os.getloadavg()[0])
            sample = run()
            samples[name].append(sample)
            print(f"run {n + 1}  {name:10} {sample.seconds:7.2f} s  cpu {sample.cpu:7.2f} s  {sample.memory:7.0f} MB",
                  flush=True)
    first = next(iter(sides))
    rows = {}
    print(f"\n{what}, median of {args.runs}, load of the machine {statistics.median(load):.1f}")
    for name, done in samples.items():
        # Pair by pair: what slowed one run down has mostly slowed down its neighbour too.
        ratio, cpu_ratio = (statistics.median(getattr(mine, field) / getattr(base, field)
                                              for mine, base in zip(done, samples[first]))
                            for field in ("seconds", "cpu"))
        row = rows[name] = {"seconds": statistics.median(run.seconds for run in done),
                            "cpu": statistics.median(run.cpu for run in done),
                            "memory_mb": max(run.memory for run in done), "ratio": ratio, "cpu_ratio": cpu_ratio,
                            "samples": [(run.seconds, run.cpu, run.memory) for run in done]}
        print(f"  {name:10} {row['seconds']:7.2f} s  cpu {row['cpu']:7.2f} s  {row['memory_mb']:7.0f} MB"
              f"  ratio {ratio:.2f}  of cpu {cpu_ratio:.2f}")
    result_file.write_text(json.dumps({"what": what, "runs": args.runs, "load": load, "sides": rows}, indent=1))
    print(flush=True)
