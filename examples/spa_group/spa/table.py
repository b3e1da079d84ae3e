"""What a table of the drop is: names as the vendor would spell them, key, kind, size, columns.

kind: "fact" (delete-insert by void), "dim" (update-insert), "exception" (void = 1 is skipped, all
else inserted). organization: on the vendor's list of organization-level tables.
"""

from dataclasses import dataclass

from .columns import BLANK, RECENT, Column, pick, pick_of


@dataclass(frozen=True)
class Upgrade:
    release: str
    full: bool  # a full CREATE TABLE instead of an ALTER TABLE
    columns: tuple


@dataclass(frozen=True)
class Table:
    name: str          # as in the project file: lower case, without _s3
    folders: tuple     # spelling of the folder in pod 1, pod 2, ...
    schema_file: str   # spelling of SchemaFull/<schema_file>.txt
    ddl_name: str      # spelling in the CREATE TABLE
    kind: str
    key: tuple
    ratio: float       # rows of the first load in units of --rows, over all pods
    least: int         # but at least so many in each pod
    columns: tuple
    files: int = 1     # files of the first load in each pod
    organization: bool = False
    upgrades: tuple = ()
    tail: str = ""     # distkey and sortkey

    def columns_with(self, upgrades):
        """The columns when the first `upgrades` of the releases have been applied."""
        return list(self.columns) + [c for u in self.upgrades[:upgrades] for c in u.columns]

    def folder(self, pod_index):
        return self.folders[pod_index % len(self.folders)]


VOID = Column("Void", "BOOLEAN", BLANK)
ORG = Column("OrganizationId", "VARCHAR(36)", pick_of("org", "organizations"))
POD = Column("PodName", "VARCHAR(20)", pick_of("pod", "pod_names"))


def etl_column(name):
    return Column("ETLCreatedDate", "TIMESTAMP", pick(name, RECENT, True))


def make_table(name, spellings, kind, key, ratio, least, columns, **more):
    """spellings: folder in pod 1, folder in pod 2, schema file, DDL."""
    pod1, pod2, schema_file, ddl = spellings
    names = {c.name.lower(): c.name for c in columns}
    own = [names[k] for k in key if k != "organizationid"]
    spread = "centerid" if name == "bi_dimuser" else own[0]  # as in the vendor's document
    tail = f" distkey({spread})\n sortkey({', '.join(own)})"
    return Table(name, (pod1, pod2), schema_file, ddl, kind, tuple(key), ratio, least, tuple(columns),
                 tail=tail, **more)


