"""The comparison of dumps."""

import contextlib
import io
import os
import tempfile
import unittest

import compare
from canonical import canonical, write_dump

COLUMNS = [("id", "INT"), ("name", "NVARCHAR(8)"), ("score", "FLOAT"), ("city", "VARCHAR(9)")]
ROWS = [["1", "Ann", "0.5", "Rome"], ["2", None, "1e3", "Oslo"], ["2", None, "1e3", "Oslo"]]


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.left, self.right = (os.path.join(self.folder.name, side) for side in ("left", "right"))
        for side in (self.left, self.right):
            os.mkdir(side)
        self.dump(self.left, ROWS)

    def dump(self, side, rows, columns=COLUMNS, table="t"):
        write_dump(os.path.join(side, table + ".jsonl"), table, columns, rows)

    def run_main(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = compare.main([self.left, self.right])
        return code, out.getvalue()

    def test_equal_whatever_the_order_of_rows_and_columns(self):
        self.dump(self.right, [[r[3], r[0], r[1], r[2]] for r in reversed(ROWS)],
                  [COLUMNS[i] for i in (3, 0, 1, 2)])
        self.assertEqual(self.run_main(), (0, "equal\n"))

    def test_a_value_that_differs_is_shown(self):
        self.dump(self.right, [["1", "Ann", "0.5", "Bern"]] + ROWS[1:])
        code, text = self.run_main()
        self.assertEqual(code, 1)
        self.assertIn('city: left "Rome", right "Bern"', text)

    def test_null_and_text_differ(self):
        self.dump(self.right, [["1", "Ann", "0.5", "Rome"], ["2", "", "1e3", "Oslo"], ["2", None, "1e3", "Oslo"]])
        code, text = self.run_main()
        self.assertEqual(code, 1)
        self.assertIn('name: left NULL, right ""', text)

    def test_a_row_twice_is_not_once(self):
        self.dump(self.right, ROWS[:2])
        code, text = self.run_main()
        self.assertEqual(code, 1)
        self.assertIn("1 rows only left, 0 only right (of 3 and 2)", text)

    def test_doubles_are_equal_by_value_and_text_is_not(self):
        for column, code in (("FLOAT", 0), ("VARCHAR(9)", 1)):
            for side, text in ((self.left, "1e3"), (self.right, "1000.0")):
                with open(os.path.join(side, "t.jsonl"), "w", encoding="utf-8") as out:
                    out.write(f'{{"table": "t", "columns": [["a", "{column}"]]}}\n["{text}"]\n[null]\n')
            self.assertEqual(self.run_main()[0], code)

    def test_a_table_or_a_column_that_is_missing(self):
        self.dump(self.right, [row[:3] for row in ROWS], COLUMNS[:3])
        self.dump(self.left, [], table="other")
        code, text = self.run_main()
        self.assertEqual(code, 1)
        self.assertIn("other: only left", text)
        self.assertIn("columns only left: city", text)

    def test_what_cannot_be_read_is_no_difference(self):
        with open(os.path.join(self.right, "t.jsonl"), "w", encoding="utf-8"):
            pass
        self.assertEqual(self.run_main()[0], 2)

    def test_two_folders_without_dumps_are_not_equal(self):
        os.remove(os.path.join(self.left, "t.jsonl"))
        self.assertEqual(self.run_main()[0], 2)


class Canonical(unittest.TestCase):
    def test_values_of_a_program_become_canonical(self):
        for value, sql_type, text in ((1000, "FLOAT", "1000.0"), (True, "BOOLEAN", "true"), (7, "INT", "7"),
                                      ("12.50", "DECIMAL(19,2)", "12.50"), (None, "INT", None),
                                      ("2023-05-01T10:20:30.500", "TIMESTAMP", "2023-05-01 10:20:30.5"),
                                      ("2023-05-01 10:20:30.000", "TIMESTAMP", "2023-05-01 10:20:30")):
            self.assertEqual(canonical(value, sql_type), text)

    def test_lost_exactness_is_refused(self):
        for value, sql_type in ((9.223372036854776e18, "DECIMAL(19,0)"), (1.0, "INT"), ("2023-05-01", "TIMESTAMP"),
                                (5, "VARCHAR(9)"), (1, "BOOLEAN")):
            with self.assertRaises(ValueError):
                canonical(value, sql_type)


if __name__ == "__main__":
    unittest.main()
