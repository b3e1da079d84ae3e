"""Writes one file of the drop and knows where each bad record of it starts."""

import gzip
import os
from dataclasses import dataclass


@dataclass
class Bad:
    """A record that must end in quarantine: its fields in the order of the schema, the column at
    fault (or None), the kind, and how many fields too many or too few are written."""
    fields: list
    column: str
    kind: str
    more: int = 0

    def line(self, order):
        fields = [self.fields[i] for i in order]
        fields = fields + ["surplus"] * self.more if self.more >= 0 else fields[:self.more]
        return ",".join(fields)


@dataclass
class Account:
    """What is to be told of a file that was written: its rows, and where its bad records start."""
    rows: int
    bad: list


class CsvFile:
    """Text with surrogate escapes stands for bytes that are not UTF-8; offsets are of the plain text
    from 0 (before compression), lines are physical and count from 1."""

    def __init__(self, root, path, eol="\n", bom=False, last_eol=True, packed=False, time=0):
        self.path = path + (".gz" if packed else "")
        self.full = os.path.join(root, self.path)
        self.eol, self.last_eol, self.time = eol, last_eol, time
        self.offset, self.line = 0, 1
        self.bad, self.rows = [], 0
        self.pending_eol = False
        os.makedirs(os.path.dirname(self.full), exist_ok=True)
        self.raw = open(self.full, "wb")
        self.out = self.raw
        if packed:  # no name and no time inside: the same bytes every time
            self.out = gzip.GzipFile(filename="", fileobj=self.raw, mode="wb", compresslevel=4, mtime=0)
        if bom:
            self._put(b"\xef\xbb\xbf")

    def _put(self, data):
        self.out.write(data)
        self.offset += len(data)
        self.line += data.count(b"\n")

    def header(self, names):
        self._records([",".join(names)])

    def lines(self, lines):
        if lines:
            self._records(lines)
            self.rows += len(lines)

    def _records(self, lines):
        text = self.eol.join(lines)
        if self.pending_eol:
            text = self.eol + text
        self._put(text.encode("utf-8", "surrogateescape"))
        self.pending_eol = True

    def spoilt(self, bad, order):
        if self.pending_eol:
            self._put(self.eol.encode())
            self.pending_eol = False
        self.bad.append({"path": self.path, "line": self.line, "offset": self.offset,
                         "column": bad.column, "kind": bad.kind})
        self.lines([bad.line(order)])

    def close(self):
        if self.pending_eol and self.last_eol:
            self._put(self.eol.encode())
        if self.out is not self.raw:
            self.out.close()
        self.raw.close()
        os.utime(self.full, (self.time, self.time))

    def account(self):
        return Account(self.rows, self.bad)
