"""Everything that must be the same after an interrupted and an undisturbed run, as text."""

import json
import re

# What tells how often and when something was tried, not what came of it.
_HISTORY = {"runs", "fences", "sync_runs", "sync_attempts", "deliveries", "sync_history", "sync_tries"}
_TIMES = re.compile(r"run_id|token|next_delivery|modified|\w+_at")
# A row that is refused for good when it goes once more keeps what may have arrived the first time: who killed the run
# in that request cannot know that it did not.
_MAY_HAVE_ARRIVED = {
    ("sync_delivered", "payload"): "CASE WHEN state = 'rejected' AND digest IS NULL AND payload = attempted_payload "
    "THEN NULL ELSE payload END",
    ("sync_rows", "delivered"): "CASE WHEN state = 'rejected' AND delivered = tried THEN NULL ELSE delivered END",
}


def warehouse(sluice, lineage=True):
    """Name of a table -> its rows as text, sorted: data with lineage, views, and Sluice's ledgers."""
    columns = {}
    for schema, table, column in sluice.rows(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        "WHERE table_schema IN ('main', '_sluice') ORDER BY table_schema, table_name, ordinal_position"
    ):
        if schema == "_sluice" and (table in _HISTORY or _TIMES.fullmatch(column)):
            continue
        if not lineage and column in ("_sluice_load", "_sluice_file"):
            continue
        columns.setdefault((schema, table), []).append(column)
    selects = []  # one query for all: a process for each table would take longer than the run
    for (schema, table), names in columns.items():
        values = [_MAY_HAVE_ARRIVED.get((table, name), f'"{name}"') for name in names]
        casts = ", ".join(f"CAST({value} AS VARCHAR)" for value in values)
        selects.append(f"SELECT '{schema}.{table}' AS t, [{casts}] AS r FROM \"{schema}\".\"{table}\"")
    dumps = {f"{schema}.{table}": [] for schema, table in columns}
    for table, row in sluice.rows(" UNION ALL ".join(selects)):
        dumps[table].append(json.dumps(row, ensure_ascii=False))
    return {table: sorted(rows) for table, rows in dumps.items()}


def differences(expected, found, most=5):
    """Lines that say in which tables, files or people two dumps differ."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected or name not in found:
            lines.append(f"{name}: only in the {'undisturbed' if name in expected else 'interrupted'} run")
            continue
        left, right = list(expected[name]), list(found[name])
        if left == right:
            continue
        lines.append(f"{name}: {len(left)} undisturbed, {len(right)} interrupted")
        for mark, ours, theirs in (("-", left, right), ("+", right, left)):
            rest = list(theirs)
            surplus = []
            for line in ours:
                if line in rest:
                    rest.remove(line)
                else:
                    surplus.append(line)
            lines += [f"  {mark} {line[:400]}" for line in surplus[:most]]
        if sorted(left) == sorted(right):
            lines.append("  the same lines in another order")
    return lines
