"""Text of a CSV field to the canonical text of its type, or the kind of its fault.

Canonical: integers without sign + and leading zeros; decimals with exactly their scale; doubles in
the shortest form that reads back to the same value; true/false; YYYY-MM-DD HH:MM:SS with the
fraction of the second only where it is not zero; text as it is.
"""

import datetime
import functools
import math
import re

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]+))?")
_FLOAT = re.compile(r"[+-]?([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIMESTAMP = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
                        r"(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_BOOLEANS = {"0": "false", "false": "false", "f": "false", "1": "true", "true": "true", "t": "true"}


class Misfit(Exception):
    """The value does not fit; args[0] is the kind."""


def _integer(bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def parse(text):
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            raise Misfit("bad_integer")
        return str(int(text))
    return parse


def _decimal(precision, scale):
    def parse(text):
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise Misfit("bad_decimal")
        sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
        if not whole and not fraction:
            raise Misfit("bad_decimal")
        whole = whole.lstrip("0")
        if len(whole) > precision - scale or fraction[scale:].strip("0"):
            raise Misfit("bad_decimal")
        fraction = fraction[:scale].ljust(scale, "0")
        text = (whole or "0") + ("." + fraction if scale else "")
        return "-" + text if sign == "-" and text.strip("0.") else text
    return parse


def _float(text):
    match = _FLOAT.fullmatch(text)
    if match is None:
        raise Misfit("bad_float")
    value = float(text)
    if math.isinf(value) or (value == 0 and match.group(1).strip("0.")):
        raise Misfit("bad_float")  # beyond the range, or so small that nothing is left of it
    return repr(value)


def _boolean(text):
    if text.lower() not in _BOOLEANS:
        raise Misfit("bad_boolean")
    return _BOOLEANS[text.lower()]


@functools.lru_cache(maxsize=65536)
def _timestamp_or_none(text):
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(g or 0) for g in match.groups()[:6])
    fraction = match.group(7) or ""
    if fraction[6:].strip("0"):
        return None
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    fraction = fraction[:6].rstrip("0")
    return moment.isoformat(" ") + ("." + fraction if fraction else "")


def _timestamp(text):
    found = _timestamp_or_none(text)
    if found is None:
        raise Misfit("bad_timestamp")
    return found


def _date(text):
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        return datetime.date(*map(int, match.groups())).isoformat()
    except ValueError:
        raise Misfit("bad_date") from None


def _text(text):
    return text


_TEXTS = ("VARCHAR", "NVARCHAR", "CHAR", "NCHAR", "TEXT", "CHARACTER VARYING")
_NAMES = {"SMALLINT": _integer(16), "INT": _integer(32), "INTEGER": _integer(32), "BIGINT": _integer(64),
          "FLOAT": _float, "FLOAT8": _float, "DOUBLE PRECISION": _float, "BOOLEAN": _boolean, "BOOL": _boolean,
          "TIMESTAMP": _timestamp, "DATE": _date}


def parser_of(sql_type):
    """The function for a declared type; ValueError for a type that the drop does not use."""
    match = re.fullmatch(r"([A-Z0-9 ]+?)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?", sql_type.upper())
    name = match.group(1) if match else sql_type
    if name in _TEXTS:
        return _text
    if name in ("DECIMAL", "NUMERIC"):
        return _decimal(int(match.group(2) or 18), int(match.group(3) or 0))
    if name in _NAMES:
        return _NAMES[name]
    raise ValueError(f"unknown type {sql_type}")


def length_of(sql_type):
    """Declared bytes of a text type, None where there is no limit worth counting."""
    match = re.fullmatch(r"N?VARCHAR\s*\(\s*(\d+)\s*\)", sql_type.upper())
    return int(match.group(1)) if match else None
