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
           "fdatasync": "fsync", "rename": "rename", "unlink": "unlink"}
# Writing calls that the shim refuses or does not know: none may touch the files.
OTHERS = ("writev,pwritev,pwritev2,truncate,renameat,renameat2,unlinkat,link,linkat,symlink,fallocate,"
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", required=True)
    parser.add_argument("--shim", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-audit-") as folder:
        folder = os.path.realpath(folder)
        os.mkdir(os.path.join(folder, "db"))
        database = os.path.join(folder, "db", "w.duckdb")
        log = os.path.join(folder, "log")
        trace = os.path.join(folder, "trace")
        subprocess.run(
            ["strace", "-f", "-qq", "-y", "-s", "0", "-o", trace,
             "-e", f"trace={','.join(COUNTED)},mmap,{OTHERS}",
             "-E", f"LD_PRELOAD={os.path.abspath(options.shim)}", "-E", f"SHIM_PATHS={database}",
             "-E", f"SHIM_LOG={log}",
             options.driver, "load", database, "--threads", "2"], check=True)
        with open(trace, encoding="utf-8", errors="replace") as lines:
            seen = strace_counts(lines, database)
        with open(log, encoding="utf-8") as lines:
            counted = collections.Counter(line.split()[1] for line in lines)
    counted = {kind: counted[kind] for kind in counted if kind in COUNTED.values()}
    print("strace:", dict(sorted(seen.items())))
    print("shim:  ", dict(sorted(counted.items())))
    if dict(seen) != counted:
        print("the shim does not see what the system does")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
