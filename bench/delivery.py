#!/usr/bin/env python3
"""A first delivery of many people to a server that accepts at once, against a client that posts the same bodies.

    python3 bench/delivery.py [--rows 1000000] [--runs 5] [--parallel 4] [--build build/release] [--drt]

The server is bench/delivery: threads, kept connections, an answer as Iterable's for each body. The bodies are those that a first run
sent, written down by it. What is compared are whole processes: `sluice run` opens the warehouse, makes the difference and the JSON,
sends with a log that is durable before each request, and stores what was delivered; the client reads a file that is in memory and
posts it over as many connections. --drt: drt-core beside it (version: bench/delivery/requirements.txt). See run.py.
"""

import os
import shutil
import subprocess
import sys

import measure
from measure import timed

HERE = measure.HERE / "delivery"
DONE = "SELECT count(*) FROM _sluice.sync_delivered WHERE state = 'delivered'"
# When the first and the last answer came, from the start of the run, and how long it took to the end.
PHASES = """SELECT epoch(min(t.answered_at) - min(r.started_at)), epoch(max(t.answered_at) - min(t.answered_at))
  FROM _sluice.sync_runs AS r JOIN _sluice.sync_attempts AS t ON t.sync = r.sync"""


class Server:
    """The one that accepts."""

    def __init__(self, program, record=None):
        self.process = subprocess.Popen([program, "accept", *([record] if record else [])], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def end(self):
        self.process.terminate()
        said = self.process.stdout.read().strip()
        self.process.wait()
        return said


class Bench:
    def __init__(self, args):
        self.bench_sql, self.sluice = measure.binaries(args)
        self.http = self.sluice.parent / "bench" / "bench_http"
        self.work = measure.ROOT / "build" / "bench" / f"delivery_{args.rows}"
        self.rows, self.parallel = args.rows, args.parallel
        self.bodies = self.work / "bodies"

    def prepare(self):
        self.work.mkdir(parents=True, exist_ok=True)
        people = self.work / "people.duckdb"
        if not people.exists():
            made = people.with_suffix(".new")
            made.unlink(missing_ok=True)
            timed([self.bench_sql, made, measure.HERE / "sync" / "people.sql", "THREADS=2", "MEMORY=4GB",
                   f"ROWS={self.rows}"], self.work)
            made.rename(people)
        self.project = self.work / "project"
        shutil.rmtree(self.project, ignore_errors=True)
        self.project.mkdir()
        shutil.copy(people, self.project / "warehouse.duckdb")
        text = (HERE / "sluice.yml").read_text().replace("PARALLEL", str(self.parallel))
        (self.project / "sluice.yml").write_text(text)

    def record(self):
        """The bodies of a first run."""
        server = Server(self.http, self.bodies)
        os.environ["ENDPOINT"] = server.url
        self.ours()
        found = measure.answer(self.sluice, self.work / "copy", DONE)
        said = server.end()
        requests, people = (int(part.split()[0]) for part in said.split(", ")[:2])
        if [found, people] != [str(self.rows), self.rows]:
            sys.exit(f"{self.rows} rows: {found} are delivered, and the server has {said}")
        print(f"{said} in {self.parallel} at a time", flush=True)
        self.requests = requests

    def ours(self):
        copy = self.work / "copy"
        measure.copy_project(self.project, copy)
        return timed([self.sluice, "run", "--quiet"], copy)

    def baseline(self):
        return timed([self.http, "post", os.environ["ENDPOINT"], self.bodies, str(self.parallel)], self.work)

    def drt(self):
        folder = self.work / "drt"
        shutil.rmtree(folder / ".drt", ignore_errors=True)
        return timed([self.work / "venv" / "bin" / "drt", "run", "--quiet"], folder)

    def install_drt(self, url):
        venv, folder = self.work / "venv", self.work / "drt"
        if not (venv / "installed").exists():
            shutil.rmtree(venv, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement",
                            HERE / "requirements.txt"], check=True)
            (venv / "installed").touch()
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "syncs").mkdir(parents=True)
        (folder / "home" / ".drt").mkdir(parents=True)
        (folder / "home" / ".drt" / "profiles.yml").write_text(
            f"default:\n  type: duckdb\n  database: {self.work / 'people.duckdb'}\n")
        (folder / "drt_project.yml").write_text("name: bench\nprofile: default\n")
        (folder / "syncs" / "everybody.yml").write_text((HERE / "drt_sync.yml").read_text().replace("ENDPOINT", url))
        os.environ.update(HOME=str(folder / "home"), DRT_TELEMETRY_DISABLED="1", DO_NOT_TRACK="1")


def main():
    parser = measure.arguments(__doc__, rows=1_000_000)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--drt", action="store_true")
    args = parser.parse_args()
    bench = Bench(args)
    bench.prepare()
    bench.record()
    measure.into_cache(bench.bodies)
    server = Server(bench.http)
    os.environ["ENDPOINT"] = server.url
    sides = {"post": bench.baseline, "sluice": bench.ours}
    if args.drt:
        bench.install_drt(server.url)
        sides["drt"] = bench.drt
    measure.alternate(f"delivery of {args.rows:,} people, {args.parallel} requests at a time", sides, args,
                      bench.work / f"parallel_{args.parallel}.json")
    print("of the last run, s: until the first answer, from there to the last one:",
          measure.answer(bench.sluice, bench.work / "copy", PHASES))
    print(server.end())


if __name__ == "__main__":
    main()
