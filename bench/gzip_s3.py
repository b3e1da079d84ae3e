#!/usr/bin/env python3
"""A first load of gzip files from an S3 server on loopback, against reading them plain from disk, plus a
plain download of the same objects.

    python3 bench/gzip_s3.py [--rows 10000000] [--files 40] [--runs 5] [--build build/release]

Needs build/tools/versitygw (scripts/install-s3-server), gzip and curl.
"""

import os
import shutil
import subprocess
import sys

import measure
from measure import timed

SQL = measure.HERE / "gzip_s3"
LOAD = measure.HERE / "load_10m"
S3 = measure.ROOT / "test" / "servers" / "s3"
BUCKET = "drop"
RESULT = "SELECT count(*), sum(id), sum(amount), count(DISTINCT guest) FROM sales"
CONNECTION = """\
{ type: s3, endpoint: "${AWS_ENDPOINT_URL}", bucket: drop, region: us-east-1,
           access_key_id: "${AWS_ACCESS_KEY_ID}", secret_access_key: "${AWS_SECRET_ACCESS_KEY}" }"""


def write_files(bench_sql, work, plain, packed, args):
    for folder in (plain, packed):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    each = args.rows // args.files
    for n in range(args.files):
        csv = plain / f"sales_{n:03}.csv"
        timed([bench_sql, ":memory:", LOAD / "data.sql", f"FIRST={n * each}", f"ROWS={each}", f"CSV={csv}"], work)
        subprocess.run(["gzip", "--keep", csv], check=True)
        csv.with_suffix(".csv.gz").rename(packed / f"{csv.name}.gz")


def write_download(config, packed, environment):
    """For curl: every object, four connections, as many as Sluice opens to one store."""
    lines = ["silent", "show-error", "no-progress-meter", "fail-early", "fail", "parallel", "parallel-max = 4",
             f'aws-sigv4 = "aws:amz:{environment["AWS_REGION"]}:s3"',
             f'user = "{environment["AWS_ACCESS_KEY_ID"]}:{environment["AWS_SECRET_ACCESS_KEY"]}"',
             'header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"']
    for path in sorted(packed.iterdir()):
        lines += [f'url = "{environment["AWS_ENDPOINT_URL"]}/{BUCKET}/{path.name}"', f'output = "download/{path.name}"']
    config.touch(mode=0o600)
    config.write_text("\n".join(lines) + "\n")


def compare(args, work, plain, packed, environment):
    bench_sql, sluice = measure.binaries(args)
    write_download(work / "curl.txt", packed, environment)
    (work / "sluice.yml").write_text((LOAD / "sluice.yml").read_text()
                                     .replace("{ type: file, path: data }", CONNECTION)
                                     .replace('"*.csv"', '"*.csv.gz"'))

    def baseline():
        shutil.rmtree(work / "download", ignore_errors=True)
        (work / "download").mkdir()
        (work / "baseline.duckdb").unlink(missing_ok=True)
        fetched = timed(["curl", "--config", "curl.txt"], work)
        read = timed([bench_sql, "baseline.duckdb", SQL / "baseline.sql", f"DATA={plain}", "THREADS=2"], work)
        return fetched + read

    def ours():
        measure.forget_project(work)
        return timed([sluice, "run", "--quiet"], work)

    expected = baseline().output
    sizes = [sum(path.stat().st_size for path in folder.iterdir()) for folder in (packed, work / "download")]
    if sizes[0] != sizes[1]:
        sys.exit(f"curl fetched {sizes[1]} bytes of {sizes[0]}")
    ours()
    measure.same_result(sluice, work, RESULT, expected)
    measure.alternate(f"{args.rows:,} rows, gzip in {args.files} files of together {sizes[0] / 1e6:,.0f} MB from S3",
                      {"curl + read_csv of plain files": baseline, "sluice": ours}, args, work / "result.json")
    for name in ("curl.txt", "download"):
        shutil.rmtree(work / name) if (work / name).is_dir() else (work / name).unlink()


def main():
    parser = measure.arguments(__doc__, rows=10_000_000)
    parser.add_argument("--files", type=int, default=40)
    args = parser.parse_args()
    work = measure.ROOT / "build" / "bench" / f"gzip_s3_{args.rows}_{args.files}"
    plain, packed = work / "plain", work / "packed"
    if len(list(packed.glob("*.gz"))) != args.files:
        write_files(measure.binaries(args)[0], work, plain, packed, args)
    for path in plain.iterdir():
        measure.into_cache(path)
    sys.path.insert(0, str(S3))
    from s3server import S3Server
    with S3Server() as server:
        environment = server.environment()
        os.environ.update(environment)
        subprocess.run([sys.executable, S3 / "upload.py", "put", packed, "--bucket", BUCKET], check=True)
        compare(args, work, plain, packed, environment)


if __name__ == "__main__":
    main()
