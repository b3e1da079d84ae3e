"""Runs the binary in a project's folder and reads its tables."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("test/scenarios", "test/oracle", "test/servers/s3", "test/servers/iterable"):
    sys.path.insert(0, str(ROOT / folder))
from program import clean_environment, find_binary  # noqa: E402

RUN_DEADLINE_S = 300


def library_of(binary, name):
    """A library to be preloaded, of the same build: of test/crash."""
    path = binary.parent / "test" / "crash" / f"{name}.so"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: build it with -DSLUICE_TESTS=ON")
    return path


class Sluice:
    """One project: its folder, and the environment that its commands see."""

    def __init__(self, folder, variables=None):
        self.folder = Path(folder)
        self.binary = find_binary()
        self.environment = {**clean_environment(self.folder, self.binary), **(variables or {})}

    def start(self, *words, output=subprocess.DEVNULL):
        return subprocess.Popen(
            [self.binary, *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not subprocess.DEVNULL else output,
        )

    def call(self, *words, codes=(0,), errors=False):
        """What the command printed, with errors also on standard error; AssertionError when it ends with another
        code."""
        done = subprocess.run(
            [self.binary, *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_DEADLINE_S,
        )
        if done.returncode not in codes:
            raise AssertionError(
                f"sluice {' '.join(words)}: exit code {done.returncode}\n"
                f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done.stdout + done.stderr if errors else done.stdout

    def rows(self, sql):
        return json.loads(self.call("query", "--json", sql))["rows"]

    def column(self, sql):
        return [row[0] for row in self.rows(sql)]
