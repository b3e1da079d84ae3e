"""The drop of examples/spa_group, phase by phase, and projects that load it."""

import re
import subprocess
import sys

from sluice_program import ROOT

EXAMPLE = ROOT / "examples" / "spa_group"
# One more group in each pod at a time, in the order in which they would arrive.
ROUNDS = [
    {"POD1": 7, "POD2": 96},
    {"POD1": 8, "POD2": 97},
    {"POD1": 9, "POD2": 99},
    {"POD1": 10, "POD2": 100},
    {"POD1": 12, "POD2": 101},
    {"POD1": 13, "POD2": 103},
    {"POD1": 15, "POD2": 104},
    {"POD1": 16},
]


def generate(folder, *, rows=1000, phase=None, groups=None, gzip=False, manifest=None):
    """Adds a phase, or these groups ({"POD1": 8}), to the drop in folder."""
    command = [sys.executable, EXAMPLE / "generate.py", "--out", folder, "--rows", str(rows)]
    if phase:
        command += ["--phase", phase]
    if groups:
        command += ["--groups", ",".join(f"{pod}={group}" for pod, group in groups.items())]
    if gzip:
        command += ["--gzip"]
    if manifest:
        command += ["--manifest", manifest]
    subprocess.run(command, check=True, capture_output=True)


def keys():
    """Table -> key, as the example's project has them."""
    text = (EXAMPLE / "zenoti_tables.yml").read_text()
    found = re.findall(r"^      (\w+): +\{ key: \[(.*?)\] \}$", text, re.MULTILINE)
    return {table: [column.strip() for column in columns.split(",")] for table, columns in found}


S3_CONNECTION = """{ type: s3, endpoint: "${DROP_ENDPOINT}", bucket: drop, region: us-east-1,
          access_key_id: "${DROP_KEY_ID}", secret_access_key: "${DROP_SECRET}" }"""


def write_project(folder, drop_connection, *, checks="", more=""):
    """A project that loads all tables of the drop; more: sections of the project file."""
    tables = "\n".join(f"      {table}: {{ key: [{', '.join(key)}] }}" for table, key in keys().items())
    (folder / "sluice.yml").write_text(
        f"project: spa_group\nconnections:\n  drop: {drop_connection}\n"
        "ingests:\n  zenoti:\n    from: drop\n    layout: zenoti\n    settle: 0s\n"
        f"{checks}    tables:\n{tables}\n{more}"
    )
