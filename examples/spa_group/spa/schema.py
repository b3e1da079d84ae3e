"""The schema files: Redshift DDL as the vendor writes it, a little different in each."""

import os

from .columns import crc


def create_table(table, columns):
    name, style = table.ddl_name, crc(table.name) % 4
    if style == 1:
        lead, gap, end = f"CREATE TABLE IF NOT EXISTS {name} (\n", "    ", ",\n"
        body = end.join(f"{gap}{c.name} {c.type}" for c in columns)
    elif style == 2:
        lead = f"-- {table.name}\ncreate table {name}\n(\n"
        body = ",\n".join(f"\t{c.name}\t{c.type.lower()}" for c in columns)
    else:
        lead = f"create table {name} ( \n"
        body = "\n".join(f"      {',' if i else ' '}{c.name} {c.type}" for i, c in enumerate(columns))
    return f"{lead}{body}\n) \n{table.tail}\n;\n"


def add_columns(table, columns):
    return "".join(f"ALTER TABLE {table.ddl_name} ADD COLUMN {c.name} {c.type};\n" for c in columns)


def _write(root, path, text, time):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8", newline="") as out:
        out.write(text.replace("\n", "\r\n") if crc(path) % 5 == 0 else text)
    os.utime(full, (time, time))


def write_full(root, tables, time):
    """SchemaFull as of the first day: without what the releases add."""
    for table in tables:
        _write(root, f"SchemaFull/{table.schema_file}.txt", create_table(table, table.columns), time)


def write_upgrades(root, tables, time):
    """SchemaUpgrade/<release>/<table>.txt; Release_9_8 comes before Release_10_1 by number only."""
    for table in tables:
        for number, upgrade in enumerate(table.upgrades):
            text = (create_table(table, table.columns_with(number + 1)) if upgrade.full
                    else add_columns(table, upgrade.columns))
            _write(root, f"SchemaUpgrade/{upgrade.release}/{table.schema_file}.txt", text, time)
