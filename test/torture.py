#!/usr/bin/env python3
"""All of what the suites do a selection of: defects that must be found, seeded kills, a stop at every write.

    test/torture.py [--build-dir DIR] [--jobs N] [--list] [PART...]        (DIR: build/release)

`make torture` builds first. Each part prints how far it is, and for what is bad the command that repeats it. A
part that was broken off is gone on with by its own command, which stands above its output: `--first N`. The
last line is the sum, "N parts passed, N failed".
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 300


def parts(build_dir, jobs):
    """Name -> command, the quick ones first."""
    crash = build_dir / "test" / "crash"
    python = [sys.executable]
    return {
        "mutants": [*python, "test/mutants/run.py"],
        "kills": [*python, "test/e2e/kill_test.py", "--seeds", SEEDS, "--jobs", jobs],
        "stops": [*python, "test/e2e/stop_sweep.py", "--jobs", jobs],
        "engine": [*python, "test/crash/sweep.py", "--driver", crash / "crash_driver",
                   "--shim", crash / "crash_shim.so", "--full", "--jobs", jobs],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--list", action="store_true", help="print the parts with their commands")
    parser.add_argument("part", nargs="*", help="only these")
    options = parser.parse_args()
    build_dir = options.build_dir.resolve()
    commands = {name: [str(word) for word in words] for name, words in parts(build_dir, options.jobs).items()}
    unknown = set(options.part) - commands.keys()
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}: {', '.join(commands)}")
    failed = []
    chosen = [name for name in commands if name in options.part or not options.part]
    for name in chosen:
        print(f"{name}: SLUICE_BUILD_DIR={build_dir} {' '.join(commands[name][1:])}", flush=True)
        if options.list:
            continue
        start = time.monotonic()
        environment = {**os.environ, "SLUICE_BUILD_DIR": str(build_dir)}
        code = subprocess.run(commands[name], cwd=ROOT, env=environment).returncode
        if code != 0:
            failed.append(name)
        print(f"{name}: {'FAILED' if code else 'ok'} ({(time.monotonic() - start) / 60:.0f} min)\n", flush=True)
    if not options.list:
        print(f"{len(chosen) - len(failed)} parts passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
