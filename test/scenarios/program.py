"""Finds the binary that the tests are about, and runs it away from the user's own settings."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def find_binary():
    """SLUICE_BINARY, else what SLUICE_BUILD_DIR holds, else the first of the usual builds."""
    named = os.environ.get("SLUICE_BINARY")
    if named:
        candidates = [Path(named)]
    elif os.environ.get("SLUICE_BUILD_DIR"):
        candidates = [Path(os.environ["SLUICE_BUILD_DIR"]) / "sluice"]
    else:
        candidates = [ROOT / "build" / preset / "sluice" for preset in ("ci", "release", "dev")]
    for path in candidates:
        if path.is_file():
            return path.resolve()
    raise FileNotFoundError("there is no binary at " + ", ".join(map(str, candidates)))


def clean_environment(home, binary):
    """What a fresh user's shell would have: no keys and settings of whoever runs the tests."""
    kept = ("TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["PATH"] = f"{binary.parent}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    environment.update(HOME=str(home), LC_ALL="C.UTF-8", TERM="dumb")
    return environment
