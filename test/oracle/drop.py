"""Lists a drop folder and reads its schema."""

import gzip
import os
from dataclasses import dataclass, field

import ddl
from drop_names import canonical_table, natural

_NOT_PODS = {"schemafull", "schemaupgrade", "monthlysnapshot"}


@dataclass
class DropFile:
    path: str  # relative to the root, with '/'
    pod: str
    group: int
    table: str
    log: int
    name: str

    def order(self):
        return (self.log, self.name, self.path)


@dataclass
class Schema:
    """columns: [(name, TYPE)] with everything the upgrades add; versions: every list of names that the
    table has had, in its own order; appended: names that some upgrade adds by ALTER TABLE."""
    columns: list = field(default_factory=list)
    versions: list = field(default_factory=list)
    appended: set = field(default_factory=set)

    def apply(self, kind, columns):
        known = {name for name, _ in self.columns}
        self.columns += [c for c in columns if c[0] not in known]
        names = [name for name, _ in columns]
        if kind == "create":
            self.versions.append(tuple(names))
        else:
            self.appended |= set(names)
            now = self.versions[-1] if self.versions else ()
            self.versions.append(now + tuple(n for n in names if n not in now))

    def lists_of(self, width):
        """The lists of names that a file of `width` columns without a header can have: one, none or more."""
        exact = {v for v in self.versions if len(v) == width}
        return exact or {v[:width] for v in self.versions if len(v) > width and set(v[width:]) <= self.appended}


def _names(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _entry(root, name):
    """The folder of that name without regard to case, or None."""
    return next((os.path.join(root, n) for n in _names(root) if n.lower() == name.lower()), None)


def files(root):
    """All data files, in no particular order."""
    out = []
    for pod in _names(root):
        if pod.lower() in _NOT_PODS or not os.path.isdir(os.path.join(root, pod)):
            continue
        for group in _names(os.path.join(root, pod)):
            if not group.isdigit():
                continue
            for folder in _names(os.path.join(root, pod, group)):
                for log in _names(os.path.join(root, pod, group, folder)):
                    for name in _names(os.path.join(root, pod, group, folder, log)):
                        if log.isdigit() and name.lower().endswith((".csv", ".csv.gz")):
                            out.append(DropFile("/".join((pod, group, folder, log, name)), pod, int(group),
                                                canonical_table(folder), int(log), name))
    return out


def content(root, file):
    """The plain bytes of a file."""
    with open(os.path.join(root, file.path), "rb") as source:
        data = source.read()
    return gzip.decompress(data) if file.name.lower().endswith(".gz") else data


def _read_schema_file(path, schemas, create_only):
    with open(path, encoding="utf-8") as source:
        for kind, table, columns in ddl.statements(source.read()):
            if create_only and kind != "create":
                raise ValueError(f"{path}: SchemaFull holds CREATE TABLE only")
            if table != canonical_table(os.path.splitext(os.path.basename(path))[0]):
                raise ValueError(f"{path} is about {table}")
            schemas.setdefault(table, Schema()).apply(kind, columns)


def schemas(root):
    """Table -> Schema: SchemaFull, then the releases in their natural order."""
    out = {}
    full = _entry(root, "SchemaFull")
    for name in _names(full) if full else []:
        _read_schema_file(os.path.join(full, name), out, True)
    upgrades = _entry(root, "SchemaUpgrade")
    for release in sorted(_names(upgrades), key=natural) if upgrades else []:
        for name in _names(os.path.join(upgrades, release)):
            _read_schema_file(os.path.join(upgrades, release, name), out, False)
    return out
