"""From blocks of row numbers to lines of CSV."""

from dataclasses import dataclass, field

CHUNK = 20_000  # rows made at a time: bounds the memory, whatever --rows says


@dataclass
class Block:
    """Rows of one table that share a version and a void marker.

    put overwrites columns by (lower-case) name; void is a pool of spellings or None where the
    column void is made like any other.
    """
    ks: object
    version: int = 0
    void: list = None
    put: dict = field(default_factory=dict)

    def slices(self):
        for start in range(0, len(self.ks), CHUNK):
            yield Block(self.ks[start:start + CHUNK], self.version, self.void, self.put)


def fields_of(pod, block, columns):
    """One list of CSV-ready values per column."""
    out = []
    for column in columns:
        name = column.name.lower()
        if name in block.put:
            out.append([block.put[name]] * len(block.ks))
        elif name == "void" and block.void is not None:
            pool, size = block.void, len(block.void)
            out.append([pool[(k * 31 + 7) % size] for k in block.ks])
        else:
            out.append(column.make(pod, block.ks, block.version))
    return out


def lines_of(pod, block, columns):
    """The rows of the block, without line ends."""
    return list(map(",".join, zip(*fields_of(pod, block, columns))))


def fields_of_one(pod, k, columns, version=0, void=None, put=None):
    """The fields of one row, to be spoilt or twisted."""
    return [values[0] for values in fields_of(pod, Block([k], version, void, put or {}), columns)]
