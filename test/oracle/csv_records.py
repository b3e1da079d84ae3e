"""Splits the bytes of a CSV file into records and knows where each starts.

A record ends at LF or CRLF outside quotes. An empty line is no record. A field is quoted when its
first byte is a quote; "" inside stands for one quote. Offsets count from 0 at the first byte of the
file (a byte order mark included), lines are physical lines, counted by LF, from 1.
"""

import re
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'"((?:[^"]|"")*)"')
_PLAIN = re.compile(rb"[^,\n]*")


@dataclass
class Record:
    offset: int
    line: int
    fields: list  # bytes of each field, without quotes; None when the quoting is broken


def _quoted_record(data, start):
    """(fields or None, offset after the record) of a record that contains quotes."""
    fields, at, end = [], start, len(data)
    while True:
        if data[at:at + 1] == b'"':
            match = _QUOTED.match(data, at)
            if match is None:
                return None, end  # the quote is never closed: it takes all the rest
            fields.append(match.group(1).replace(b'""', b'"'))
            at = match.end()
            if data[at:at + 2] == b"\r\n":
                return fields, at + 2
            if at < end and data[at:at + 1] not in (b",", b"\n"):
                newline = data.find(b"\n", at)
                return None, end if newline < 0 else newline + 1
        else:
            match = _PLAIN.match(data, at)
            at = match.end()
            text = match.group()
            fields.append(text[:-1] if text.endswith(b"\r") and data[at:at + 1] == b"\n" else text)
        if at >= end:
            return fields, end
        if data[at:at + 1] == b"\n":
            return fields, at + 1
        at += 1  # the comma


def records(data):
    """Yields the Records of a file's plain bytes, the header included."""
    at = len(BOM) if data.startswith(BOM) else 0
    line, end = 1, len(data)
    while at < end:
        newline = data.find(b"\n", at)
        stop = end if newline < 0 else newline
        text = data[at:stop]
        if b'"' in text:
            fields, after = _quoted_record(data, at)
            yield Record(at, line, fields)
            line += data.count(b"\n", at, after)
        else:
            after = stop + 1
            if text.endswith(b"\r") and newline >= 0:
                text = text[:-1]
            if text:
                yield Record(at, line, text.split(b","))
            line += 1
        at = after
