"""Files of other projects' tests, each through `sluice run`: what is loaded and what is in quarantine, row by row.

The files are not part of the repository: SLUICE_SHARED names the folder that holds data/csv; without it ../shared
beside the repository is meant. The lists below were written by hand, from looking at the files.
"""

import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path

from sluice_program import ROOT, Sluice

FOLDER = Path(os.environ.get("SLUICE_SHARED", ROOT.parent / "shared")) / "data" / "csv"

FEW, MANY = ("", "too few columns"), ("", "too many columns")
LONG = ("", "the record is too long")
QUOTE = ("", "text after a closing quote")
OPEN = ("", "a quote is never closed")


def whole(column):
    return (column, "expected a whole number between -2147483648 and 2147483647")


def date(column, how="a date such as 2024-01-31"):
    return (column, "expected " + how)


class Sample:
    """`bad` is line -> (column, beginning of the reason)."""

    def __init__(self, path, columns, loaded, bad=None, csv="{ header: true }"):
        self.path = path
        self.table = "".join(c if c.isalnum() else "_" for c in path).lower()
        self.columns = columns
        self.loaded = loaded
        self.bad = bad or {}
        self.csv = csv

    def yaml(self):
        columns = json.dumps(self.columns, ensure_ascii=False)
        # The pattern is this one file.
        return f"      {self.table}: {{ pattern: {json.dumps(self.path)}, csv: {self.csv}, columns: {columns} }}\n"


TEXT2 = {"a": "VARCHAR", "b": "VARCHAR"}
FOUR = {name: "INTEGER" for name in "abcd"}
PERSON = {"name": "VARCHAR", "age": "INTEGER", "current_day": "VARCHAR", "barks": "VARCHAR"}
NUM_STR = {"num": "INTEGER", "str": "VARCHAR"}
COL12 = {"col1": "INTEGER", "col2": "VARCHAR"}
REJECTS = "duckdb-rejects/"
MULTIPLE = REJECTS + "multiple_errors/"
ERRORS = "duckdb-error/"
ENCODINGS = "duckdb-encodings/"
PARSER = "csv-parser/"
NO_HEADER = "{ header: false }"

SAMPLES = [
    Sample(REJECTS + "dr_who.csv",
           {"date": "DATE", "datetime": "TIMESTAMP", "time": "VARCHAR", "timestamp": "TIMESTAMP",
            "time_tz": "VARCHAR"}, 0, {2: date("date", "a date")}),
    # A comma before the fraction; the last line but one has a point too.
    Sample(REJECTS + "flush.csv", {"number": "DOUBLE"}, 4,
           {2: ("number", "expected a number"), 6: ("number", "expected a number"),
            7: ("number", "expected a number")}, "{ header: true, decimal: comma }"),
    Sample(REJECTS + "frankstein/nightmare.csv", {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, 42,
           {10: FEW, 14: MANY, 19: whole("b"), 22: QUOTE, 38: ("c", "not valid UTF-8")}),
    Sample(REJECTS + "incorrect_columns/few_columns.csv", FOUR, 2768,
           {1814: FEW, 1823: FEW, 2378: FEW, 2762: FEW}),
    Sample(REJECTS + "incorrect_columns/many_columns.csv", FOUR, 2768,
           {1096: MANY, 1159: MANY, 1206: MANY, 2769: MANY}),
    Sample(REJECTS + "incorrect_columns/mix_columns.csv", FOUR, 2768,
           {1604: FEW, 1671: MANY, 2751: FEW, 2768: MANY}),
    Sample(REJECTS + "incorrect_columns/small_mix.csv", FOUR, 2, {3: MANY, 4: FEW}),
    Sample(REJECTS + "maximum_line/max_10.csv", {"a": "VARCHAR", "b": "INTEGER"}, 6, {5: LONG},
           "{ header: true, max_row: 16 }"),
    Sample(REJECTS + "maximum_line/over_vector.csv", {"a": "VARCHAR", "b": "INTEGER"}, 2922,
           {2282: LONG, 2591: LONG, 2923: LONG}, "{ header: true, max_row: 20 }"),
    Sample(REJECTS + "unquoted/basic.csv", {"a": "VARCHAR", "b": "INTEGER"}, 6, {5: QUOTE}),
    Sample(REJECTS + "unquoted/unquoted_last_value.csv", {"a": "VARCHAR"}, 4, {5: OPEN}, NO_HEADER),
    # The quote that line 5 opens is closed at the beginning of line 6.
    Sample(REJECTS + "unquoted/unquoted_new_line.csv", {"a": "VARCHAR", "b": "INTEGER"}, 6, {5: QUOTE}),
    Sample(MULTIPLE + "cast_and_less_col.csv", PERSON, 2, {4: FEW, 5: FEW}),
    Sample(MULTIPLE + "cast_and_maxline.csv", PERSON, 2, {4: LONG}, "{ header: true, max_row: 40 }"),
    Sample(MULTIPLE + "cast_and_more_col.csv", PERSON, 2, {4: MANY, 5: MANY}),
    Sample(MULTIPLE + "invalid_utf_cast.csv", PERSON, 1, {3: ("name", "not valid UTF-8")}),
    Sample(MULTIPLE + "invalid_utf_less.csv", PERSON, 1, {3: FEW}),
    Sample(MULTIPLE + "invalid_utf_max_line.csv", PERSON, 1, {3: LONG}, "{ header: true, max_row: 40 }"),
    Sample(MULTIPLE + "invalid_utf_more.csv", PERSON, 1, {3: MANY}),
    Sample(MULTIPLE + "invalid_utf_unquoted.csv",
           {"name": "VARCHAR", "last_name": "VARCHAR", "age": "INTEGER", "current_day": "VARCHAR",
            "barks": "VARCHAR"}, 1, {3: QUOTE}),
    Sample(MULTIPLE + "less_col_and_max_line.csv", PERSON, 2, {4: LONG}, "{ header: true, max_row: 40 }"),
    Sample(MULTIPLE + "more_col_and_max_line.csv", PERSON, 2, {4: LONG}, "{ header: true, max_row: 40 }"),
    Sample(MULTIPLE + "multiple_cast_implicit.csv", PERSON, 2, {4: whole("age")}),
    # The dates have a blank before them, which belongs to the value.
    Sample(MULTIPLE + "multiple_casts_flush.csv",
           {"name": "VARCHAR", "age": "INTEGER", "current_day": "VARCHAR", "tomorrow": "DATE"}, 0,
           {2: date("tomorrow", "a date"), 3: date("tomorrow", "a date"), 4: date("tomorrow", "a date")}),
    Sample(MULTIPLE + "multiple_casts_mixed.csv", {**PERSON, "current_day": "DATE"}, 0,
           {line: date("current_day", "a date") for line in (2, 3, 4)}),
    Sample(MULTIPLE + "multiple_errors.csv", PERSON, 2,
           {4: MANY, 5: MANY, 6: QUOTE, 7: FEW, 8: LONG}, "{ header: true, max_row: 45 }"),
    Sample(MULTIPLE + "unquoted_cast.csv", PERSON, 2, {3: QUOTE}),
    Sample(MULTIPLE + "unquoted_less.csv", PERSON, 2, {3: QUOTE}),
    Sample(MULTIPLE + "unquoted_maxline.csv", PERSON, 2, {3: QUOTE}, "{ header: true, max_row: 40 }"),
    Sample(MULTIPLE + "unquoted_more.csv", PERSON, 2, {3: QUOTE}),
    Sample(ERRORS + "banklist.csv",
           {"bank": "VARCHAR", "city": "VARCHAR", "state": "VARCHAR", "cert": "INTEGER",
            "acquirer": "VARCHAR", "closed": "VARCHAR", "fund": "INTEGER"}, 568, {},
           "{ header: false, skip_lines: 1, encoding: windows-1252 }"),
    Sample(ERRORS + "csv_error.csv", {"a": "INTEGER", "b": "VARCHAR"}, 3101, {3002: whole("a")},
           "{ header: false, quote: \"'\" }"),
    Sample(ERRORS + "date.csv", {"a": "DATE", "b": "VARCHAR"}, 3101, {3002: date("a", "a date")},
           "{ header: false, quote: \"'\" }"),
    Sample(ERRORS + "time.csv", {"a": "VARCHAR", "b": "VARCHAR"}, 3102, {}, "{ header: false, quote: \"'\" }"),
    Sample(ERRORS + "timestamp.csv", {"a": "TIMESTAMP", "b": "VARCHAR"}, 3101, {3002: ("a", "expected a ")},
           "{ header: false, quote: \"'\" }"),
    Sample(ERRORS + "flush_cast.csv", {"a": "DATE", "b": "VARCHAR"}, 2811,
           {439: date("a", "a date as day, month, year"), 2813: date("a", "a date as day, month, year")},
           "{ header: true, date_format: dmy }"),
    # Of its four lines two have one comma.
    Sample(ERRORS + "json.csv", {"a": "VARCHAR", "b": "VARCHAR"}, 2, {2: FEW, 4: MANY},
           "{ header: false, quote: none }"),
    Sample(ERRORS + "mid_null.csv", {"a": "INTEGER", "b": "INTEGER", "c": "INTEGER"}, 2, {3: MANY},
           '{ header: true, delimiter: ";" }'),
    Sample(ERRORS + "mixedtypes.csv", {"i": "INTEGER", "world": "VARCHAR"}, 13300,
           {line: whole("i") for line in range(10002, 13402, 34)}, "{ header: false, skip_lines: 1 }"),
    Sample(ERRORS + "mixedtypes_rn.csv", {"i": "INTEGER", "world": "VARCHAR"}, 13300,
           {line: whole("i") for line in range(10002, 13402, 34)}, "{ header: false, skip_lines: 1 }"),
    Sample(ERRORS + "quotednewlines.csv", {"i": "INTEGER", "world": "VARCHAR"}, 10100, {},
           "{ header: false, skip_lines: 1 }"),
    Sample(ERRORS + "date_multiple_file/0.csv", {"date": "DATE"}, 1, {}, "{ header: true, date_format: ymd }"),
    Sample(ERRORS + "date_multiple_file/1.csv", {"date": "DATE"}, 0, {2: date("date", "a date")},
           "{ header: true, date_format: ymd }"),
    Sample(ERRORS + "mismatch/bad.csv", {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, 2,
           {2: whole("b")}, NO_HEADER),
    Sample(ERRORS + "mismatch/bad2.csv", {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, 2,
           {3: whole("a")}, NO_HEADER),
    Sample(ERRORS + "mismatch/big_bad.csv", {"a": "INTEGER", "b": "VARCHAR"}, 4270,
           {2176: whole("a"), 4176: whole("a")}, NO_HEADER),
    Sample(ERRORS + "mismatch/big_bad2.csv", {"a": "INTEGER", "b": "VARCHAR"}, 6774,
           {3680: whole("a"), 5680: whole("a")}, NO_HEADER),
    Sample(ERRORS + "mismatch/example.tsv",
           {"name": "VARCHAR", "a": "INTEGER", "b": "INTEGER", "c": "INTEGER"}, 2, {2: whole("c")},
           "{ header: false, delimiter: tab }"),
    Sample(ERRORS + "mismatch/half1.csv", NUM_STR, 2464, {line: whole("num") for line in range(2466, 3490)}),
    Sample(ERRORS + "mismatch/half2.csv", NUM_STR, 2542, {line: whole("num") for line in range(2544, 5616)}),
    Sample(ERRORS + "mismatch/part1.csv", COL12, 5230, {3137: whole("col1"), 5137: whole("col1")}),
    Sample(ERRORS + "mismatch/part2.csv", COL12, 5418, {2325: whole("col1"), 4325: whole("col1")}),
    Sample(ERRORS + "mismatch/part3.csv", COL12, 4151, {2058: whole("col1"), 4058: whole("col1")}),
    Sample(ERRORS + "mismatch/small1.csv", COL12, 3, {3: whole("col1"), 6: whole("col1")}),
    Sample(ERRORS + "mismatch/small2.csv", COL12, 2, {3: whole("col1"), 5: whole("col1")}),
    Sample(ENCODINGS + "latin1.csv", {"name": "VARCHAR", "age": "INTEGER"}, 12, {},
           "{ header: true, encoding: latin1 }"),
    Sample(ENCODINGS + "latin1.csv.gz", {"name": "VARCHAR", "age": "INTEGER"}, 12, {},
           "{ header: true, encoding: latin1 }"),
    Sample(ENCODINGS + "only_latin1.csv", TEXT2, 6, {}, "{ header: false, encoding: latin1 }"),
    Sample(ENCODINGS + "only_utf16.csv", TEXT2, 6, {}, NO_HEADER),
    Sample(ENCODINGS + "utf16.csv", {"name": "VARCHAR", "age": "INTEGER"}, 20, {}),
    Sample(ENCODINGS + "utf16.csv.gz", {"name": "VARCHAR", "age": "INTEGER"}, 20, {}),
    Sample(ENCODINGS + "shift_jis.csv", {"name": "VARCHAR", "age": "INTEGER"}, 20, {},
           "{ header: false, skip_lines: 1, encoding: shift_jis }"),
    Sample(PARSER + "backtick.csv", {"pokemon_id": "INTEGER", "p_desc": "VARCHAR"}, 2, {},
           '{ header: true, delimiter: "`" }'),
    Sample(PARSER + "bad-data.csv", {name: "VARCHAR" for name in "abc"}, 4, {}, NO_HEADER),
    Sample(PARSER + "bench/latin.csv", {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, 2, {},
           "{ header: true, encoding: latin1 }"),
    Sample(PARSER + "bench/mac-newlines.csv", {name: "VARCHAR" for name in "abc"}, 2, {}),
    Sample(PARSER + "bench/utf16.csv", {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, 2, {}),
    Sample(PARSER + "bench/utf16-big.csv", {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, 2, {}),
    Sample(PARSER + "comment.csv", {name: "INTEGER" for name in "abc"}, 1, {},
           '{ header: true, comment: "#" }'),
    Sample(PARSER + "option-comment.csv", {name: "INTEGER" for name in "abc"}, 1, {},
           '{ header: true, comment: "~" }'),
    Sample(PARSER + "escape-quotes.csv", {"a": "INTEGER", "b": "VARCHAR"}, 3, {}),
    Sample(PARSER + "option-escape.csv", {"a": "INTEGER", "b": "VARCHAR", "c": "INTEGER"}, 3, {},
           '{ header: true, escape: "\\\\" }'),
    Sample(PARSER + "option-quote.csv", {"a": "INTEGER", "b": "VARCHAR", "c": "INTEGER"}, 2, {},
           "{ header: true, quote: \"'\" }"),
    Sample(PARSER + "option-quote-escape.csv", {"a": "INTEGER", "b": "VARCHAR", "c": "INTEGER"}, 3, {},
           "{ header: true, quote: \"'\", escape: \"\\\\\" }"),
    Sample(PARSER + "option-quote-many.csv", {"a": "INTEGER", "b": "VARCHAR", "c": "INTEGER"}, 3, {},
           "{ header: true, quote: \"'\" }"),
    Sample(PARSER + "geojson.csv",
           {"id": "INTEGER", "prop0": "VARCHAR", "prop1": "VARCHAR", "geojson": "VARCHAR"}, 3, {}),
    Sample(PARSER + "strict+skipLines.csv", {"h1": "INTEGER", "h2": "INTEGER", "h3": "INTEGER"}, 3, {},
           "{ header: true, skip_lines: 1 }"),
    Sample(PARSER + "strict.csv", {name: "INTEGER" for name in "abc"}, 2, {4: MANY}),
    Sample(PARSER + "strict-false-less-columns.csv", {name: "INTEGER" for name in "abc"}, 3, {},
           "{ header: true, short_rows: pad }"),
    Sample(PARSER + "strict-false-more-columns.csv", {name: "INTEGER" for name in "abc"}, 3, {},
           "{ header: true, long_rows: cut }"),
    Sample(PARSER + "no-headers.csv", {name: "VARCHAR" for name in "abc"}, 3, {4: MANY}, NO_HEADER),
]


def spectrum():
    for path in sorted((FOLDER / "csv-spectrum-json").glob("*.json")):
        rows = json.loads(path.read_text())
        yield Sample(f"csv-spectrum/{path.stem}.csv", {name: "VARCHAR" for name in rows[0]}, len(rows)), rows


@unittest.skipIf(
    not FOLDER.exists() and "CI" not in os.environ, f"no sample files in {FOLDER}; SLUICE_SHARED names the folder"
)
class CsvSamples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="sluice-samples-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.spectrum = list(spectrum())
        samples = SAMPLES + [sample for sample, _ in cls.spectrum]
        project = (
            f"project: samples\nconnections:\n  samples: {{ type: file, path: {json.dumps(str(FOLDER))} }}\n"
            "ingests:\n  samples:\n    from: samples\n    layout: files\n"
            "    bad_rows: { percent: 100%, always_allowed: 100000 }\n    tables:\n"
            + "".join(sample.yaml() for sample in samples)
        )
        (Path(cls.folder) / "sluice.yml").write_text(project)
        cls.sluice = Sluice(cls.folder)
        # Two files have no usable row: they are held, and taken as they are (exit code 3: holds).
        cls.sluice.call("run", codes=(0, 3))
        for hold in cls.sluice.column("SELECT hold_id FROM _sluice.holds WHERE state = 'open'"):
            cls.sluice.call("gate", "accept", str(hold), "--reason", "as it is")
        cls.sluice.call("run")

    def test_rows_and_quarantine_are_as_listed(self):
        found = {}
        for table, line, column, reason in self.sluice.rows(
            "SELECT table_name, line, coalesce(column_name, ''), reason FROM _sluice.quarantine"
        ):
            found.setdefault(table, {})[line] = (column, reason)
        for sample in SAMPLES:
            with self.subTest(sample.path):
                self.assertEqual(self.sluice.column(f"SELECT count(*) FROM {sample.table}"), [sample.loaded])
                bad = found.get(sample.table, {})
                self.assertEqual(sorted(bad), sorted(sample.bad))
                for line, (column, reason) in sample.bad.items():
                    self.assertEqual(bad[line][0], column, f"line {line}: {bad[line]}")
                    self.assertTrue(bad[line][1].startswith(reason), f"line {line}: {bad[line]}")

    def test_csv_spectrum_comes_out_cell_for_cell(self):
        self.assertEqual(len(self.spectrum), 11)
        for sample, rows in self.spectrum:
            with self.subTest(sample.path):
                names = ", ".join(f'"{name}"' for name in rows[0])
                got = self.sluice.rows(f"SELECT {names} FROM {sample.table} ORDER BY rowid")
                self.assertEqual(got, [list(row.values()) for row in rows])

    def test_text_comes_out_whatever_it_was_written_in(self):
        for table, expected in {
            "duckdb_encodings_latin1_csv": ["José Álvarez", "Müller", "François Dupont"],
            "duckdb_encodings_latin1_csv_gz": ["José Álvarez", "Müller", "François Dupont"],
            "duckdb_encodings_utf16_csv": ["José Álvarez", "Müller", "François Dupont"],
        }.items():
            with self.subTest(table):
                self.assertEqual(
                    self.sluice.column(f"SELECT name FROM {table} ORDER BY rowid LIMIT 3"), expected
                )
        self.assertEqual(
            self.sluice.column("SELECT b FROM csv_parser_option_escape_csv ORDER BY a"),
            ['some "escaped" value', '""', "6"],
        )
        self.assertEqual(
            self.sluice.column("SELECT b FROM csv_parser_option_quote_many_csv ORDER BY a"),
            ["some 'escaped' value", "''", "6"],
        )


if __name__ == "__main__":
    unittest.main()
