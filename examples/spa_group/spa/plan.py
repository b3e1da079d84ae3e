"""Which files a table has in a group and what lies in each.

The rows of a first load are numbered 0 .. n-1. Increment i (1, 2, ...) appends new numbers, updates
the numbers k with k % 16 == i and deletes those with k % 16 == 8 + i: so every group can be made
without making the ones before it. What is out of the ordinary stands in peculiar.py.
"""

from dataclasses import dataclass, field

from .columns import VOID_NO, VOID_YES, crc
from .pods import FIRST, TINY
from .rows import Block

STRIDE = 16
NEVER = 95_000_000  # row numbers that are voided and were never inserted


@dataclass
class FilePlan:
    log: int
    number: int
    blocks: list
    bad: list = field(default_factory=list)  # spread over the file
    bad_first: list = field(default_factory=list)  # before any other record
    header: str = None  # None, "schema" or "shuffled"
    eol: str = "\n"
    bom: bool = False
    last_eol: bool = True
    header_only: bool = False
    empty: bool = False


@dataclass
class Changes:
    """The row numbers that an increment touches."""
    new: range
    updated: list
    deleted: list
    resent: list


def changes_of(pod, table, index):
    n = pod.sizes[table.name]
    size = pod.growth[table.name]
    grown = n + (index - 1) * size

    def every(residue, most):
        if n < 2 * STRIDE:
            return [residue % n]
        return list(range(residue % STRIDE, n, STRIDE)[:most])

    return Changes(range(grown, grown + size), every(index, size), every(8 + index, (size + 1) // 2),
                   every(8 + index, (size + 1) // 2))


def log_id(pod_index, index, step):
    """Sequential, crossing 9 -> 10, 99 -> 100 and 999 -> 1000 inside groups where the order matters."""
    starts = (8, 99, 999, 2040, 3100, 4007, 5012, 6001) if pod_index % 2 == 0 else \
             (98, 999, 1500, 2099, 3007, 4100, 5005, 6003)
    return starts[min(index, TINY)] + step * (1 if index <= 2 else 3)


def _styled(plan, pod, table, index):
    """Header, column order and line ends, by the name of the file: every mixture occurs."""
    style = crc(f"{pod.name}/{index}/{table.name}/{plan.log}/{plan.number}") % 6
    plan.header = (None, None, None, "schema", "shuffled", "shuffled")[style]
    plan.eol = ("\n", "\r\n", "\n", "\n", "\r\n", "\n")[style]
    plan.last_eol = crc(f"{pod.name}{index}{table.name}{plan.number}") % 5 != 0
    return plan


def _first_load(pod, table):
    n = pod.sizes[table.name]
    void = VOID_NO if table.kind != "dim" else None
    plans = []
    for f in range(table.files):
        part = range(n * f // table.files, n * (f + 1) // table.files)
        plans.append(FilePlan(log_id(pod.index, FIRST, f), f % 2 + 1, [Block(part, void=void)]))
    return plans


def _fact_increment(pod, table, index):
    c = changes_of(pod, table, index)
    half = len(c.updated) // 2
    early, late = c.updated[:half], c.updated[half:]
    one, two = log_id(pod.index, index, 0), log_id(pod.index, index, 1)
    first = FilePlan(one, 1, [Block(early, 0, VOID_YES), Block(c.new, 0, VOID_NO), Block(early, index, VOID_NO)])
    # The inserts before the markers of their keys: a marker never touches its own file's rows.
    second = FilePlan(one, 2, [Block(late, index, VOID_NO), Block(c.deleted, 0, VOID_YES), Block(late, 0, VOID_YES),
                               Block(c.deleted[:1], 0, VOID_YES)])
    again, gone = early[:2], list(c.new)[-2:-1]
    third = FilePlan(two, 1, [Block(again, index, VOID_YES), Block(again, index + 20, VOID_NO),
                              Block(gone, 0, VOID_YES), Block(c.deleted[:1], 0, VOID_YES),
                              Block([NEVER + index, NEVER + index], 0, VOID_YES)])
    if index > 1:
        before = changes_of(pod, table, index - 1).updated[-1:]
        third.blocks += [Block(before, 0, VOID_YES), Block(before, index + 30, VOID_NO)]
    return [first, second, third]


def _exception_increment(pod, table, index):
    c = changes_of(pod, table, index)
    first = FilePlan(log_id(pod.index, index, 0), 1, [
        Block(c.new, 0, VOID_NO), Block(c.deleted, 0, VOID_YES)])
    # void NULL is inserted here; a key that is there already is inserted too and reported.
    second = FilePlan(log_id(pod.index, index, 1), 1, [
        Block([60_000_000 + index], 0, [""]), Block(c.resent[:1], 0, VOID_NO)])
    return [first, second]


def _dim_increment(pod, table, index):
    c = changes_of(pod, table, index)
    blank = {}
    nullable = [col for col in table.columns if col.name.lower() not in table.key
                and col.name.lower() not in ("organizationid", "podname", "void", "centerid")]
    if nullable:
        blank = {nullable[index % len(nullable)].name.lower(): ""}
    twice = c.updated[:2]
    first = FilePlan(log_id(pod.index, index, 0), 1, [
        Block(twice, index + 20), Block(c.updated, index), Block(c.new), Block(c.resent)])
    # The last row of a key wins: in the same file, the next file, the next log id; an empty field overwrites.
    corrected, last = Block(c.new[:1], index + 30), Block(twice, index + 25, put=blank)
    if table.least < 40:
        first.blocks += [corrected, last]
        return [first]
    return [first, FilePlan(first.log, 2, [corrected]), FilePlan(log_id(pod.index, index, 1), 1, [last])]


def late_file(pod, table, index):
    """A file that comes into a group when the next ones have already been loaded."""
    return FilePlan(log_id(pod.index, index, 3), 1, [Block([70_000_000 + index], 0, VOID_NO)])


def files_of(pod, table, index):
    """The plain plans of a table in a group; peculiar.add() makes them interesting."""
    if index == FIRST:
        plans = _first_load(pod, table)
    elif table.kind == "fact":
        plans = _fact_increment(pod, table, index)
    elif table.kind == "exception":
        plans = _exception_increment(pod, table, index)
    else:
        plans = _dim_increment(pod, table, index)
    return [_styled(p, pod, table, index) for p in plans]


def upgrades_of(pod, table, index):
    """How many releases the files of this group know: the first from the fourth group of pod 1 and
    the fifth of pod 2 on, all of them two groups later."""
    step = index - (3 + pod.index % 2)
    return 0 if step < 0 else min(len(table.upgrades), 1 + step // 2)
