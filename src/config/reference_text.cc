#include "config/reference.h"

namespace sluice::config {

const char* ReferenceIntroduction() {
  return R"(A project is a folder with `sluice.yml` in it. Commands look for it from the current folder upwards.
Everything is checked before anything runs: an error names file, line, column and option, what was
expected, what was found, and the nearest valid name.

An editor that knows JSON Schema completes and checks while you type. Put this line first, with the
path of `project.schema.json` beside this page:

    # yaml-language-server: $schema=PATH/project.schema.json

A whole project:

```yaml
project: spa_group

warehouse: { type: duckdb, path: warehouse.duckdb }

connections:
  drop:     { type: s3, bucket: customer-folder, region: us-east-1,
              access_key_id: ${DROP_KEY_ID}, secret_access_key: ${DROP_SECRET} }
  iterable: { type: iterable, region: us, project_type: userid, api_key: ${ITERABLE_API_KEY} }

ingests:
  zenoti:
    from: drop
    layout: zenoti
    tables:
      bi_factforms: { key: [factformid, organizationid] }
      bi_dimuser:   { key: [userid] }
    checks:
      - volume: { per: day, against: median, last: 14, min_history: 5, at_least: 60% }
        on_failure: fail
      - unique: key

models:
  active_guests: models/active_guests.sql

syncs:
  guests_to_iterable:
    model: active_guests
    to: iterable
    object: users
    key: userid
    fields: { email: email, userId: userid, firstName: firstname, lastVisit: last_visit }
    schedule: every 15 minutes
```

Another one, with files of its own layout, a second environment and most forms of models and fields:

```yaml
project: shop

connections:
  inbox:  { type: file, path: inbox }
  outbox: { type: file, path: outbox }

ingests:
  shop_files:
    from: inbox
    layout: files
    csv: { delimiter: ";", null_words: [NULL, n/a] }
    tables:
      customers:
        pattern: "customers/*.csv"
        columns: { id: BIGINT, email: VARCHAR, city: VARCHAR, last_order: TIMESTAMP }
        mode: replace
        key: id
        checks:
          - unique: key
          - not_null: [id, email]
            on_failure: warn

models:
  everybody: customers                     # a table that is there
  buyers: SELECT * FROM customers WHERE last_order IS NOT NULL
  by_city:
    as: table
    sql: |
      SELECT city, count(*) AS buyers
        FROM {{ ref('buyers') }}
       GROUP BY city

syncs:
  buyers_out:
    model: buyers
    to: outbox
    object: people
    key: id
    timezone: Europe/Berlin
    fields:
      email: email
      lastOrder: { column: last_order, timezone: UTC }
      source: { value: "shop" }
      address: { city: city }              # the same as  address.city: city

environments:
  prod:
    connections:
      inbox:  { type: s3, bucket: shop-inbox }
      outbox: { path: /srv/outbox }
```
)";
}

const char* ReferenceNotation() {
  return R"(**Text.** Any text; quotes are needed where YAML needs them. Names of tables, models and columns do
not depend on upper and lower case and are kept in lower case.

**Sizes.** A number and B, kB, MB, GB, TB (by 1,000) or KiB, MiB, GiB, TiB (by 1,024): `4 MB`.

**Durations.** Numbers with ms, s, min, h, d or the words: `10s`, `15 minutes`, `1 h 30 min`. Only 0
goes without a unit.

**Percentages.** With their sign: `60%`.

**Lists of text.** One text stands for a list of one: `key: userid`.

**Paths.** Relative to the project's folder; `~/` is the home folder. Only `include` is relative to the
file that it stands in.

**Schedules.** `every 15 minutes`, `every 2 hours`, `every day`, `hourly`, `daily at 03:00`, or the five
fields of a cron line. Sluice does not start itself: `sluice validate` prints the cron line.

**Variables.** `${NAME}` is replaced in every value but SQL: by the variable of the environment, else by
that of the file `.env` beside `sluice.yml`. `${NAME:-text}` falls back to the text when the variable is
not set or empty; `$${` stands for the characters `${`. A variable that is not set is an error; as long
as only connecting needs it (keys, secrets), commands that do not connect warn instead. In `.env` stand
lines `NAME=value`, with `#` comments, 'quotes' for text as it is, and "quotes" in which `\n`, `\t`,
`\"`, `\\` and `\$` are escapes.

**Secrets.** `${NAME}`; or the first line of a file, `{ secret: { file: keys/iterable } }`; or the first
line that a command writes, `{ secret: { command: pass show iterable } }`, run by `/bin/sh` in the
project's folder when the value is needed, for 30 seconds at most. A secret that stands in the file
itself works and is warned of. Secrets are never printed, logged or stored.

**Includes.** Included files have the same sections. A connection, model, sync or table stands in one
file; an ingest and an environment may be spread over several, each option once. What stands twice is
an error that names both places. No file is included twice.

**Environments.** `--env NAME` chooses one; without it, `dev`, the file as it stands. An environment
changes options of the warehouse and of connections. Two environments that would write into one warehouse
file or to one destination are refused, unless both say `shared: true` there.

**Names.** Ingests, models and syncs share one set of names, because commands select them by name; tables
of all ingests and models made from SQL share another. YAML anchors, aliases and `<<` work; a key that
stands twice is an error.)";
}

}  // namespace sluice::config
