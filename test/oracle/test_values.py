"""Values: what fits a type, what it becomes, what does not fit."""

import unittest

from small_drop import dims
from values import Misfit, parser_of


class Values(unittest.TestCase):
    def fits(self, sql_type, pairs):
        parse = parser_of(sql_type)
        for text, value in pairs.items():
            self.assertEqual(parse(text), value, text)

    def misfits(self, sql_type, kind, texts):
        parse = parser_of(sql_type)
        for text in texts:
            with self.assertRaises(Misfit, msg=f"{text!r} as {sql_type}") as caught:
                parse(text)
            self.assertEqual(caught.exception.args[0], kind)

    def test_integers_are_exact_and_in_range(self):
        self.fits("INT", {"7": "7", "+7": "7", "-0": "0", "007": "7", "-2147483648": "-2147483648"})
        self.misfits("INT", "bad_integer", ["12.0", "12.7", "1e3", " 1", "1 ", "2147483648", "0x1A", "1_000",
                                             "١", "+"])
        self.fits("BIGINT", {"9223372036854775807": "9223372036854775807"})
        self.misfits("BIGINT", "bad_integer", ["9223372036854775808"])

    def test_decimals_are_never_rounded(self):
        self.fits("DECIMAL(19,0)", {"9223372036854775808": "9223372036854775808", "5.000": "5",
                                    "9999999999999999999": "9999999999999999999", "000012": "12", "-0": "0"})
        self.misfits("DECIMAL(19,0)", "bad_decimal", ["10000000000000000000", "1.5", "1e5", "", ".", "-", "1 0", "NaN",
                                                       "5."])
        self.fits("DECIMAL(5,2)", {".5": "0.50", "-1.2": "-1.20", "+123.4500": "123.45", "-0.00": "0.00"})
        self.misfits("DECIMAL(5,2)", "bad_decimal", ["1234", "1.005", "1,5"])

    def test_doubles_keep_their_value(self):
        self.fits("FLOAT", {"1e3": "1000.0", "0.1": "0.1", ".5": "0.5", "0e-999": "0.0", "0.30000000000000004":
                            "0.30000000000000004", "5e-324": "5e-324", "1E+22": "1e+22", "+1": "1.0", "100": "100.0"})
        self.misfits("FLOAT", "bad_float", ["nan", "inf", "-Infinity", "0x1p3", "1e999", "1e-999", "1_0", " 1", "e5", ".", "3."])

    def test_booleans_in_all_spellings(self):
        self.fits("BOOLEAN", dict.fromkeys(["1", "true", "TRUE", "t", "T", "True"], "true"))
        self.fits("BOOLEAN", dict.fromkeys(["0", "false", "FALSE", "f", "F"], "false"))
        self.misfits("BOOLEAN", "bad_boolean", ["yes", "no", "2", "y", " 1", "01", "tru"])

    def test_timestamps(self):
        self.fits("TIMESTAMP", {
            "2023-05-01": "2023-05-01 00:00:00", "2023-05-01T10:20": "2023-05-01 10:20:00",
            "2023-05-01 10:20:30": "2023-05-01 10:20:30", "2023-05-01 10:20:30.5": "2023-05-01 10:20:30.5",
            "2023-05-01 10:20:30.123456000": "2023-05-01 10:20:30.123456", "2024-02-29": "2024-02-29 00:00:00",
            "2023-05-01 10:20:30.000": "2023-05-01 10:20:30", "9999-12-31T23:59:59": "9999-12-31 23:59:59"})
        self.misfits("TIMESTAMP", "bad_timestamp", [
            "2023-13-45", "2023-02-29", "2023-05-01 24:00:00", "2023-05-01 10:20:60", "2023-05-01 10:20:30.1234567",
            "2023-05-01T10:20:30Z", "2023-05-01 10:20:30+02", "2023-5-1", "01/02/2023", "epoch", "infinity",
            " 2023-05-01", "2023-05-01 ", "2023-05-01  10:20", "2023-05-01 10", "2023-05-01 10:20:30.", "0000-01-01"])

    def test_dates(self):
        self.fits("DATE", {"2023-05-01": "2023-05-01"})
        self.misfits("DATE", "bad_date", ["2023-02-30", "2023-05-01 00:00:00", "20230501", "01.05.2023"])

    def test_text_takes_anything(self):
        self.fits("VARCHAR(MAX)", {" x ": " x ", "NULL": "NULL", "👍🏽": "👍🏽"})

    def test_an_unknown_type_is_an_error(self):
        with self.assertRaises(ValueError):
            parser_of("SUPER")

    def test_neighbours_beyond_64_bits_are_different_keys(self):
        ddl = "create table bi_dimguest (id DECIMAL(19,0))"
        with dims({"POD1/1/bi_dimguest/1/a.csv": "9223372036854775808\n9223372036854775809\n"}, ddl=ddl) as drop:
            self.assertEqual(len(drop.load()[0]), 2)


if __name__ == "__main__":
    unittest.main()
