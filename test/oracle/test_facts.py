"""Delete-insert: what a fact table holds, worked out by hand."""

import unittest

from small_drop import FACT, counts, facts

A, B, C = "POD1/7/bi_factsale/1/a.csv", "POD1/7/bi_factsale/1/b.csv", "POD1/8/bi_factsale/1/a.csv"


class Facts(unittest.TestCase):
    def test_void_deletes_rows_of_earlier_groups(self):
        with facts({A: "1,o,5,0\n2,o,6,0\n", C: "1,o,5,1\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["2", "o", "6.00", "false", "POD1"]])
        self.assertEqual(counts(accounts[A]), {"inserted": 2})
        self.assertEqual(counts(accounts[C]), {"delete_matched": 1})

    def test_void_and_insert_in_one_file_is_an_update_in_either_order(self):
        for text in ("1,o,5,1\n1,o,9,0\n", "1,o,9,0\n1,o,5,1\n"):
            with facts({A: "1,o,5,0\n", C: text}) as drop:
                rows, accounts = drop.load()
            self.assertEqual(rows, [["1", "o", "9.00", "false", "POD1"]])
            self.assertEqual(counts(accounts[C]), {"delete_matched": 1, "inserted": 1})

    def test_void_never_touches_the_inserts_of_its_own_file(self):
        with facts({A: "1,o,5,0\n1,o,5,1\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "o", "5.00", "false", "POD1"]])
        self.assertEqual(counts(accounts[A]), {"delete_unmatched": 1, "inserted": 1})

    def test_a_later_file_of_the_same_group_deletes(self):
        with facts({A: "1,o,5,0\n", B: "1,o,5,1\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [])
        self.assertEqual(counts(accounts[A]), {"inserted": 1})
        self.assertEqual(counts(accounts[B]), {"delete_matched": 1})

    def test_an_earlier_file_of_the_same_group_does_not(self):
        with facts({A: "1,o,5,1\n", B: "1,o,5,0\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(len(rows), 1)
        self.assertEqual(counts(accounts[A]), {"delete_unmatched": 1})

    def test_each_void_row_counts_for_itself(self):
        with facts({A: "1,o,5,0\n", C: "1,o,5,1\n1,o,6,1\n9,o,1,1\n9,o,1,1\n"}) as drop:
            _, accounts = drop.load()
        self.assertEqual(counts(accounts[C]), {"delete_matched": 2, "delete_unmatched": 2})

    def test_the_organization_belongs_to_the_match(self):
        with facts({A: "1,o,5,0\n1,p,6,0\n", C: "1,p,0,1\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(rows, [["1", "o", "5.00", "false", "POD1"]])
        self.assertEqual(counts(accounts[A]), {"inserted": 2})

    def test_no_organization_matches_no_organization_only(self):
        with facts({A: "1,,5,0\n1,o,6,0\n", C: "1,,5,1\n"}) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [["1", "o", "6.00", "false", "POD1"]])

    def test_a_table_without_organization_matches_by_key_alone(self):
        ddl = "create table bi_factsale (id INT, note VARCHAR(9), void BOOLEAN)"
        with facts({A: "1,x,0\n", C: "1,y,1\n"}, ddl=ddl) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [])

    def test_a_composite_key(self):
        with facts({A: "1,o,5,0\n1,o,6,0\n", C: "1,o,6.00,1\n"}, key=("id", "amount")) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [["1", "o", "5.00", "false", "POD1"]])

    def test_one_pod_leaves_the_rows_of_another_alone(self):
        with facts({A: "1,o,5,0\n", "POD2/3/bi_factsale/1/a.csv": "1,o,6,0\n", C: "1,o,5,1\n"}) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [["1", "o", "6.00", "false", "POD2"]])

    def test_shared_keys_match_over_pods(self):
        with facts({A: "1,o,5,0\n", "POD2/3/bi_factsale/1/a.csv": "1,o,6,1\n"}, shared_keys=True) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [])

    def test_a_key_that_is_there_already_stands_twice_and_is_counted(self):
        with facts({A: "1,o,5,0\n", C: "1,o,6,0\n2,o,1,0\n2,o,2,0\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(len(rows), 4)
        self.assertEqual(counts(accounts[C]), {"inserted": 3, "key_collisions": 2})

    def test_void_null_is_quarantined(self):
        with facts({A: "1,o,5,\n2,o,5,0\n3,o,5,\"\"\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual([r[0] for r in rows], ["2"])
        self.assertEqual([(q["line"], q["column"], q["kind"]) for q in accounts[A]["quarantine"]],
                         [(1, "void", "null_void"), (3, "void", "null_void")])

    def test_a_bad_marker_deletes_nothing(self):
        with facts({A: "1,o,5,0\n", C: "1,o,five,1\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(len(rows), 1)
        self.assertEqual(counts(accounts[C]), {"quarantined": 1})

    def test_isvoid_is_data(self):
        ddl = "create table bi_factsale (id INT, isvoid BOOLEAN, void BOOLEAN)"
        with facts({A: "1,1,0\n"}, ddl=ddl) as drop:
            rows, _ = drop.load()
        self.assertEqual(rows, [["1", "true", "false", "POD1"]])

    def test_groups_and_log_ids_go_by_number(self):
        with facts({"POD1/9/bi_factsale/10/a.csv": "1,o,2,1\n1,o,3,0\n", "POD1/9/bi_factsale/9/a.csv": "1,o,2,0\n",
                    "POD1/10/bi_factsale/1/a.csv": "1,o,3,1\n1,o,4,0\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual([r[2] for r in rows], ["4.00"])
        self.assertEqual(counts(accounts["POD1/9/bi_factsale/10/a.csv"]), {"delete_matched": 1, "inserted": 1})
        self.assertEqual(counts(accounts["POD1/10/bi_factsale/1/a.csv"]), {"delete_matched": 1, "inserted": 1})

    def test_upto_stops_at_a_group_of_each_pod(self):
        with facts({A: "1,o,5,0\n", C: "2,o,5,0\n", "POD2/3/bi_factsale/1/a.csv": "3,o,6,0\n"}) as drop:
            self.assertEqual(sorted(r[0] for r in drop.load(upto={"POD1": 7})[0]), ["1"])
            self.assertEqual(sorted(r[0] for r in drop.load(upto={"POD1": 8, "POD2": 3})[0]), ["1", "2", "3"])

    def test_the_membership_dimension_is_a_fact(self):
        ddl = FACT.replace("bi_factsale", "bi_dimusermembership")
        with facts({}, schemas={"SchemaFull/bi_dimusermembership.txt": ddl}) as drop:
            drop.keys = {"bi_dimusermembership": ["id"]}
            drop.put("POD1/7/bi_dimusermembership/1/a.csv", "1,o,5,0\n")
            drop.put("POD1/8/bi_dimusermembership/1/a.csv", "1,o,5,1\n")
            self.assertEqual(drop.load()[0], [])


class Exceptions(unittest.TestCase):
    def drop(self, files):
        drop = facts({}, schemas={"SchemaFull/bi_factfeedbackv2.txt": FACT.replace("bi_factsale", "bi_factfeedbackv2")})
        drop.keys = {"bi_factfeedbackv2": ["id"]}
        for path, text in files.items():
            drop.put(path.replace("bi_factsale", "bi_factfeedbackv2"), text)
        return drop

    def test_void_is_skipped_and_all_others_are_inserted(self):
        with self.drop({A: "1,o,5,0\n2,o,6,\n", C: "1,o,5,1\n1,o,5,0\n"}) as drop:
            rows, accounts = drop.load()
        self.assertEqual(sorted(r[0] for r in rows), ["1", "1", "2"])
        self.assertEqual(counts(accounts[C.replace("bi_factsale", "bi_factfeedbackv2")]),
                         {"skipped": 1, "inserted": 1, "key_collisions": 1})

    def test_the_pod_is_not_in_the_match(self):
        with self.drop({A: "1,o,5,0\n", "POD2/3/bi_factsale/1/a.csv": "1,o,5,0\n"}) as drop:
            _, accounts = drop.load()
        self.assertEqual(counts(accounts["POD2/3/bi_factfeedbackv2/1/a.csv"]), {"inserted": 1, "key_collisions": 1})


if __name__ == "__main__":
    unittest.main()
