"""The tables of the warehouse: what a group does to one, and where every row of a file went."""

from dataclasses import dataclass

COUNTS = ("inserted", "updated", "unchanged", "delete_matched", "delete_unmatched", "superseded", "skipped",
          "quarantined")


def new_account(file, rows):
    account = {"path": file.path, "table": file.table, "pod": file.pod, "group": file.group, "read": rows.read}
    account.update({name: 0 for name in COUNTS})
    account.update({"key_collisions": 0, "too_long": rows.too_long, "quarantined": len(rows.bad),
                    "quarantine": rows.bad, "held": rows.held})
    return account


@dataclass
class Restore:
    """A month of a table from snapshots: rows of each pod, which stand behind its group `after`."""
    column: str   # which month a row belongs to; None: only the keys tell
    month: str    # "2025-05": the beginning of the column's canonical text
    after: dict   # pod -> group
    rows: dict    # pod -> rows
    path: str     # what the rows are said to come from


class Table:
    """Rows by what identifies them: pod, key and organization. by_key: match -> [(row, pod, path)]."""

    def __init__(self, names, key, mode, pod_in_match):
        self.mode, self.pod_in_match = mode, pod_in_match
        match = list(key)
        if mode != "update-insert" and "organizationid" in names and "organizationid" not in match:
            match.append("organizationid")
        self.match = [names.index(k) for k in match]
        self.void = names.index("void") if mode != "update-insert" else None
        self.names = names
        self.by_key = {}
        self.yielding = {}  # pod -> path of a snapshot whose rows give way to any that comes behind them

    def restore(self, restore, pod):
        """The month's rows of the pod and the rows of the snapshot's keys go, the snapshot's come."""
        column = self.names.index(restore.column) if restore.column else None
        for match, entries in list(self.by_key.items()) if restore.column else ():
            kept = [e for e in entries if e[1] != pod or not (e[0][column] or "").startswith(restore.month)]
            if kept:
                self.by_key[match] = kept
            else:
                del self.by_key[match]
        rows = [row for row in restore.rows[pod] if self.void is None or row[self.void] != "true"]
        for row in rows:
            self.by_key.pop(self._match_of(row, pod), None)
        for row in rows:
            self.by_key.setdefault(self._match_of(row, pod), []).append((row, pod, restore.path))
        self.yielding[pod] = restore.path

    def _match_of(self, row, pod):
        return (pod if self.pod_in_match else None, *(row[i] for i in self.match))

    def apply(self, pod, group):
        """group: [(rows, account)] of the files of one group, in their order."""
        if self.mode == "update-insert":
            self._update_insert(pod, group)
        else:
            for rows, account in group:
                self._file(pod, rows, account)
        for _, account in group:
            if account["read"] != sum(account[name] for name in COUNTS):
                raise AssertionError(f"rows of {account['path']} are not accounted for: {account}")

    def _file(self, pod, rows, account):
        voided = [r for r in rows if r[self.void] == "true"]
        inserted = [r for r in rows if r[self.void] != "true"]
        if self.mode == "insert-only":
            account["skipped"] += len(voided)
        else:
            matches = [self._match_of(r, pod) for r in voided]
            hits = sum(m in self.by_key for m in matches)
            account["delete_matched"] += hits
            account["delete_unmatched"] += len(matches) - hits
            for m in matches:
                self.by_key.pop(m, None)
        for row in inserted:
            match = self._match_of(row, pod)
            if pod in self.yielding and match in self.by_key:
                self.by_key[match] = [e for e in self.by_key[match] if e[2] != self.yielding[pod]]
            standing = self.by_key.setdefault(self._match_of(row, pod), [])
            account["key_collisions"] += bool(standing)
            standing.append((row, pod, account["path"]))
        account["inserted"] += len(inserted)

    def _update_insert(self, pod, group):
        last = {}
        for rows, account in group:
            for row in rows:
                match = self._match_of(row, pod)
                if match in last:
                    last[match][1]["superseded"] += 1
                last[match] = (row, account)
        for match, (row, account) in last.items():
            before = self.by_key.get(match)
            if before is not None and before[0][0] == row:
                account["unchanged"] += 1
                continue
            account["inserted" if before is None else "updated"] += 1
            self.by_key[match] = [(row, pod, account["path"])]

    def rows(self):
        """(row, pod, path of the file it came from), in no particular order."""
        return (entry for entries in self.by_key.values() for entry in entries)
