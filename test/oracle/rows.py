"""From a file's bytes to typed rows and quarantined ones."""

from dataclasses import dataclass, field

import csv_records
import values


@dataclass
class FileRows:
    """rows: [(line, {column: value})] is kept as tuples in the order of the schema; bad: quarantined;
    held: why the whole file cannot be read, else None."""
    rows: list = field(default_factory=list)
    bad: list = field(default_factory=list)
    read: int = 0
    held: str = None
    too_long: int = 0  # text values that are longer than declared: a warning, nothing else


class Reader:
    """Reads the files of one table."""

    def __init__(self, schema, key, void_required):
        self.names = [name for name, _ in schema.columns]
        self.parsers = [values.parser_of(t) for _, t in schema.columns]
        self.lengths = [values.length_of(t) for _, t in schema.columns]
        self.lists_of = schema.lists_of
        self.key = [self.names.index(k) for k in key]
        self.void = self.names.index("void") if void_required else None

    def _header(self, fields):
        """Positions of the columns when the first record is a header, else None."""
        if fields is None:
            return None
        try:
            found = [f.decode("utf-8").lower() for f in fields]
        except UnicodeDecodeError:
            return None
        if len(set(found)) != len(found) or 2 * len(found) < len(self.names):
            return None
        if any(name not in self.names for name in found):
            return None
        return [self.names.index(name) for name in found]

    def read(self, data):
        out = FileRows()
        places = None
        for record in csv_records.records(data):
            if places is None:
                places = self._header(record.fields)
                if places is not None:
                    continue
                width = len(record.fields or [])
                lists = self.lists_of(width)
                if len(lists) != 1:
                    out.held = f"{width} columns: {len(lists) or 'no'} versions of the schema have so many"
                    return out
                places = [self.names.index(name) for name in lists.pop()]
            out.read += 1
            row, column, kind = self._row(record, places, out)
            if kind is None:
                out.rows.append(row)
            else:
                out.bad.append({"line": record.line, "offset": record.offset, "column": column, "kind": kind})
        return out

    def _row(self, record, places, out):
        """(row, None, None) or (None, column at fault, kind)."""
        if record.fields is None:
            return None, None, "bad_quotes"
        if len(record.fields) != len(places):
            return None, None, "too_many_columns" if len(record.fields) > len(places) else "too_few_columns"
        row, too_long = [None] * len(self.names), 0
        for raw, place in zip(record.fields, places):
            if raw == b"":
                continue
            try:
                row[place] = self.parsers[place](raw.decode("utf-8"))
            except UnicodeDecodeError:
                return None, self.names[place], "bad_utf8"
            except values.Misfit as misfit:
                return None, self.names[place], misfit.args[0]
            too_long += self.lengths[place] is not None and len(raw) > self.lengths[place]
        for place in self.key:
            if row[place] is None:
                return None, self.names[place], "null_key"
        if self.void is not None and row[self.void] is None:
            return None, "void", "null_void"
        out.too_long += too_long
        return tuple(row), None, None
