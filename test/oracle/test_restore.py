"""Restoring a month, worked out by hand."""

import unittest

from small_drop import facts
from tables import Restore

DDL = "create table bi_factsale (id INT, organizationid VARCHAR(36), at DATE, amount INT, void BOOLEAN)"
FIRST, THEN, LAST = (f"POD1/{group}/bi_factsale/1/a.csv" for group in (7, 8, 9))


def of(drop, rows, after, column="at"):
    restore = Restore(column, "2025-05", {"POD1": after}, {"POD1": rows}, "snapshot")
    loaded, _ = drop.load(restores={"bi_factsale": restore})
    return [row[:4] for row in loaded]


def row(number, day, amount, void="false"):
    return (number, "o", f"2025-{day}", amount, void)


class Restores(unittest.TestCase):
    def test_the_month_is_that_of_the_snapshot(self):
        with facts({FIRST: "1,o,2025-04-30,1,0\n2,o,2025-05-01,2,0\n"}, ddl=DDL) as drop:
            rows = of(drop, [row("3", "05-31", "3"), row("4", "05-31", "4", "true")], 7)
        self.assertEqual(rows, [["1", "o", "2025-04-30", "1"], ["3", "o", "2025-05-31", "3"]])

    def test_a_key_of_the_snapshot_stands_once_wherever_it_stood(self):
        for column, left in (("at", 1), (None, 2)):
            with facts({FIRST: "1,o,2025-04-30,1,0\n2,o,2025-05-01,2,0\n"}, ddl=DDL) as drop:
                rows = of(drop, [row("1", "05-02", "9")], 7, column)
            self.assertEqual(len(rows), left)
            self.assertIn(["1", "o", "2025-05-02", "9"], rows)

    def test_groups_behind_it_count_on_top_and_those_before_do_not(self):
        files = {FIRST: "1,o,2025-05-01,1,0\n", THEN: "1,o,2025-05-01,2,1\n1,o,2025-05-01,2,0\n",
                 LAST: "2,o,2025-05-05,5,0\n3,,,,1\n"}
        with facts(files, ddl=DDL) as drop:
            self.assertEqual(of(drop, [row("1", "05-01", "7")], 8),
                             [["1", "o", "2025-05-01", "7"], ["2", "o", "2025-05-05", "5"]])
        with facts(files, ddl=DDL) as drop:
            self.assertEqual(of(drop, [row("1", "05-01", "7")], 7),
                             [["1", "o", "2025-05-01", "2"], ["2", "o", "2025-05-05", "5"]])

    def test_what_a_group_behind_it_inserts_takes_the_place_of_its_row(self):
        with facts({FIRST: "9,o,2025-01-01,1,0\n", THEN: "1,o,2025-05-01,8,0\n9,o,2025-01-01,2,0\n"}, ddl=DDL) as drop:
            rows = of(drop, [row("1", "05-01", "7")], 7)
        self.assertEqual(rows, [["1", "o", "2025-05-01", "8"], ["9", "o", "2025-01-01", "1"],
                                ["9", "o", "2025-01-01", "2"]])


if __name__ == "__main__":
    unittest.main()
