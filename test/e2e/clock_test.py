"""A wall clock that jumps back and forth between runs: in the end the same is loaded and sent.

Files look younger than they may be when the clock goes back, so some wait, and come in another load than without
it: which load a row is from may differ, and how often a row was sent.
"""

import os
import shutil
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

import day
import dump
import outcome
from sluice_program import Sluice, library_of
from with_standin import Standin, install_packages

DAY_S = 86400
# Days that the clock is off in the first, second and third run. Less than what retention reaches.
JUMPS = {"as it is": (0, 0, 0), "back": (0, -20, 0), "forth and back": (20, -20, 0), "forth": (-20, 20, 20)}


def lay(source, target):
    """The files of one folder, as they are, in another."""
    for path in source.rglob("*"):
        link = target / path.relative_to(source)
        if path.is_dir():
            link.mkdir(parents=True, exist_ok=True)
        else:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            os.link(path, link)


class ClockTest(unittest.TestCase):
    def setUp(self):
        install_packages()
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = Path(os.path.realpath(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-clock-"))))
        self.people = outcome.People(self.stack.enter_context(Standin("userid", rate="none")))
        # Files are told from others by times and inodes: each case finds the same ones.
        day.write_drops(self.folder / "first", self.folder / "second")
        day.write_project(self.folder / "kept")
        shutil.copytree(self.folder / "kept" / "inbox", self.folder / "later" / "inbox")
        day.second_day(self.folder / "later")
        # It was moved away when it was loaded; put there again it would be another delivery.
        (self.folder / "later" / "inbox" / "visits-1.csv").unlink()

    def days(self, offsets):
        """What is there after a run on day one, one on day two and a third, with the clock as said."""
        project = self.folder / "project"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        text = day.PROJECT
        begin, end = text.index("  drop: {"), text.index("  inbox: {")
        (project / "sluice.yml").write_text(f"{text[:begin]}  drop: {{ type: file, path: drop }}\n{text[end:]}")
        self.people.begin()
        standin = self.people.standin
        sluice = Sluice(project, {"ITERABLE_ENDPOINT": standin.url, "ITERABLE_API_KEY": standin.key})
        sluice.environment["LD_PRELOAD"] = str(library_of(sluice.binary, "crash_clock"))
        for drop, inbox, offset in zip(("first", "second", "second"), ("kept", "later", None), offsets):
            lay(self.folder / drop, project / "drop")
            if inbox:
                lay(self.folder / inbox / "inbox", project / "inbox")
            sluice.environment["CLOCK_OFFSET_S"] = str(offset * DAY_S)
            sluice.call("run", codes=(0,) if not offset else (0, 1, 3))
        return self.content(sluice)

    def content(self, sluice):
        self.assertEqual(sluice.column("SELECT DISTINCT state FROM _sluice.files"), ["loaded"])
        tables = dump.warehouse(sluice, lineage=False)
        found = outcome.of(sluice, self.people)
        return {
            **{name: rows for name, rows in tables.items() if name.startswith("main.")},
            **{name: found[name] for name in ("people at Iterable", "files in the inbox")},
            "rows of days": sorted(set(found["file of days"])),
        }

    def test_the_same_is_loaded_and_sent(self):
        expected = self.days(JUMPS["as it is"])
        for name, offsets in JUMPS.items():
            with self.subTest(name):
                self.assertEqual(dump.differences(expected, self.days(offsets)), [])


if __name__ == "__main__":
    unittest.main()
