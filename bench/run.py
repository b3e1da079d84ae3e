#!/usr/bin/env python3
"""Speed as a ratio in one run: Sluice against what the engine itself does with the same files.

    python3 bench/run.py [--runs 5] [--build build/release] [NAME]...

Runs the measurements beside this file, or those that are named. Never part of the tests: these numbers
say something only on a machine that does nothing else.
"""

import argparse
import subprocess
import sys

import measure

WORK = ["load", "append", "gzip_s3", "many_files", "increment", "bad_rows", "sync", "delivery", "memory"]
WHEN_NAMED = ["peers"]  # installs from PyPI


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(WORK + WHEN_NAMED))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", default="build/release")
    args = parser.parse_args()
    unknown = set(args.names) - set(WORK + WHEN_NAMED)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(WORK + WHEN_NAMED)}")
    for name in args.names or WORK:
        subprocess.run([sys.executable, measure.HERE / f"{name}.py", "--runs", str(args.runs), "--build", args.build],
                       check=True)


if __name__ == "__main__":
    main()
