"""Pods, their groups and what a pod's rows refer to."""

import datetime

from .columns import POD_STRIDE, crc, guid

FIRST, TINY = 0, 7  # index of a group in its pod; 1 to 6 are the increments
UPLOADED = datetime.datetime(2025, 6, 2, 3, 0, tzinfo=datetime.timezone.utc)

# Numbers with gaps, crossing 9 -> 10, 99 -> 100 and 999 -> 1000: sorted as text they are wrong.
GROUPS = (
    ("POD1", (7, 8, 9, 10, 12, 13, 15, 16)),
    ("POD2", (96, 97, 99, 100, 101, 103, 104, 107)),
    ("POD3", (995, 996, 998, 999, 1000, 1002, 1003, 1004)),
    ("POD4", (1, 2, 3, 5, 6, 8, 9, 11)),
)
SHARES = {1: (1.0,), 2: (0.55, 0.45), 3: (0.4, 0.33, 0.27), 4: (0.3, 0.26, 0.23, 0.21)}
KEPT_IDS = 400_000  # in memory, of one table and pod; some 90 bytes each
MAIN_ORGANIZATION = guid("organization", 0)


class LazyIds:
    """Ids of a table that is too big to keep them: made each time."""

    def __init__(self, space, first, size):
        self.space, self.first, self.size = space, first, size

    def __len__(self):
        return self.size

    def __getitem__(self, n):
        return guid(self.space, self.first + n)


def growth(table, n):
    """New rows that an increment brings to a table of n rows; updates are as many."""
    least = 8 if table.least >= 100 else 3 if table.least >= 40 else 1
    return max(least, int(n * 0.0015))


def first_rows(table, rows, share):
    return max(table.least, int(rows * table.ratio * share))


class Pod:
    """What the makers of columns need to know of a pod; every list is a function of seed and size."""

    def __init__(self, seed, index, count, rows, tables):
        self.index = self.pod_index = index
        self.name, self.groups = GROUPS[index]
        self.share = SHARES[count][index]
        self.salt = crc(f"{seed}/{self.name}")
        self.common_salt = crc(f"{seed}")
        self.pod_names = [self.name]
        # One company in all pods, and a franchisee of this pod with every eighth row.
        self.organizations = [MAIN_ORGANIZATION] * 7 + [guid("organization", index + 1)]
        self.sizes = {t.name: first_rows(t, rows, self.share) for t in tables}
        self.growth = {t.name: growth(t, self.sizes[t.name]) for t in tables}
        self.user_ids = self._ids("user", "bi_dimuser")
        self.employee_ids = self._ids("employee", "bi_dimemployee")
        self.center_ids = self._ids("center", "bi_dimcenter")
        self.item_ids = self._ids("item", "bi_dimitems")
        self.membership_ids = self._ids("membership", "bi_dimmembership")
        self.gift_card_ids = self._ids("giftcard", "bi_dimgiftcard")
        self.appointment_ids = self._ids("appointment", "bi_factappointment", 50_000)
        self.form_ids = [guid("form", index * POD_STRIDE + n) for n in range(400)]
        self.invoice_ids = [guid("invoice", index * POD_STRIDE + n) for n in range(max(100, min(rows // 3, 50_000)))]

    def _ids(self, space, table, most=None):
        size = self.sizes[table] if most is None else min(most, self.sizes[table])
        first = self.index * POD_STRIDE
        return [guid(space, first + n) for n in range(size)] if size <= KEPT_IDS else LazyIds(space, first, size)

    def time_of(self, group_index):
        """When the group was put into the drop: one a day, all pods within the hour."""
        return int((UPLOADED + datetime.timedelta(days=group_index, minutes=7 * self.index)).timestamp())
