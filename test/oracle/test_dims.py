"""Update-insert: what a dimension table holds, worked out by hand."""

import unittest

from small_drop import counts, dims

A, B, L2 = "POD1/7/bi_dimguest/1/a.csv", "POD1/7/bi_dimguest/1/b.csv", "POD1/7/bi_dimguest/2/a.csv"
C = "POD1/8/bi_dimguest/1/a.csv"


class Dimensions(unittest.TestCase):
    def test_a_row_is_updated_as_a_whole_null_included(self):
        with dims({A: "1,Ann,a@x\n2,Bob,b@x\n", C: "1,,new@x\n3,Cy,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", None, "new@x", "POD1"], ["2", "Bob", "b@x", "POD1"], ["3", "Cy", None, "POD1"]])
        self.assertEqual(counts(accounts[C]), {"updated": 1, "inserted": 1})

    def test_the_last_row_of_a_key_in_a_group_wins(self):
        with dims({A: "1,a,\n1,b,\n", B: "1,c,\n", L2: "1,d,\n2,x,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "d", None, "POD1"], ["2", "x", None, "POD1"]])
        self.assertEqual(counts(accounts[A]), {"superseded": 2})
        self.assertEqual(counts(accounts[B]), {"superseded": 1})
        self.assertEqual(counts(accounts[L2]), {"inserted": 2})

    def test_the_same_row_again_is_unchanged_and_keeps_its_lineage(self):
        with dims({A: "1,Ann,a@x\n", C: "+1,Ann,a@x\n"}) as drop:
            rows, accounts = drop.load(lineage=True)
        self.assertEqual(rows, [["1", "Ann", "a@x", "POD1", A]])
        self.assertEqual(counts(accounts[C]), {"unchanged": 1})

    def test_there_and_back_within_a_group_is_unchanged(self):
        with dims({A: "1,Ann,\n", C: "1,Bea,\n1,Ann,\n"}) as drop:
            _, accounts = drop.load()
        self.assertEqual(counts(accounts[C]), {"superseded": 1, "unchanged": 1})

    def test_void_of_a_dimension_is_data(self):
        ddl = "create table bi_dimguest (id INT, void BOOLEAN)"
        with dims({A: "1,0\n", C: "1,1\n2,\n"}, ddl=ddl) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [["1", "true", "POD1"], ["2", None, "POD1"]])

    def test_the_organization_is_no_part_of_a_dimensions_match(self):
        ddl = "create table bi_dimguest (id INT, organizationid VARCHAR(9))"
        with dims({A: "1,o\n", C: "1,p\n"}, ddl=ddl) as drop:
            self.assertEqual(drop.load()[0], [["1", "p", "POD1"]])

    def test_both_pods_have_the_key(self):
        with dims({A: "1,Ann,\n", "POD2/3/bi_dimguest/1/a.csv": "1,Bea,\n"}) as drop:
            self.assertEqual(drop.load()[0], [["1", "Ann", None, "POD1"], ["1", "Bea", None, "POD2"]])

    def test_an_organization_table_has_one_row_for_all_pods(self):
        ddl = "create table bi_dimitems (id INT, name NVARCHAR(8), email VARCHAR(40))"
        files = {"POD1/7/bi_dimitems/1/a.csv": "1,Ann,\n2,x,\n", "POD2/3/bi_dimitems/1/a.csv": "1,Ann,\n2,y,\n"}
        with dims(files, ddl=ddl, table="bi_dimitems") as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "Ann", None, "POD1"], ["2", "y", None, "POD2"]])
        self.assertEqual(counts(accounts["POD2/3/bi_dimitems/1/a.csv"]), {"unchanged": 1, "updated": 1})

    def test_rounds_and_pods_differ_in_the_order_of_an_organization_table(self):
        ddl = "create table bi_dimitems (id INT, name NVARCHAR(8), email VARCHAR(40))"
        files = {"POD1/7/bi_dimitems/1/a.csv": "1,a,\n", "POD1/8/bi_dimitems/1/a.csv": "1,b,\n",
                 "POD2/99/bi_dimitems/1/a.csv": "1,c,\n"}
        with dims(files, ddl=ddl, table="bi_dimitems") as drop:
            self.assertEqual(drop.load()[0][0][1], "b")
            self.assertEqual(drop.load(order="pods")[0][0][1], "c")

    def test_a_null_key_is_quarantined_and_supersedes_nothing(self):
        with dims({A: "1,a,\n,b,\n\"\",c,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "a", None, "POD1"]])
        self.assertEqual([q["kind"] for q in accounts[A]["quarantine"]], ["null_key", "null_key"])

    def test_a_bad_last_row_lets_the_one_before_win(self):
        with dims({A: "1,a,\n1,b,,surplus\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "a", None, "POD1"]])
        self.assertEqual(counts(accounts[A]), {"inserted": 1, "quarantined": 1})


if __name__ == "__main__":
    unittest.main()
