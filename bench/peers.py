#!/usr/bin/env python3
"""A first load of the file of load.py by Sluice, by the engine itself and by the peers that PyPI has.

    python3 bench/peers.py [--rows 10000000] [--runs 5] [--build build/release]

dlt, ingestr and Sling (versions: bench/peers/*.txt) go into a virtual environment in build/bench/peers,
with the settings that their documents recommend for speed. None of them checks anything.
"""

import os
import shutil
import subprocess
import sys

import measure
from measure import timed

HERE = measure.HERE / "peers"
VENV = measure.ROOT / "build" / "bench" / "peers"
LOAD = measure.HERE / "load_10m"
ADBC = """\
name = "DuckDB"
[ADBC]
version = "1.1.0"
[Driver]
entrypoint = "duckdb_adbc_init"
[Driver.shared]
linux_amd64 = "{}"
"""
COLUMNS = ("id:bigint,guest:text,item:text,amount:decimal(12,2),day:date,sold_at:timestamp_ntz,paid:boolean,"
           "score:double")

# Sling makes other decimals of the same values.
RESULT = "SELECT count(*), sum(id), CAST(sum(amount) AS DECIMAL(38, 2)) FROM {}"


def install():
    if not (VENV / "installed").exists():
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)
        subprocess.run([*pip, "--no-deps", "--requirement", HERE / "sling.txt"], check=True)
        (VENV / "installed").touch()
    packages = next((VENV / "lib").glob("python3*/site-packages"))
    (VENV / "adbc").mkdir(exist_ok=True)
    library = measure.ROOT / "build" / "third_party" / "duckdb" / "lib" / "libduckdb.so"
    (VENV / "adbc" / "duckdb.toml").write_text(ADBC.format(library.resolve()))
    # Sling's command looks for extensions in the home folder, which is one of its own here.
    shutil.copytree(packages / "duckdb_ext" / "extensions", VENV / "home" / ".duckdb" / "extensions", dirs_exist_ok=True)
    (VENV / "bin" / "duckdb").chmod(0o755)
    os.environ.update(HOME=str(VENV / "home"), ADBC_DRIVER_PATH=str(VENV / "adbc"), DUCKDB_PATH=str(VENV / "bin" / "duckdb"),
                      RUNTIME__DLTHUB_TELEMETRY="false", INGESTR_DISABLE_TELEMETRY="true", SLING_DISABLE_TELEMETRY="true")
    return packages / "sling_linux_amd64" / "bin" / "sling-linux-amd64"


def peers(work, csv, sling):
    python = VENV / "bin" / "python"
    commands = {
        "dlt": ("shop.sales", [python, HERE / "dlt_load.py", csv, work / "dlt.duckdb"]),
        "ingestr": ("shop.sales", [
            VENV / "bin" / "ingestr", "ingest", "--yes", "--progress", "log", "--source-uri", f"csv://{csv}",
            "--source-table", "sales", "--dest-uri", f"duckdb:///{work / 'ingestr.duckdb'}", "--dest-table", "shop.sales",
            "--incremental-strategy", "replace", "--columns", COLUMNS, "--no-inference", "--no-load-timestamp"]),
        "sling": ("main.sales", [
            sling, "run", "--src-stream", f"file://{csv}", "--tgt-conn", f"duckdb://{work / 'sling.duckdb'}",
            "--tgt-object", "main.sales", "--mode", "full-refresh", "--primary-key", "id"]),
    }

    def run(name):
        def one():
            for path in work.glob(f"{name}.duckdb*"):
                path.unlink()
            shutil.rmtree(work / "dlt", ignore_errors=True)
            return timed(commands[name][1], work)
        return one

    return {name: (run(name), commands[name][0]) for name in commands}


def main():
    args = measure.arguments(__doc__, rows=10_000_000).parse_args()
    bench_sql, sluice = measure.binaries(args)
    work = measure.ROOT / "build" / "bench" / f"peers_{args.rows}"
    csv = work / "data" / "sales.csv"
    if not csv.exists():
        csv.parent.mkdir(parents=True, exist_ok=True)
        timed([bench_sql, ":memory:", LOAD / "data.sql", "FIRST=0", f"ROWS={args.rows}", f"CSV={csv}"], work)
    sling = install()
    measure.into_cache(csv)

    def baseline():
        (work / "baseline.duckdb").unlink(missing_ok=True)
        return timed([bench_sql, "baseline.duckdb", LOAD / "baseline.sql", f"CSV={csv}", "THREADS=2"], work)

    def ours():
        measure.forget_project(work)
        shutil.copy(LOAD / "sluice.yml", work / "sluice.yml")
        return timed([sluice, "run", "--quiet"], work)

    sides = {"read_csv": baseline, "sluice": ours}
    baseline()
    for name, (run, table) in peers(work, csv, sling).items():
        run()
        found, expected = (measure.query(bench_sql, work, f"{side}.duckdb", RESULT.format(relation))
                           for side, relation in ((name, table), ("baseline", "sales")))
        if found != expected:
            sys.exit(f"{name} loaded {found}, expected was {expected}")
        sides[name] = run
    measure.alternate(f"{args.rows:,} rows x 8 columns, {csv.stat().st_size / 1e6:,.0f} MB of CSV, first load", sides,
                      args, work / "result.json")


if __name__ == "__main__":
    main()
