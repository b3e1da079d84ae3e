"""The generator: same bytes, right manifest, and every peculiarity that README.md promises.

Run: python3 -m unittest discover -s examples/spa_group -p '*_test.py'
"""

import glob
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from generate import MOST_ROWS, TABLES  # noqa: E402
from spa.plan import changes_of  # noqa: E402
from spa.pods import TINY, LazyIds, Pod  # noqa: E402

ORACLE = os.path.join(HERE, "..", "..", "test", "oracle", "oracle.py")


def generate(out, *arguments, hash_seed="0"):
    subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), "--out", out, "--rows", "1000", *arguments],
                   check=True, capture_output=True, env=dict(os.environ, PYTHONHASHSEED=hash_seed))


def tree(root):
    """path -> (digest, modified time) of every file."""
    out = {}
    for folder, _, names in os.walk(root):
        for name in names:
            full = os.path.join(folder, name)
            with open(full, "rb") as source:
                digest = hashlib.sha256(source.read()).hexdigest()
            out[os.path.relpath(full, root)] = (digest, int(os.stat(full).st_mtime))
    return out


def keys():
    """The keys in the project's include file."""
    out = {}
    with open(os.path.join(HERE, "zenoti_tables.yml"), encoding="utf-8") as source:
        for line in source:
            match = re.match(r"\s+(\w+):\s+\{ key: \[(.*)\] \}", line)
            if match:
                out[match.group(1)] = match.group(2).split(", ")
    return out


class WithDrop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = os.path.join(cls.folder.name, "drop")
        manifest = os.path.join(cls.folder.name, "bad.jsonl")
        generate(cls.root, "--manifest", manifest)
        with open(manifest, encoding="utf-8") as source:
            cls.bad = [json.loads(line) for line in source]

    def other(self, *arguments, **more):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        generate(folder.name, *arguments, **more)
        return folder.name

    def data(self, pattern):
        """The bytes of the files that match, in the order of their paths."""
        paths = sorted(glob.glob(os.path.join(self.root, pattern)))
        self.assertTrue(paths, pattern)
        out = []
        for path in paths:
            with open(path, "rb") as source:
                out.append(source.read())
        return out


class Same(WithDrop):
    def test_same_arguments_same_bytes_and_times_whatever_the_hash_seed(self):
        self.assertEqual(tree(self.root), tree(self.other(hash_seed="4711")))

    def test_several_processes_write_the_same_bytes_and_tell_the_same(self):
        manifest = os.path.join(self.folder.name, "by_three.jsonl")
        self.assertEqual(tree(self.root), tree(self.other("--jobs", "3", "--manifest", manifest)))
        with open(manifest, encoding="utf-8") as source:
            self.assertEqual(self.bad, [json.loads(line) for line in source])

    def test_ids_that_are_not_kept_are_the_same(self):
        kept = Pod(1, 0, 1, 5000, TABLES).user_ids
        self.assertIsInstance(kept, list)
        self.assertEqual([LazyIds("user", 0, len(kept))[n] for n in (0, 7, len(kept) - 1)], [kept[0], kept[7], kept[-1]])
        self.assertIsInstance(Pod(1, 0, 1, MOST_ROWS, TABLES).user_ids, LazyIds)

    def test_plain_rows_never_meet_the_peculiar_ones(self):
        for table in TABLES:
            pod = Pod(1, 0, 1, MOST_ROWS, TABLES)
            last = changes_of(pod, table, TINY).new[-1]
            self.assertLess(last, 60_000_000, table.name)

    def test_another_seed_gives_other_rows(self):
        self.assertNotEqual(tree(self.root), tree(self.other("--seed", "2")))

    def test_phases_and_single_groups_make_the_same_files_as_all_at_once(self):
        phased = self.other("--phase", "tiny")
        generate(phased, "--phase", "first")
        generate(phased, "--phase", "next")
        self.assertEqual(tree(self.root), tree(phased))
        whole = tree(self.root)
        one = {p: f for p, f in tree(self.other("--groups", "POD2=101,POD1=9")).items() if p.startswith("POD")}
        self.assertEqual(one, {p: f for p, f in whole.items() if p.startswith(("POD2/101/", "POD1/9/"))})

    def test_gzip_holds_the_same_text_and_is_the_same_every_time(self):
        packed = self.other("--gzip", "--groups", "POD1=8")
        self.assertEqual(tree(packed), tree(self.other("--gzip", "--groups", "POD1=8")))
        for path in glob.glob(os.path.join(packed, "POD1/8/*/*/*")):
            plain = os.path.join(self.root, os.path.relpath(path, packed))[:-3]
            with gzip.open(path) as left, open(plain, "rb") as right:
                self.assertEqual(left.read(), right.read(), path)

    def test_later_groups_have_later_times(self):
        times = {path: time for path, (_, time) in tree(self.root).items()}
        last = {g: max(t for p, t in times.items() if p.startswith(f"POD1/{g}/")) for g in (7, 8, 9, 10, 12, 13, 15, 16)}
        self.assertEqual(sorted(last.values()), list(last.values()))
        self.assertLess(max(t for p, t in times.items() if p.startswith("SchemaFull")), min(last.values()))

    def test_late_is_one_file_more_in_a_group_of_before(self):
        late = self.other()
        generate(late, "--phase", "late")
        new = set(tree(late)) - set(tree(self.root))
        self.assertEqual(len(new), 1)
        self.assertTrue(new.pop().startswith("POD1/9/Bi_FactCollections/"))


class Manifest(WithDrop):
    def test_each_entry_points_to_the_first_byte_and_the_line_of_a_record(self):
        self.assertGreater(len(self.bad), 150)
        for entry in self.bad:
            (data,) = self.data(entry["path"])
            before = data[:entry["offset"]]
            self.assertTrue(before in (b"", b"\xef\xbb\xbf") or before.endswith(b"\n"), entry)
            self.assertEqual(before.count(b"\n") + 1, entry["line"], entry)

    def test_every_kind_occurs_and_no_file_has_more_than_it_may(self):
        self.assertEqual({e["kind"] for e in self.bad}, {
            "bad_integer", "bad_decimal", "bad_float", "bad_boolean", "bad_timestamp", "bad_date", "bad_utf8",
            "too_many_columns", "too_few_columns", "null_key", "null_void"})
        paths = [e["path"] for e in self.bad]
        self.assertLess(max(paths.count(p) for p in paths), 1000)

    def test_the_oracle_finds_exactly_the_same(self):
        for arguments in ([], ["--gzip", "--seed", "5"]):
            with tempfile.TemporaryDirectory() as folder:
                manifest, options = os.path.join(folder, "bad.jsonl"), os.path.join(folder, "keys.json")
                drop, out = os.path.join(folder, "drop"), os.path.join(folder, "out")
                generate(drop, "--manifest", manifest, *arguments)
                with open(options, "w", encoding="utf-8") as target:
                    json.dump(keys(), target)
                subprocess.run([sys.executable, ORACLE, "--drop", drop, "--keys", options, "--out", out],
                               check=True, capture_output=True)
                with open(manifest, encoding="utf-8") as source:
                    expected = sorted(map(repr, map(json.loads, source)))
                with open(os.path.join(out, "files.jsonl"), encoding="utf-8") as source:
                    accounts = [json.loads(line) for line in source]
                found = sorted(repr({"column": q["column"], "kind": q["kind"], "line": q["line"],
                                     "offset": q["offset"], "path": a["path"]}) for a in accounts
                               for q in a["quarantine"])
                self.assertEqual(found, expected)
                self.assertEqual([a["path"] for a in accounts if a["held"]], [])
                with open(os.path.join(out, "tables.json"), encoding="utf-8") as source:
                    summary = json.load(source)
                self.assertEqual((summary["without_key"], summary["without_schema"]), ([], []))


class Peculiarities(WithDrop):
    def folders(self, pod, group):
        return {name.lower().removesuffix("_s3") for name in os.listdir(os.path.join(self.root, pod, str(group)))}

    def test_group_numbers_have_gaps_and_cross_powers_of_ten(self):
        for pod, groups in (("POD1", [7, 8, 9, 10, 12, 13, 15, 16]), ("POD2", [96, 97, 99, 100, 101, 103, 104])):
            self.assertEqual(sorted(map(int, os.listdir(os.path.join(self.root, pod)))), groups)

    def test_every_table_of_the_project_has_a_schema_and_a_first_load_in_each_pod(self):
        self.assertEqual(len(keys()), 22)
        for pod, group in (("POD1", 7), ("POD2", 96)):
            self.assertEqual(self.folders(pod, group), set(keys()))
        schemas = {n.lower()[:-4].removesuffix("_s3") for n in os.listdir(os.path.join(self.root, "SchemaFull"))}
        self.assertEqual(schemas, set(keys()))

    def test_tables_are_missing_in_some_groups(self):
        self.assertNotIn("bi_dimloyaltypointprograms", self.folders("POD1", 9))
        self.assertNotIn("bi_factgiftcardredemption", self.folders("POD2", 100))

    def test_an_empty_file_and_one_with_a_header_alone(self):
        self.assertEqual([len(d) for d in self.data("POD1/8/Bi_FactCollections/*/*")].count(0), 1)
        self.assertEqual([d.count(b"\n") for d in self.data("POD2/99/bi_dimitems/*/*")].count(1), 1)

    def test_byte_order_marks_line_ends_and_files_without_the_last(self):
        everything = self.data("POD*/*/*/*/*.csv")
        self.assertEqual(sum(d.startswith(b"\xef\xbb\xbf") for d in everything), 2)
        self.assertTrue(any(d.endswith(b"\r\n") for d in everything))
        self.assertTrue(any(d.endswith(b"\n") and b"\r\n" not in d for d in everything))
        self.assertTrue(any(d and not d.endswith(b"\n") for d in everything))

    def test_log_ids_cross_powers_of_ten_within_a_group(self):
        self.assertEqual(sorted(os.listdir(os.path.join(self.root, "POD1/8/Bi_FactForms"))), ["100", "99"])
        self.assertEqual(sorted(os.listdir(os.path.join(self.root, "POD1/7/Bi_FactForms"))), ["10", "8", "9"])

    def test_the_upgrade_widens_the_appointments_twice(self):
        widths = {}
        for group in (9, 10, 13):
            found = set()
            for data in self.data(f"POD1/{group}/Bi_FactAppointment/*/*"):
                found.add(data.split(b"\n")[0].count(b",") + 1)
            widths[group] = max(found)
        self.assertEqual(widths, {9: 17, 10: 18, 13: 19})

    def test_the_tiny_group_has_two_forms(self):
        (data,) = self.data("POD1/16/Bi_FactForms/*/*")
        self.assertLessEqual(data.count(b"POD1"), 2)

    def test_decimals_beyond_64_bits(self):
        self.assertTrue(any(b",92233720408" in d for d in self.data("POD1/7/Bi_FactForms/*/*")))


if __name__ == "__main__":
    unittest.main()
