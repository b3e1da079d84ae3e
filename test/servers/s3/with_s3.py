#!/usr/bin/env python3
"""Runs a test of Sluice's S3 store below two real servers, a plain one and one with TLS.

    with_s3.py COMMAND...

The command finds in its environment (SLUICE_TEST_S3_…): ENDPOINT, VIRTUAL_ENDPOINT, KEY_ID, SECRET,
BUCKET and DATA (the folder behind the bucket) of the plain server; STRANGER_KEY_ID and
STRANGER_SECRET of a user without rights there; TLS_ENDPOINT, TLS_KEY_ID, TLS_SECRET, TLS_CA of the
other, which has a bucket of the same name. The user's own AWS_… variables are taken out. Exits with
the command's code; with 1, never silently, when there is no server.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from s3server import S3Server, S3ServerError

BUCKET = "sluice-test"
STRANGER = ("stranger", secrets.token_hex(16))


def _variables(plain, tls):
    return {
        "ENDPOINT": plain.endpoint,
        "VIRTUAL_ENDPOINT": plain.virtual_host_endpoint,
        "KEY_ID": plain.access_key,
        "SECRET": plain.secret_key,
        "BUCKET": BUCKET,
        "DATA": plain.directory / "data" / BUCKET,
        "STRANGER_KEY_ID": STRANGER[0],
        "STRANGER_SECRET": STRANGER[1],
        "TLS_ENDPOINT": tls.endpoint,
        "TLS_KEY_ID": tls.access_key,
        "TLS_SECRET": tls.secret_key,
        "TLS_CA": tls.ca_file,
    }


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leave through stop()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    try:
        # In memory where that is to be had: three thousand little objects are hard on a disk.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with (
            tempfile.TemporaryDirectory(prefix="sluice-s3-", dir=memory) as folder,
            S3Server(Path(folder) / "plain", users=[STRANGER]) as plain,
            S3Server(Path(folder) / "tls", tls=True) as tls,
        ):
            for server in (plain, tls):
                with server.client() as client:
                    client.create_bucket(BUCKET)
            for name, value in _variables(plain, tls).items():
                environment[f"SLUICE_TEST_S3_{name}"] = str(value)
            return subprocess.run(sys.argv[1:], env=environment).returncode
    except S3ServerError as error:
        print(f"with_s3: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
