"""`sluice query -i` at a terminal: lines are edited, Ctrl-C ends a statement and not the prompt, the history is kept."""

import os
import pty
import select
import stat
import tempfile
import time
import unittest
from pathlib import Path

from sluice_program import Sluice

DEADLINE_S = 60


class Terminal:
    def __init__(self, sluice, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(sluice.folder)
            os.execve(sluice.binary, [sluice.binary, *words], {**sluice.environment, "TERM": "xterm"})
        self.seen = ""

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def await_text(self, text):
        """Waits until `text` was shown since the last typing."""
        end = time.monotonic() + DEADLINE_S
        while text not in self.seen:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} did not come, but {self.seen!r}")
            if not select.select([self.fd], [], [], 1)[0]:
                continue
            try:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"it ended, without {text!r}: {self.seen!r}") from None


class Prompt(unittest.TestCase):
    def test_a_session(self):
        with tempfile.TemporaryDirectory() as folder:
            sluice = Sluice(folder)
            sluice.call("init")
            sluice.call("run")
            terminal = Terminal(sluice, "query", "-i", "--no-color")
            terminal.await_text("sluice> ")
            terminal.type("SELECT 20 +\n")
            terminal.await_text("...> ")
            terminal.type("22 AS answer;\n")
            terminal.await_text("42")
            terminal.await_text("sluice> ")
            terminal.type("SELECT given up")
            terminal.await_text("given up")
            terminal.type("\x03")
            terminal.await_text("sluice> ")
            terminal.type("SELECT count(*) FROM range(1000000000) a(i), range(1000000) b(j) WHERE i * j % 7 = 3;\n")
            terminal.await_text("\n")
            time.sleep(1)  # it is executed now, and would be for hours
            terminal.type("\x03")
            terminal.await_text("broken off")
            terminal.await_text("sluice> ")
            terminal.type(".tables\n")
            terminal.await_text("customer_orders")
            terminal.await_text("sluice> ")
            # A run is not held up by a prompt.
            sluice.call("run")
            terminal.type("\x04")
            end = time.monotonic() + DEADLINE_S
            while os.waitpid(terminal.pid, os.WNOHANG)[0] == 0:
                self.assertLess(time.monotonic(), end, "the prompt does not end")
                time.sleep(0.05)
            history = Path(folder) / ".sluice/dev/query_history"
            self.assertEqual(stat.S_IMODE(history.stat().st_mode), 0o600)
            self.assertIn("answer", history.read_text())
            self.assertNotIn("given", history.read_text())


if __name__ == "__main__":
    unittest.main()
