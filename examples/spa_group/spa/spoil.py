"""Records that must end in quarantine, of every kind, made from good ones."""

from .rows import fields_of_one
from .writer import Bad

SPOILT = 90_000_000  # row numbers of bad rows: their keys are nobody else's

# What does not fit a type, though a lax reader takes it or makes something else of it.
WRONG = {
    "INT": ["12.7", "12.0", " 42", "2147483648", "1e3", "0x1A", "1_000", "-2147483649", "twelve", "4 "],
    "BIGINT": ["9223372036854775808", "1.5", "12,5", "abc"],
    "DECIMAL(19,0)": ["12.5", "10000000000000000000", "1e5", "ABC123", "--1", "1 000"],
    "DECIMAL(19,4)": ["12.34567", "$12.50", "1e2", "1234567890123456", "12,5", " 3.5"],
    "FLOAT": ["NaN", "infinity", "0x1p3", "1_0.5", "1,5", "1e999", "7 "],
    "BOOLEAN": ["maybe", "2", "yes", "N", " 1", "01"],
    "TIMESTAMP": ["2023-13-45", "2023-02-29 10:00:00", "2023-02-30", "2024-01-01 25:00:00", "01/02/2023",
                  "2023-05-01T10:00:00Z", "2023-05-01 10:00:00+02", "epoch", "2023-05-01 10:00:00.1234567",
                  "2023-5-1", "20230501", " 2023-05-01"],
    "DATE": ["2023-02-30", "2023-13-01", "01.05.2023", "2023-5-1", "yesterday"],
}
KINDS = {"INT": "bad_integer", "BIGINT": "bad_integer", "DECIMAL(19,0)": "bad_decimal",
         "DECIMAL(19,4)": "bad_decimal", "FLOAT": "bad_float", "BOOLEAN": "bad_boolean",
         "TIMESTAMP": "bad_timestamp", "DATE": "bad_date"}


def _quoted(text):
    return f'"{text}"' if "," in text else text


class Spoiler:
    """Makes the n-th bad record of a file; n also picks the column and the wrong value."""

    def __init__(self, pod, table, columns, start):
        self.pod, self.table, self.columns, self.n = pod, table, columns, start
        self.names = [c.name.lower() for c in columns]

    def _good(self, void="0"):
        self.n += 1
        pool = [void] if self.table.kind != "dim" else None
        return fields_of_one(self.pod, SPOILT + self.n, self.columns, void=pool)

    def wrong_value(self, sql_type, value=None, void="0"):
        """A value that does not fit, in one of the columns of that type (never key or void)."""
        fields = self._good(void)
        spare = [i for i, c in enumerate(self.columns) if c.type == sql_type
                 and self.names[i] not in self.table.key and self.names[i] != "void"]
        at = spare[self.n % len(spare)]
        fields[at] = _quoted(value or WRONG[sql_type][self.n % len(WRONG[sql_type])])
        return Bad(fields, self.names[at], KINDS[sql_type])

    def wrong_key(self, value):
        fields = self._good()
        at = self.names.index(self.table.key[0])
        fields[at] = value
        return Bad(fields, self.names[at], KINDS[self.columns[at].type])

    def wrong_void(self):
        fields = self._good()
        fields[self.names.index("void")] = "deleted"
        return Bad(fields, "void", "bad_boolean")

    def two_wrong_values(self):
        """One record, two faults: it is one row in quarantine, the first column is named."""
        bad = self.wrong_value("TIMESTAMP", "2023-13-45")
        at = max(i for i, c in enumerate(self.columns) if c.type == "BOOLEAN" and self.names[i] != "void")
        bad.fields[at] = "perhaps"
        return bad

    def marker(self, k):
        """A delete marker of a key that is there, with a bad value: nothing is deleted."""
        fields = fields_of_one(self.pod, k, self.columns, void=["1"])
        at = next(i for i, c in enumerate(self.columns) if c.type == "TIMESTAMP")
        fields[at] = "2023-13-45"
        return Bad(fields, self.names[at], "bad_timestamp")

    def null_key(self, quoted=False):
        fields = self._good()
        at = self.names.index(self.table.key[0])
        fields[at] = '""' if quoted else ""
        return Bad(fields, self.names[at], "null_key")

    def null_void(self):
        return Bad(self._good(void=""), "void", "null_void")

    def too_many(self):
        return Bad(self._good(), None, "too_many_columns", more=1)

    def too_few(self):
        return Bad(self._good(), None, "too_few_columns", more=-1)

    def not_utf8(self):
        fields = self._good()
        at = next(i for i, c in enumerate(self.columns) if "CHAR" in c.type and c.type != "VARCHAR(36)"
                  and self.names[i] not in self.table.key)
        fields[at] = "Jos\udce9"  # latin-1
        return Bad(fields, self.names[at], "bad_utf8")

    def all_wrong_values(self):
        """Every wrong value of every type that the table has."""
        out = []
        for sql_type in dict.fromkeys(c.type for c in self.columns):
            if sql_type in WRONG and any(c.type == sql_type and self.names[i] not in self.table.key
                                         and self.names[i] != "void" for i, c in enumerate(self.columns)):
                out += [self.wrong_value(sql_type, value) for value in WRONG[sql_type]]
        return out
