"""Names, schema versions, headers, line ends, quotes: what is read from a file and where it starts."""

import gzip
import unittest

from small_drop import counts, dims, facts

A, C = "POD1/7/bi_dimguest/1/a.csv", "POD1/8/bi_dimguest/1/a.csv"


def places(account):
    return [(q["line"], q["offset"], q["column"], q["kind"]) for q in account["quarantine"]]


class Files(unittest.TestCase):
    def rows(self, text, **more):
        with dims({A: text}, **more) as drop:
            return drop.load()[0]

    def test_a_header_gives_the_order(self):
        self.assertEqual(self.rows("EMAIL,\"Id\",name\na@x,1,Ann\n"), [["1", "Ann", "a@x", "POD1"]])

    def test_a_header_with_half_of_the_columns_leaves_the_others_null(self):
        ddl = "create table bi_dimguest (id INT, name NVARCHAR(8), email VARCHAR(40), city VARCHAR(9))"
        self.assertEqual(self.rows("name,id\nAnn,1\n", ddl=ddl), [["1", "Ann", None, None, "POD1"]])

    def test_fewer_than_half_of_the_columns_are_no_header(self):
        with dims({A: "id\n"}) as drop:
            self.assertIn("1 columns", drop.load()[1][A]["held"])

    def test_a_line_with_an_unknown_name_is_no_header(self):
        with dims({A: "id,name,other\n1,Ann,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "Ann", None, "POD1"]])
        self.assertEqual(places(accounts[A]), [(1, 0, "id", "bad_integer")])

    def test_a_name_twice_is_no_header(self):
        with dims({A: "id,name,name\n"}) as drop:
            self.assertEqual(counts(drop.load()[1][A]), {"quarantined": 1})

    def test_an_empty_file_and_a_header_alone_are_no_rows(self):
        for text in (b"", b"\xef\xbb\xbf", b"id,name,email\r\n", b"id,name,email"):
            with dims({A: text}) as drop:
                rows, accounts = drop.load()
            self.assertEqual((rows, accounts[A]["read"], accounts[A]["held"]), ([], 0, None))

    def test_a_byte_order_mark_counts_as_bytes_but_is_no_data(self):
        with dims({A: b"\xef\xbb\xbf1,Ann,\nx,Bob,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "Ann", None, "POD1"]])
        self.assertEqual(places(accounts[A]), [(2, 10, "id", "bad_integer")])

    def test_crlf_lf_and_no_end_at_all(self):
        for text in ("1,a,\r\n2,b,x\r\n", "1,a,\n2,b,x\n", "1,a,\n2,b,x", "1,a,\r\n2,b,x"):
            self.assertEqual(self.rows(text), [["1", "a", None, "POD1"], ["2", "b", "x", "POD1"]])

    def test_quotes_newlines_and_commas_inside_quotes(self):
        text = '1,"a ""b"", c","x\ny"\r\n2,"\r\n","z"\r\nbad,,\r\n'
        with dims({A: text}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", 'a "b", c', "x\ny", "POD1"], ["2", "\r\n", "z", "POD1"]])
        self.assertEqual(places(accounts[A]), [(5, 34, "id", "bad_integer")])

    def test_empty_is_null_quoted_or_not(self):
        self.assertEqual(self.rows('1,"",\n'), [["1", None, None, "POD1"]])

    def test_empty_lines_are_no_records(self):
        with dims({A: "1,a,\n\n\r\n2,b\n"}) as drop:
            _, accounts = drop.load()
        self.assertEqual(accounts[A]["read"], 2)
        self.assertEqual(places(accounts[A]), [(4, 8, None, "too_few_columns")])

    def test_broken_quotes(self):
        with dims({A: '0,z,\n1,"a"b,\n2,c,\n3,"d,\n4,e,\n'}) as drop:
            rows, accounts = drop.load()
        self.assertEqual([r[0] for r in rows], ["0", "2"])
        self.assertEqual(places(accounts[A]), [(2, 5, None, "bad_quotes"), (4, 18, None, "bad_quotes")])

    def test_too_many_and_too_few_columns(self):
        with dims({A: "1,a,\n2,b,,\n3\n4,d,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual([r[0] for r in rows], ["1", "4"])
        self.assertEqual(places(accounts[A]), [(2, 5, None, "too_many_columns"), (3, 11, None, "too_few_columns")])

    def test_invalid_utf8(self):
        with dims({A: b"1,Jos\xe9,\n2,Jos\xc3\xa9,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["2", "José", None, "POD1"]])
        self.assertEqual(places(accounts[A]), [(1, 0, "name", "bad_utf8")])

    def test_of_two_faults_the_first_in_the_file_is_named(self):
        ddl = "create table bi_dimguest (id INT, a INT, b BOOLEAN)"
        with dims({A: "B,A,Id\nmaybe,x,1\n"}, ddl=ddl) as drop:
            self.assertEqual(places(drop.load()[1][A]), [(2, 7, "b", "bad_boolean")])

    def test_gzip(self):
        path = A + ".gz"
        with dims({path: gzip.compress(b"1,a,\nx,b,\n")}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "a", None, "POD1"]])
        self.assertEqual(places(accounts[path]), [(2, 5, "id", "bad_integer")])

    def test_text_longer_than_declared_in_bytes_is_loaded_and_counted(self):
        with dims({A: "1,12345678,\n2,éééé,\n3,ééééé,\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual((len(rows), accounts[A]["too_long"]), (3, 1))

    def test_more_bad_rows_than_allowed_hold_the_file_and_its_table(self):
        many = "x,a,\n" * 1001
        with dims({A: "1,a,\n" + many, C: "2,b,\n"}) as drop:
            rows, accounts = drop.load()
            self.assertEqual((rows, list(accounts)), ([], [A]))
            self.assertEqual(drop.summary["tables"]["bi_dimguest"]["held"], [A])
        with dims({A: "1,a,\n" + many[5:]}) as drop:
            self.assertEqual(len(drop.load()[0]), 1)


class Names(unittest.TestCase):
    def test_folder_schema_and_ddl_match_without_case_and_suffix(self):
        with dims({"POD1/7/BI_DIMGUEST_S3/1/a.csv": "1,a,\n", "POD1/8/Bi_DimGuest/1/a.csv": "2,b,\n"}, schemas={
                "SchemaFull/bi_dimguest.txt": "CREATE TABLE IF NOT EXISTS public.\"Bi_DimGuest_s3\" (\n"
                                              "Id INT NOT NULL -- the key, really\n,Name NVARCHAR(8) ENCODE lzo"
                                              ", EMail VARCHAR(40),\n primary key (Id))\n distkey(id) sortkey(id);"}) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [["1", "a", None, "POD1"], ["2", "b", None, "POD1"]])

    def test_other_folders_and_files_are_no_data(self):
        with dims({A: "1,a,\n", "MonthlySnapshot/2025/POD1/1000/bi_dimguest/1.1.csv": "2,b,\n",
                   "POD1/readme/bi_dimguest/1/a.csv": "3,c,\n", "POD1/7/bi_dimguest/1/a.txt": "4,d,\n"}) as drop:
            self.assertEqual([r[0] for r in drop.load()[0]], ["1"])

    def test_a_table_without_key_or_schema_is_named_and_not_loaded(self):
        with dims({A: "1,a,\n", "POD1/7/bi_dimnew/1/a.csv": "1\n"}) as drop:
            drop.load()
        self.assertEqual(drop.summary["without_key"], ["bi_dimnew"])
        self.assertEqual(drop.summary["without_schema"], ["bi_dimnew"])


class Upgrades(unittest.TestCase):
    ADDED = {"SchemaUpgrade/R_9/bi_dimguest.txt": "ALTER TABLE bi_dimguest ADD COLUMN nine INT;\n"
                                                  "alter table bi_dimguest add nine INT;",
             "SchemaUpgrade/R_10/Bi_DimGuest.txt": "create table bi_dimguest (id INT, name NVARCHAR(8), "
                                                   "email VARCHAR(40), nine INT, ten BOOLEAN);"}

    def test_releases_in_their_natural_order_and_the_number_of_columns_gives_the_version(self):
        files = {A: "1,a,\n", C: "2,b,,9\n", "POD1/9/bi_dimguest/1/a.csv": "3,c,,9,t\n4,d,,9\n"}
        with dims(files, schemas=self.ADDED) as drop:
            rows, accounts = drop.load()
        self.assertEqual([c for c, _ in drop.columns], ["id", "name", "email", "nine", "ten", "_sluice_pod"])
        self.assertEqual(rows, [["1", "a", None, None, None, "POD1"], ["2", "b", None, "9", None, "POD1"],
                                ["3", "c", None, "9", "true", "POD1"]])
        self.assertEqual([q["kind"] for q in accounts["POD1/9/bi_dimguest/1/a.csv"]["quarantine"]],
                         ["too_few_columns"])

    def test_a_number_of_columns_that_no_version_has_holds_the_file(self):
        with dims({A: "1,a\n2,b\n"}, schemas=self.ADDED) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [])
        self.assertIn("2 columns", accounts[A]["held"])

    def test_a_new_column_in_the_middle_is_read_where_its_version_has_it(self):
        full = "create table bi_dimguest (id INT, rating INT, name NVARCHAR(8), email VARCHAR(40))"
        with dims({A: "1,a,x\n", C: "2,5,b,y\n"}, schemas={"SchemaUpgrade/R_9/bi_dimguest.txt": full}) as drop:
            rows, _ = drop.load()
        self.assertEqual([c for c, _ in drop.columns], ["id", "name", "email", "rating", "_sluice_pod"])
        self.assertEqual(rows, [["1", "a", "x", None, "POD1"], ["2", "b", "y", "5", "POD1"]])

    def test_two_versions_of_one_width_hold_a_file_without_a_header(self):
        swapped = {"SchemaUpgrade/R_9/bi_dimguest.txt": "create table bi_dimguest (id INT, email VARCHAR(40), "
                                                        "name NVARCHAR(8))"}
        with dims({A: "1,a,b\n"}, schemas=swapped) as drop:
            self.assertIn("3 columns: 2 versions", drop.load()[1][A]["held"])
        with dims({A: "id,email,name\n1,b,a\n"}, schemas=swapped) as drop:
            self.assertEqual(drop.load()[0], [["1", "a", "b", "POD1"]])

    def test_what_an_upgrade_appends_may_lack_although_the_full_schema_has_it(self):
        for column, loaded in (("email", [["1", "a", None, "POD1"]]), ("name", [])):
            with dims({A: "1,a\n"}, schemas={
                    "SchemaUpgrade/R_9/bi_dimguest.txt": f"alter table bi_dimguest add {column} INT"}) as drop:
                self.assertEqual(drop.load()[0], loaded)

    def test_a_held_file_stops_its_pod_only(self):
        fact = "POD1/7/bi_factsale/1/a.csv"
        with facts({fact: "1\n", "POD1/8/bi_factsale/1/a.csv": "2,o,5,0\n",
                    "POD2/1/bi_factsale/1/a.csv": "3,o,5,0\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual([r[0] for r in rows], ["3"])
        self.assertNotIn("POD1/8/bi_factsale/1/a.csv", accounts)


if __name__ == "__main__":
    unittest.main()
