"""Columns and how their values are made.

A row is a pure function of (seed, pod, row number, version): a later group can send the old, the
changed or exactly the same row again without knowing what was written before. A maker takes
(ctx, ks, version) and returns one CSV-ready string for each row number in ks; it works on whole
blocks, because a million rows must not cost a Python call per cell.
"""

import datetime
import zlib
from dataclasses import dataclass
from typing import Callable

MASK128 = (1 << 128) - 1
GUID_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, so n -> n * step is one to one
MIX = 739_982_445  # spreads row numbers that are multiples of 16 over a pool, too
SHARED = 500_000_000  # row numbers from here on give the same key in every pod
POD_STRIDE = 100_000_000  # distance of the row numbers of two pods, below SHARED
TODAY = datetime.date(2025, 6, 1)  # the drop's "now": fixed, so that the bytes are


def crc(text):
    return zlib.crc32(text.encode("utf-8"))


def guid(space, number):
    """The GUID of row `number` in a name space; one to one in number."""
    h = (((number + 1) * GUID_STEP) ^ (crc(space) << 64)) & MASK128
    s = "%032x" % h
    return f"{s[:8]}-{s[8:12]}-{s[12:16]}-{s[16:20]}-{s[20:]}"


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    make: Callable


def offset_of(ctx, ks):
    """What is added to row numbers to make keys; 0 for keys that both pods have."""
    return 0 if ks and ks[0] >= SHARED else ctx.pod_index * POD_STRIDE


def salt_of(ctx, ks):
    """A guest or a sale that both pods know looks the same in both."""
    return ctx.common_salt if ks and ks[0] >= SHARED else ctx.salt


def const(text):
    return lambda ctx, ks, version: [text] * len(ks)


BLANK = const("")


def key_guid(space):
    def make(ctx, ks, version):
        base = offset_of(ctx, ks)
        return [guid(space, base + k) for k in ks]
    return make


def key_number(start):
    """DECIMAL(19,0) keys; every 40th is beyond 2^63, where neighbours are equal as doubles."""
    beyond = 9_223_372_036_854_775_808

    def make(ctx, ks, version):
        base = offset_of(ctx, ks)
        low, high = start + base, beyond + start + base
        return [str(high + k) if k % 40 == 7 else str(low + k) for k in ks]
    return make


def key_plain(start):
    """BIGINT keys."""
    def make(ctx, ks, version):
        base = start + offset_of(ctx, ks)
        return [str(base + k) for k in ks]
    return make


def pick(name, pool, changes=False):
    """One of the pool by the row number; another one for another version where it changes."""
    tag = crc(name)
    step = 2654435761 + 2 * (tag & 0xFFFF)
    size = len(pool)

    def make(ctx, ks, version):
        s = (tag ^ salt_of(ctx, ks)) + (version * 40503 * 977 if changes else 0)
        return [pool[(((h := k * step + s) ^ (h >> 15)) * MIX >> 14) % size] for k in ks]
    return make


def pick_of(name, attribute, changes=False):
    """As pick, from a list that belongs to the pod (ids of its guests, centers, items ...)."""
    tag = crc(name)
    step = 2654435761 + 2 * (tag & 0xFFFF)

    def make(ctx, ks, version):
        pool = getattr(ctx, attribute)
        size = len(pool)
        s = (tag ^ salt_of(ctx, ks)) + (version * 40503 * 977 if changes else 0)
        return [pool[(((h := k * step + s) ^ (h >> 15)) * MIX >> 14) % size] for k in ks]
    return make


def number(name, low, high, decimals=0, changes=False):
    """Numbers between low and high, evenly; cheap, without a pool."""
    tag = crc(name)
    step = 2654435761 + 2 * (tag & 0xFFFF)
    unit = 10 ** decimals
    span = (high - low) * unit + 1
    form = f"%.{decimals}f"

    def make(ctx, ks, version):
        s = (tag ^ salt_of(ctx, ks)) + (version * 40503 * 977 if changes else 0)
        drawn = [(((h := k * step + s) ^ (h >> 15)) * MIX >> 14) % span for k in ks]
        return [str(low + d) for d in drawn] if decimals == 0 else [form % (low + d / unit) for d in drawn]
    return make


def sparse(make, every, shift=0):
    """The value in every n-th row, else an empty field."""
    def made(ctx, ks, version):
        values = make(ctx, ks, version)
        return [v if (k + shift) % every == 0 else "" for k, v in zip(ks, values)]
    return made


def moments(name, first_day, last_day, hours=(8, 20), dates_only=False, size=3989):
    """A pool of timestamps in all spellings that occur, days counted back from TODAY."""
    out = []
    state = crc(name)
    for i in range(size):
        state = (state * 6364136223846793005 + 1442695040888963407) & ((1 << 64) - 1)
        r = state >> 16
        day = TODAY - datetime.timedelta(days=last_day + r % (first_day - last_day + 1))
        if dates_only:
            out.append(day.isoformat())
            continue
        r //= 4001
        h, m, s = hours[0] + r % (hours[1] - hours[0]), (r // 31) % 60, (r // 1861) % 60
        clock = f"{h:02d}:{m:02d}:{s:02d}"
        kind = i % 16
        if kind == 1:
            out.append(f"{day}T{clock}")
        elif kind == 2:
            out.append(f"{day} {clock}.{r % 1000:03d}")
        elif kind == 3:
            out.append(f"{day}T{clock}.{r % 1000000:06d}")
        elif kind == 4:
            out.append(day.isoformat())
        elif kind == 5:
            out.append(f"{day} {h:02d}:{m:02d}")
        elif kind == 6:
            out.append(f"{day} {clock}.{r % 100:02d}0000000")
        elif kind == 7:
            out.append(f"\"{day} {clock}\"")
        else:
            out.append(f"{day} {clock}")
    return out


VISITS = moments("visits", 700, 0)
PAST = moments("past", 2500, 300)
RECENT = moments("recent", 40, 0, hours=(0, 24))
BIRTHDAYS = moments("birthdays", 29000, 6600, dates_only=True)
DAYS = moments("days", 700, 0, dates_only=True)

FALSE_MOSTLY = ["0"] * 40 + ["false", "False", "f", "F", "FALSE", "1", "true", "t"]
TRUE_MOSTLY = ["1"] * 20 + ["true", "True", "t", "T", "TRUE", "0", "false", "f", ""]
VOID_NO = ["0"] * 24 + ["false", "False", "f", "F", "FALSE", "\"0\""]
VOID_YES = ["1"] * 12 + ["true", "True", "t", "T", "TRUE", "\"1\""]
