#!/usr/bin/env python3
"""Runs a command below three stand-ins for Iterable, one for each kind of project.

    with_standin.py COMMAND...

The command finds in its environment SLUICE_TEST_ITERABLE_EMAIL, …_USERID and …_HYBRID (addresses)
and …_KEY. Their rate limits are off. Exits with the command's code; with 1, never silently, where
node or its packages are not to be had. For other tests: the class Standin.
"""

import fcntl
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
READY_SECONDS = 60
STOP_SECONDS = 10


class StandinError(Exception):
    pass


def install_packages():
    """The server's npm packages, as its lock file has them. Waits for others that install."""
    (ROOT / "build").mkdir(exist_ok=True)
    with open(ROOT / "build" / ".node-packages.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            subprocess.run(
                [ROOT / "scripts" / "install-node-packages", HERE],
                check=True,
                capture_output=True,
                text=True,
            )
        except subprocess.CalledProcessError as error:
            raise StandinError(f"npm packages: {error.stderr.strip() or error}") from error


class Standin:
    """One server on a free port, from entering to leaving: `with Standin("email") as standin`.

    options: of server.mjs, by name ("rate"="none"; a name with an underscore stands for a hyphen).
    """

    def __init__(self, project_type, **options):
        self.url = None
        options = {"project_type": project_type, "api_key": secrets.token_hex(8), **options}
        self.key = options["api_key"]
        self._command = ["node", str(HERE / "server.mjs")]
        for name, value in options.items():
            self._command += ["--" + name.replace("_", "-"), str(value)]
        self._process = None

    def __enter__(self):
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except FileNotFoundError as error:
            raise StandinError("node is not installed: scripts/install-deps test") from error
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        seen = []
        try:
            while self.url is None:
                line = lines.get(timeout=READY_SECONDS)
                if line is None:
                    raise StandinError("the stand-in ended at once:\n" + "".join(seen))
                seen.append(line)
                match = re.match(r"listening on (https?://\S+)", line)
                self.url = match[1] if match else None
        except (queue.Empty, StandinError) as error:
            self.__exit__()
            if isinstance(error, StandinError):
                raise
            raise StandinError(f"the stand-in was not ready in {READY_SECONDS} s") from error
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # Read to the end, so that a server that complains a lot is not held up by a full pipe.
    def _read(self, lines):
        for line in self._process.stdout:
            if self.url is None:
                lines.put(line)
            else:
                sys.stderr.write(line)
        lines.put(None)


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leave in order
    environment = dict(os.environ)
    try:
        install_packages()
        with ExitStack() as stack:
            key = secrets.token_hex(8)
            for project_type in ("email", "userid", "hybrid"):
                server = Standin(project_type, api_key=key, rate="none")
                url = stack.enter_context(server).url
                environment[f"SLUICE_TEST_ITERABLE_{project_type.upper()}"] = url
            environment["SLUICE_TEST_ITERABLE_KEY"] = key
            return subprocess.run(sys.argv[1:], env=environment).returncode
    except StandinError as error:
        print(f"with_standin: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
