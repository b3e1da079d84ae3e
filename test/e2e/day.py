"""A small project with everything that is written in a day, for tests that stop it at each write.

Day one is loaded undisturbed. On day two there are several groups of two pods in a bucket, a late file among
them, and in a folder increments in all modes, bad rows, and files that move after loading; a model is a table,
one a view; people go to Iterable and days into a file, in several requests each.
"""

BATCH_ROWS = 5
PROJECT = """project: day
connections:
  drop: { type: s3, endpoint: "${DROP_ENDPOINT}", bucket: "${DROP_BUCKET}", region: us-east-1,
          access_key_id: "${DROP_KEY_ID}", secret_access_key: "${DROP_SECRET}" }
  inbox: { type: file, path: inbox }
  out: { type: file, path: out }
  iterable: { type: iterable, region: us, endpoint: "${ITERABLE_ENDPOINT}", project_type: userid, api_key: "${ITERABLE_API_KEY}",
              requests_per_second: 500 }
ingests:
  zenoti:
    from: drop
    layout: zenoti
    settle: 0s
    checks:
      - unique: key
        on_failure: fail
    tables:
      bi_factsale: { key: [saleid] }
      bi_dimuser: { key: [userid] }
  shop:
    from: inbox
    layout: files
    tables:
      visits: { pattern: "visits*.csv", columns: { id: INT, guest: VARCHAR, visited: TIMESTAMP }, checks: [ { not_null: id } ],
                after_loading: { move: loaded } }
      prices: { pattern: "prices*.csv", columns: { item: VARCHAR, price: "DECIMAL(10,2)" }, mode: replace }
      stock: { pattern: "stock*.csv", columns: { id: INT, n: INT, changed: TIMESTAMP }, mode: upsert, key: id, version: changed }
models:
  guests: SELECT u.userid, u.name, u.email, v.visits FROM {{ ref('bi_dimuser') }} u LEFT JOIN (SELECT guest, count(*) AS visits FROM {{ ref('visits') }} GROUP BY guest) v ON v.guest = u.userid WHERE u._sluice_pod = 'POD1'
  days: { as: table, sql: "SELECT CAST(visited AS DATE) AS day, count(*) AS visits FROM {{ ref('visits') }} GROUP BY day", checks: [ { unique: [day], on_failure: fail } ] }
syncs:
  guests_to_iterable:
    model: guests
    to: iterable
    object: users
    key: userid
    batch: { rows: 5 }
    fields: { userId: userid, email: email, firstName: name, visits: visits }
  days_to_file:
    model: days
    to: out
    object: days
    key: day
    batch: { rows: 5 }
    fields: { visits: visits }
"""
SCHEMA = {
    "bi_factsale": "create table bi_factsale (saleid INT, amount DECIMAL(10,2), void BOOLEAN, organizationid VARCHAR(36));",
    "bi_dimuser": "create table bi_dimuser (userid VARCHAR(36), name VARCHAR(20), email VARCHAR(60));",
}


def _write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]))


def _visits(first, day, bad=()):
    rows = [f"{first + i},u{i % 9},2026-03-{day + i % 4:02} 10:00:00" for i in range(40)]
    return ["id,guest,visited", *rows, *bad]


def _people(pod, first, last, how):
    return [f"u{i},{how} {i},{pod.lower()}-{i}@example.test" for i in range(first, last)]


def write_drops(first, second):
    """What lies in the bucket on day one and on day two."""
    for drop in (first, second):
        for table, text in SCHEMA.items():
            _write(drop / "SchemaFull" / f"{table}.txt", [text])
        for pod, group, least in (("POD1", 7, 0), ("POD1", 8, 6), ("POD2", 96, 0)):
            sales = [f"{least * 10 + i},{i}.50,0,o" for i in range(30)]
            _write(drop / pod / str(group) / "bi_factsale/1/a.csv", sales)
            _write(drop / pod / str(group) / "bi_dimuser/1/a.csv", _people(pod, least, least + 10, "Ann"))
    for pod, group in (("POD1", 9), ("POD1", 10), ("POD2", 97)):
        voided = range(group, group + 5)
        sales = [f"{i},,1,o" for i in voided] + [f"{i},{group}.25,0,o" for i in [*voided[1:], group * 1000]]
        _write(second / pod / str(group) / "bi_factsale/2/a.csv", [*sales, f"{group},12.7.1,0,o"])  # the last is bad
        _write(second / pod / str(group) / "bi_dimuser/2/a.csv", _people(pod, group - 4, group + 6, f"Ben {group}"))
    late = ["u1,Late 1,late-1@example.test", "u7,Late 7,late-7@example.test"]
    _write(second / "POD1/7/bi_dimuser/1/late.csv", late)


def write_project(folder):
    """With the inbox of day one."""
    folder.mkdir(parents=True)
    (folder / "sluice.yml").write_text(PROJECT)
    inbox = folder / "inbox"
    _write(inbox / "visits-1.csv", _visits(0, 1))
    _write(inbox / "prices.csv", ["item,price", "tea,3.10", "cake,4"])
    _write(inbox / "stock-1.csv", ["id,n,changed", *(f"{i},{i},2026-03-01" for i in range(20))])


def second_day(folder):
    """What comes into the inbox on day two. A file with a bad row stays where it is, others move."""
    inbox = folder / "inbox"
    _write(inbox / "visits-2.csv", _visits(2000, 14))
    _write(inbox / "visits-3.csv", _visits(3000, 21, bad=["x,u1,2026-03-01 10:00:00"]))
    _write(inbox / "prices.csv", ["item,price", "tea,3.30", "pie,5"])
    _write(inbox / "stock-2.csv", ["id,n,changed", *(f"{i},{i * 2},2026-03-{1 + i % 2:02}" for i in range(10, 30))])
