"""Writes one table of one group."""

from . import peculiar, plan
from .columns import crc
from .pods import TINY
from .rows import lines_of
from .writer import CsvFile


def _order(columns, how, tag):
    """Positions of the columns in the file."""
    order = list(range(len(columns)))
    if how == "shuffled":
        order.sort(key=lambda i: crc(f"{tag}/{columns[i].name}"))
    return order


def _heading(names, tag):
    """The header's spelling: as in the schema, lower or upper case, or quoted."""
    style = crc(tag) % 4
    if style == 1:
        return [n.lower() for n in names]
    if style == 2:
        return [n.upper() for n in names]
    return [f'"{n}"' for n in names] if style == 3 else names


def _placed(bad, rows):
    """(position, record): bad records spread evenly among the rows."""
    return [((i + 1) * rows // (len(bad) + 1), b) for i, b in enumerate(bad)]


def _write_rows(out, pod, file_plan, columns, order):
    rows = sum(len(b.ks) for b in file_plan.blocks)
    waiting = [(0, b) for b in file_plan.bad_first] + _placed(file_plan.bad, rows)
    ordered = [columns[i] for i in order]
    done = 0
    for block in file_plan.blocks:
        for part in block.slices():
            lines = lines_of(pod, part, ordered)
            start = 0
            while waiting and waiting[0][0] < done + len(lines):
                at, bad = waiting.pop(0)
                out.lines(lines[start:at - done])
                start = at - done
                out.spoilt(bad, order)
            out.lines(lines[start:])
            done += len(lines)
    for _, bad in waiting:
        out.spoilt(bad, order)


def _write_file(root, pod, table, index, p, columns, packed, time):
    folder = f"{pod.name}/{pod.groups[index]}/{table.folder(pod.index)}/{p.log}"
    path = f"{folder}/{table.name}_{pod.groups[index]:05d}_{p.number:03d}.csv"
    out = CsvFile(root, path, p.eol, p.bom, p.last_eol, packed, time)
    if not p.empty:
        order = _order(columns, p.header, path)
        if p.header:
            out.header(_heading([columns[i].name for i in order], path))
        if not p.header_only:
            _write_rows(out, pod, p, columns, order)
    out.close()
    return out


def emit(root, pod, table, index, packed):
    """All files of the table in the group; returns the files that were written."""
    if peculiar.is_missing(table, pod, index):
        return []
    columns = table.columns_with(plan.upgrades_of(pod, table, index))
    plans = peculiar.add(table, pod, index, plan.files_of(pod, table, index), columns)
    return [_write_file(root, pod, table, index, p, columns, packed, pod.time_of(index) + n)
            for n, p in enumerate(plans)]


def emit_late(root, pod, table, index, packed):
    columns = table.columns_with(plan.upgrades_of(pod, table, index))
    return [_write_file(root, pod, table, index, plan.late_file(pod, table, index), columns, packed,
                        pod.time_of(TINY) + 3600)]
