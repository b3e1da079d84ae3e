"""Reads the schema files: CREATE TABLE and ALTER TABLE ADD COLUMN as Redshift writes them."""

import re

from drop_names import canonical_table

_CREATE = re.compile(r'create\s+table\s+(?:if\s+not\s+exists\s+)?([\w".]+)\s*\(', re.I)
_ALTER = re.compile(r'alter\s+table\s+([\w".]+)\s+add\s+(?:column\s+)?(.+)', re.I | re.S)
_COLUMN = re.compile(r'("?)([^\s"]+)\1\s+([a-z]\w*(?:\s+varying|\s+precision)?)\s*(\([^)]*\))?', re.I)
_CONSTRAINT = re.compile(r"(?:primary\s+key|unique|foreign\s+key|constraint)\b", re.I)


def _without_comments(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"--[^\n]*", " ", text)


def _inside(text, start):
    """Text between the parenthesis that opens before start and its partner."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    raise ValueError("a parenthesis is never closed")


def _split(text):
    parts, depth, last = [], 0, 0
    for at, c in enumerate(text):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and depth == 0:
            parts.append(text[last:at])
            last = at + 1
    return parts + [text[last:]]


def _column(text):
    match = _COLUMN.match(text.strip())
    if match is None:
        raise ValueError(f"not a column: {text.strip()!r}")
    return match.group(2).lower(), (match.group(3) + (match.group(4) or "")).upper()


def _name(text):
    return canonical_table(text.replace('"', "").split(".")[-1])


def statements(text):
    """Yields ("create" or "add", table, [(column, TYPE)])."""
    for statement in _without_comments(text.lstrip("\ufeff")).split(";"):
        statement = statement.strip()
        create, alter = _CREATE.match(statement), _ALTER.match(statement)
        if create:
            parts = [p for p in _split(_inside(statement, create.end())) if not _CONSTRAINT.match(p.strip())]
            yield "create", _name(create.group(1)), [_column(p) for p in parts]
        elif alter:
            yield "add", _name(alter.group(1)), [_column(alter.group(2))]
        elif statement:
            raise ValueError(f"not a statement of a schema file: {statement[:60]!r}")
