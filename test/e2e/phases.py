"""In which phase of its work a run is, and a kill in the middle of one (test/crash/marks.c)."""

import collections

from sluice_program import library_of

PHASES = "listing download stage check publish models send acknowledge".split()
# The first whose text occurs in a statement or a request begins the phase; it goes on until another does.
_RULES = [
    ("listing", "list-type=2"),
    ("send", "send POST /api/"),
    ("send", "send GET /api/"),
    ("acknowledge", "recv send"),
    ("acknowledge", "_sluice_fold_"),
    ("download", "send GET /"),
    ("models", "_sluice_stage_model_"),
    ("models", "_sluice.models "),
    ("difference", "_sluice_sync_"),
    ("difference", "_sluice.deliveries"),
    ("stage", 'CREATE TABLE "main"."_sluice_stage_'),
    ("stage", 'INSERT INTO "main"."_sluice_stage_'),
    ("check", "SELECT count(*), sum(n) FROM (SELECT count(*) AS n"),
    ("check", "sql SELECT count(*) - count("),
    ("check", "count(DISTINCT"),
    ("publish", "sluice_compared"),
    ("publish", "RENAME TO"),
    ("publish", "t USING (SELECT"),
    ("publish", 'INSERT INTO "main"."'),
    ("publish", "DELETE FROM _sluice.cursors"),
    ("checkpoint", "sql CHECKPOINT"),
    ("end", "INSERT INTO _sluice.runs"),
]


class Marks:
    """Phases of the runs of one test."""

    def __init__(self, folder, binary):
        self.library = library_of(binary, "crash_marks")
        self.rules = folder / "rules"
        self.rules.write_text("".join(f"{phase}\t{text}\n" for phase, text in _RULES))
        self.log = folder / "marks"

    def variables(self, aim=None):
        """Of a run that is watched, and killed at `aim`: (phase, how many times it has begun, microseconds)."""
        self.log.unlink(missing_ok=True)
        found = {"LD_PRELOAD": str(self.library), "MARKS_RULES": str(self.rules), "MARKS_LOG": str(self.log)}
        if aim:
            found["MARKS_AIM"] = " ".join(map(str, aim))
        return found

    def last(self):
        """The phase that the last run was in when it ended."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return lines[-1].split()[1] if lines else "start"

    def spans(self):
        """Phase -> microseconds of each time that the last run was in it, in order."""
        found = collections.defaultdict(list)
        lines = [line.split() for line in self.log.read_text().splitlines()]
        for (at, phase), (until, _) in zip(lines, lines[1:]):
            found[phase].append(int(until) - int(at))
        return found
