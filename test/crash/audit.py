#!/usr/bin/env python3
"""Does the shim see every writing system call? Runs the load under strace and the shim at once and
compares what both count on the database's files. What strace sees and the shim does not is a call
that went past libc; a sweep would be blind to it.

    audit.py --driver DRIVER --shim SHIM
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

COUNTED = {"write": "write", "pwrite64": "pwrite", "ftruncate": "ftruncate", "fsync": "fsync",
           "fdatasync": "fsync", "rename": "rename", "renameat2": "rename", "unlink": "unlink",
           "unlinkat": "unlink", "mkdir": "mkdir", "mkdirat": "mkdir"}
# Writing calls that the shim refuses or does not know: none may touch the files.
OTHERS = ("writev,pwritev,pwritev2,truncate,renameat,link,linkat,symlink,fallocate,"
          "copy_file_range,sendfile,splice,sync_file_range,io_uring_setup,io_submit")
SHARED_MAPPING = re.compile(r"mmap\(.*PROT_WRITE.*MAP_SHARED")


def strace_counts(trace, database):
    folder = f"<{os.path.dirname(database)}>"  # strace -y: the path stands behind the descriptor
    counts = collections.Counter()
    for line in trace:
        call = re.match(r"\d+ +([a-z_0-9]+)\(", line)  # not the second half of an interrupted one
        if not call or "= -1 " in line:
            continue
        name = call.group(1)
        if name == "mmap":
            name = "a shared mapping" if SHARED_MAPPING.search(line) else ""
        if name and (database in line or COUNTED.get(name) == "fsync" and folder in line):
            counts[COUNTED.get(name, name)] += 1
    return counts


def counts_of(command, shim, prefix, folder, **how):
    """Runs the command below both; (what strace counted, what the shim counted). how: as subprocess.run has it."""
    log = os.path.join(folder, "log")
    trace = os.path.join(folder, "trace")
    subprocess.run(
        ["strace", "-f", "-qq", "-y", "-s", "0", "-o", trace,
         "-e", f"trace={','.join(COUNTED)},mmap,{OTHERS}",
         "-E", f"LD_PRELOAD={os.path.abspath(shim)}", "-E", f"SHIM_PATHS={prefix}",
         "-E", f"SHIM_LOG={log}", *command], check=True, **how)
    with open(trace, encoding="utf-8", errors="replace") as lines:
        seen = strace_counts(lines, prefix)
    counted = collections.Counter()
    with open(log, encoding="utf-8") as lines:
        for kind in (line.split()[1] for line in lines):
            kind = "unlink" if kind == "rmdir" else kind  # unlinkat does both
            if kind in COUNTED.values():
                counted[kind] += 1
    return dict(sorted(seen.items())), dict(sorted(counted.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", required=True)
    parser.add_argument("--shim", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-audit-") as folder:
        folder = os.path.realpath(folder)
        os.mkdir(os.path.join(folder, "db"))
        database = os.path.join(folder, "db", "w.duckdb")
        seen, counted = counts_of([options.driver, "load", database, "--threads", "2"], options.shim,
                                  database, folder)
    print("strace:", seen)
    print("shim:  ", counted)
    if seen != counted:
        print("the shim does not see what the system does")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
