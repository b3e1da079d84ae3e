// Messages about connections, tables, checks, models and syncs, word for word; see
// messages_test.cc.
#include <gmock/gmock.h>

#include "base/text.h"
#include "config/test_shop.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- between the things of a project ----

TEST(Messages, NameTheNearestConnectionAndModel) {
  EXPECT_THAT(ErrorsWith("to: out", "to: outt"),
              ElementsAre("sluice.yml:14:30: syncs.send.to: no connection \"outt\" (did you mean "
                          "\"out\"?)"));
  EXPECT_THAT(ErrorsWith("model: buyers", "model: byers"),
              ElementsAre("sluice.yml:14:18: syncs.send.model: no model \"byers\" (did you mean "
                          "\"buyers\"?)"));
}

TEST(Messages, SayWhichRoleAConnectionCannotPlay) {
  EXPECT_THAT(
      ErrorsWith("{ type: file, path: out }", "{ type: s3, bucket: b }"),
      ElementsAre("sluice.yml:14:30: syncs.send.to: the connection out is of type s3, which "
                  "takes no rows; expected file or iterable"));
  EXPECT_THAT(
      ErrorsWith("{ type: file, path: drop }",
                 "{ type: iterable, region: us, project_type: email, api_key: \"${K:-k}\" }"),
      ElementsAre(
          "sluice.yml:7:11: ingests.load.from: the connection drop is of type iterable, which "
          "holds no files; expected file or s3"));
}

TEST(Messages, SayWhatADestinationTakes) {
  EXPECT_THAT(
      ErrorsWith("{ type: file, path: out }",
                 "{ type: iterable, region: us, project_type: email, api_key: \"${K:-k}\" }"),
      ElementsAre("sluice.yml:14:43: syncs.send.object: a connection of type iterable has no "
                  "object \"buyers\" (did you mean \"users\"?)"));
}

TEST(Messages, SayWhichNameIsTaken) {
  EXPECT_THAT(ErrorsWith("  send: {", "  load: {"),
              ElementsAre("sluice.yml:14:3: syncs.load: the name is taken by ingests.load at "
                          "sluice.yml:6:3; names are unique over ingests, models and syncs"));
}

TEST(Messages, SayWhichTableIsMadeTwice) {
  EXPECT_THAT(ErrorsWith("  buyers: SELECT", "  buyers: SELECT 1\n  customers: SELECT"),
              ElementsAre("sluice.yml:13:3: models.customers: the table customers is made by "
                          "ingests.load.tables.customers too, at sluice.yml:10:7"));
}

TEST(Messages, AskForOneConnectionWhereSeveralMakeNoSense) {
  EXPECT_THAT(ErrorsWith("from: drop", "from: [drop, out]"),
              ElementsAre("sluice.yml:7:18: ingests.load.from: layout files reads from one "
                          "connection"));
}

// ---- tables and checks ----

std::vector<std::string> ErrorsOfCheck(const std::string& check) {
  return ErrorsWith("    layout: files", "    layout: files\n    checks:\n      - " + check);
}

TEST(Messages, AskZenotiTablesForTheirKey) {
  EXPECT_THAT(
      ErrorsOf("project: p\nconnections: { d: { type: file, path: d } }\n"
               "ingests:\n  z:\n    from: d\n    layout: zenoti\n    tables:\n"
               "      bi_x:\n      bi_y: { mode: append }\n"),
      ElementsAre("sluice.yml:8:7: ingests.z.tables.bi_x.key: is missing; what identifies a "
                  "row is not guessed. `sluice discover` proposes a key"));
}

TEST(Messages, AskFilesTablesForPatternAndColumns) {
  EXPECT_THAT(ErrorsWith("customers: { pattern: \"customers/*.csv\", columns: { id: BIGINT, email: "
                         "VARCHAR }, key: id }",
                         "customers: {}"),
              ElementsAre("sluice.yml:10:18: ingests.load.tables.customers.pattern: is missing; "
                          "expected text",
                          "sluice.yml:10:18: ingests.load.tables.customers.columns: is missing; "
                          "expected a map"));
  EXPECT_THAT(ErrorsWith("columns: { id: BIGINT, email: VARCHAR }, key: id", "columns: {}"),
              ElementsAre("sluice.yml:10:57: ingests.load.tables.customers.columns: is empty"));
}

TEST(Messages, AskForWhatAModeNeeds) {
  EXPECT_THAT(ErrorsWith("key: id }", "mode: upsert }"),
              ElementsAre("sluice.yml:10:7: ingests.load.tables.customers.key: is missing; mode "
                          "upsert needs what identifies a row"));
  EXPECT_THAT(
      ErrorsWith("key: id }", "key: id, mode: delete-insert }"),
      ElementsAre("sluice.yml:10:7: ingests.load.tables.customers.delete_when: is missing; mode "
                  "delete-insert needs what marks a row that deletes: delete_when: { column: …, "
                  "values: […] }. Without deletions write mode: upsert"));
  EXPECT_THAT(
      ErrorsWith("key: id }", "key: id, version: email }"),
      ElementsAre("sluice.yml:10:107: ingests.load.tables.customers.version: belongs to mode: "
                  "upsert"));
  EXPECT_THAT(ErrorsWith("key: id }", "key: id, mode: upsert, version: emial }"),
              ElementsAre("sluice.yml:10:7: ingests.load.tables.customers.version: the table "
                          "customers has no column \"emial\" (did you mean \"email\"?)"));
  EXPECT_THAT(
      ErrorsWith("key: id }",
                 "key: id, mode: upsert, delete_when: { column: email, values: [x] } }"),
      ElementsAre("sluice.yml:10:125: ingests.load.tables.customers.delete_when: belongs to mode: "
                  "delete-insert"));
}

TEST(Messages, SayWhichNameInAFileIsTaken) {
  EXPECT_THAT(
      ErrorsWith("email: VARCHAR", "email: { type: VARCHAR, from: [mail, ID] }"),
      ElementsAre("sluice.yml:10:78: ingests.load.tables.customers.columns.email: \"ID\" is what "
                  "the column id is called in the files"));
  EXPECT_THAT(
      ErrorsWith("email: VARCHAR", "email: { type: VARCHAR, renamed_from: id }"),
      ElementsAre("sluice.yml:10:78: ingests.load.tables.customers.columns.email.renamed_from: id "
                  "is a column of its own here"));
  EXPECT_THAT(ErrorsWith("email: VARCHAR", "email: { from: mail }"),
              ElementsAre("sluice.yml:10:78: ingests.load.tables.customers.columns.email.type: is "
                          "missing; expected a column type such as BIGINT or DECIMAL(12,2)"));
}

TEST(Messages, SayHowNewColumnsAreWrittenNow) {
  EXPECT_THAT(WarningsWith("    layout: files", "    layout: files\n    on_new_column: add"),
              ElementsAre("sluice.yml:9:5: ingests.load.on_new_column: is deprecated; write "
                          "`schema_changes`: `evolve` for add, `ignore` for ignore, `declared` for "
                          "fail"));
  EXPECT_THAT(ErrorsWith("    layout: files",
                         "    layout: files\n    on_new_column: add\n    schema_changes: evolve"),
              ElementsAre("sluice.yml:9:5: ingests.load: \"schema_changes\" and "
                          "\"on_new_column\" exclude each other"));
}

TEST(Messages, AskFilesIngestsForTables) {
  EXPECT_THAT(
      ErrorsOf("project: p\nconnections: { d: { type: file, path: d } }\n"
               "ingests: { i: { from: d, layout: files, tables: {} } }\n"),
      ElementsAre(
          "sluice.yml:3:49: ingests.i.tables: is empty; `sluice discover --write` proposes them"));
}

TEST(Messages, SayThatDelimiterAndQuoteDiffer) {
  EXPECT_THAT(ErrorsWith("    layout: files", "    layout: files\n    csv: { delimiter: '\"' }"),
              ElementsAre("sluice.yml:9:10: ingests.load.csv: delimiter and quote are the same"));
}

TEST(Messages, SayThatAnOptionBelongsToAnotherLayout) {
  EXPECT_THAT(
      ErrorsWith("    layout: files", "    layout: files\n    shared_keys: true"),
      ElementsAre("sluice.yml:9:5: ingests.load: unknown option \"shared_keys\"; it belongs to "
                  "layout zenoti"));
}

TEST(Messages, NameTheNearestColumn) {
  EXPECT_THAT(
      ErrorsWith("key: id }", "key: idd }"),
      ElementsAre("sluice.yml:10:7: ingests.load.tables.customers.key: the table customers has "
                  "no column \"idd\" (did you mean \"id\"?)"));
  EXPECT_THAT(
      ErrorsOfCheck("not_null: [emial]"),
      ElementsAre("sluice.yml:10:9: ingests.load.checks[0]: the table customers has no column "
                  "\"emial\" (did you mean \"email\"?)"));
}

TEST(Messages, SayWhichTypesAreNone) {
  EXPECT_THAT(ErrorsWith("id: BIGINT", "id: 'DECIMAL(12'"),
              ElementsAre("sluice.yml:10:63: ingests.load.tables.customers.columns.id: expected a "
                          "column type such as BIGINT or DECIMAL(12,2), found \"DECIMAL(12\""));
  TestProject project(Shop("id: BIGINT", "id: bignit"));
  project.options().rules.check_sql_type = [](std::string_view type) {
    return type == "VARCHAR" ? Status::Ok()
                             : ConfigError("the type \"" + std::string(type) + "\" is not known");
  };
  EXPECT_THAT(project.Errors(),
              ElementsAre("sluice.yml:10:63: ingests.load.tables.customers.columns.id: the type "
                          "\"BIGNIT\" is not known"));
}

TEST(Messages, AskForOneKindOfCheck) {
  EXPECT_THAT(
      ErrorsOfCheck("on_failure: warn"),
      ElementsAre("sluice.yml:10:9: ingests.load.checks[0]: expected one of volume, not_null, "
                  "unique or accepted_values"));
  EXPECT_THAT(ErrorsOfCheck("{ not_null: [id], unique: [id] }"),
              ElementsAre("sluice.yml:10:27: ingests.load.checks[0]: \"not_null\" and \"unique\" "
                          "exclude each other"));
}

TEST(Messages, AskAVolumeCheckForABound) {
  EXPECT_THAT(ErrorsOfCheck("volume: { per: day }"),
              ElementsAre("sluice.yml:10:17: ingests.load.checks[0].volume: expected at_least or "
                          "at_most"));
}

TEST(Messages, FindBoundsThatContradict) {
  EXPECT_THAT(ErrorsOfCheck("volume: { at_least: 90%, at_most: 50% }"),
              ElementsAre("sluice.yml:10:17: ingests.load.checks[0].volume: at_least is more than "
                          "at_most"));
  EXPECT_THAT(
      ErrorsOfCheck("volume: { at_least: 60%, last: 3 }"),
      ElementsAre("sluice.yml:10:17: ingests.load.checks[0].volume: min_history 5 is more than "
                  "the last 3 that are looked at"));
}

TEST(Messages, NameTheNearestTableOfACheck) {
  EXPECT_THAT(ErrorsOfCheck("{ not_null: [id], tables: [custmers] }"),
              ElementsAre("sluice.yml:10:9: ingests.load.checks[0].tables: the ingest has no table "
                          "\"custmers\" (did you mean \"customers\"?)"));
}

TEST(Messages, SayThatThereIsNoKeyToBeUnique) {
  EXPECT_THAT(ErrorsWith(", key: id }", ", checks: [ { unique: key } ] }"),
              ElementsAre("sluice.yml:10:99: ingests.load.tables.customers.checks[0].unique: the "
                          "table customers has no `key`"));
  EXPECT_THAT(ErrorsWith("buyers: SELECT * FROM customers",
                         "buyers: { sql: SELECT 1, checks: [ { unique: key } ] }"),
              ElementsAre("sluice.yml:12:38: models.buyers.checks[0].unique: a model has no `key`; "
                          "name the columns"));
}

// ---- models ----

TEST(Messages, SayWhatAModelCanBe) {
  EXPECT_THAT(
      ErrorsWith("SELECT * FROM customers", "cust-omers"),
      ElementsAre("sluice.yml:12:11: models.buyers: expected the name of a table or view, a "
                  "file that ends in .sql, or SQL, found \"cust-omers\""));
  EXPECT_THAT(
      ErrorsWith("buyers: SELECT * FROM customers", "buyers: { as: table }"),
      ElementsAre("sluice.yml:12:11: models.buyers: expected one of sql, file, table or view"));
  EXPECT_THAT(
      ErrorsWith("buyers: SELECT * FROM customers", "buyers: { table: customers, as: table }"),
      ElementsAre("sluice.yml:12:3: models.buyers: `as` is for SQL; a table or view is used as "
                  "it is"));
  EXPECT_THAT(ErrorsWith("SELECT * FROM customers", "'  '"),
              ElementsAre("sluice.yml:12:11: models.buyers: the SQL is empty"));
  EXPECT_THAT(ErrorsWith("buyers: SELECT * FROM customers", "buyers:"),
              ElementsAre("sluice.yml:12:3: models.buyers: expected text or a map, found nothing"));
}

TEST(Messages, SayThatAModelsFileIsNotThere) {
  EXPECT_THAT(ErrorsWith("SELECT * FROM customers", "models/buyers.sql"),
              ElementsAre("sluice.yml:12:11: models.buyers: there is no file models/buyers.sql"));
}

TEST(Messages, SayThatAModelsFileIsEmptyOrNoText) {
  TestProject project(Shop("SELECT * FROM customers", "a.sql\n  other: { file: b.sql }"));
  project.Write("a.sql", " \n").Write("b.sql", "SELECT '\xE9'");
  EXPECT_THAT(project.Errors(),
              ElementsAre("sluice.yml:12:11: models.buyers: a.sql is empty",
                          "sluice.yml:13:18: models.other.file: b.sql is not UTF-8 text"));
}

// ---- syncs ----

TEST(Messages, AskASyncForKeyAndFields) {
  EXPECT_THAT(
      ErrorsWith(", key: id, fields: { email: email }", ""),
      ElementsAre("sluice.yml:14:9: syncs.send.key: is missing; expected the name of a column",
                  "sluice.yml:14:9: syncs.send: expected fields or map"));
  EXPECT_THAT(ErrorsWith("fields: { email: email }", "fields: {}"),
              ElementsAre("sluice.yml:14:68: syncs.send.fields: maps no field"));
}

TEST(Messages, FindFieldsThatAreMappedTwice) {
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a.b: x, a: { b: y } }"),
      ElementsAre("sluice.yml:14:83: syncs.send.fields.a.b: is mapped twice; \"a.b\" is mapped "
                  "at sluice.yml:14:70"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: x, a.b: y }"),
      ElementsAre("sluice.yml:14:76: syncs.send.fields.a.b: is mapped twice; \"a\" is mapped "
                  "at sluice.yml:14:70"));
}

TEST(Messages, SayWhatAFieldIs) {
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ 'a..b': x }"),
      ElementsAre("sluice.yml:14:70: syncs.send.fields: \"a..b\" is not the name of a field"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ price: { value: 1, currency: x } }"),
      ElementsAre("sluice.yml:14:89: syncs.send.fields.price: \"currency\" is no option of a "
                  "field (column, value, sql, template, cast, format, transform, hash, null, "
                  "timezone); for a nested field write "
                  "\"price.currency\""));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: { value: null } }"),
      ElementsAre("sluice.yml:14:82: syncs.send.fields.a.value: expected text, a number or a "
                  "boolean, found nothing"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: { timezone: UTC } }"),
      ElementsAre(
          "sluice.yml:14:73: syncs.send.fields.a: expected one of column, value, sql or template"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: [x] }"),
      ElementsAre("sluice.yml:14:73: syncs.send.fields.a: expected the name of a column, or a "
                  "template such as \"{first} {last}\", found a list"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: '{x' }"),
      ElementsAre("sluice.yml:14:73: syncs.send.fields.a: a { without } behind it; write {{ "
                  "for the character"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a.b: { column: x, null: skip } }"),
      ElementsAre("sluice.yml:14:70: syncs.send.fields.a.b: `null: skip` cannot hold inside "
                  "an object, which is sent whole; give the field `null: clear` or `null: "
                  "send`"));
  EXPECT_THAT(ErrorsWith("{ email: email }", "{ a: { column: x, format: '%Y' } }"),
              ElementsAre("sluice.yml:14:70: syncs.send.fields.a: `format` says how a date is read "
                          "or written, and needs `cast: date`, `timestamp` or `text`"));
  EXPECT_THAT(ErrorsWith("{ email: email }", "email"),
              ElementsAre("sluice.yml:14:68: syncs.send.fields: expected a map, found \"email\""));
}

TEST(Messages, NameTheNearestTimezone) {
  EXPECT_THAT(
      ErrorsWith("key: id, fields", "timezone: Europe/Berlni, key: id, fields"),
      ElementsAre("sluice.yml:14:61: syncs.send.timezone: expected a time zone such as UTC or "
                  "Europe/Berlin, found \"Europe/Berlni\" (did you mean \"Europe/Berlin\"?)"));
  EXPECT_THAT(
      ErrorsWith("key: id, fields", "timezone: ../../etc/passwd, key: id, fields"),
      ElementsAre("sluice.yml:14:61: syncs.send.timezone: expected a time zone such as UTC or "
                  "Europe/Berlin, found \"../../etc/passwd\""));
}

TEST(Messages, SayThatAMachineHasNoTimezones) {
  TestProject project(Shop("key: id, fields", "timezone: Europe/Berlin, key: id, fields"));
  project.options().rules.zoneinfo_folder = "/nonexistent";
  EXPECT_THAT(
      project.Errors(),
      ElementsAre("sluice.yml:14:61: syncs.send.timezone: this machine has no time zones in "
                  "/nonexistent (install tzdata), so that only UTC is known"));
}

TEST(Messages, SayWhatIsWrongWithASchedule) {
  EXPECT_THAT(
      ErrorsWith("key: id, fields", "schedule: every 7 minutes, key: id, fields"),
      ElementsAre("sluice.yml:14:61: syncs.send.schedule: every 7 minutes does not divide the "
                  "hour evenly. Take 1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30 minutes"));
}

TEST(Messages, AskForBothHalvesOfAPair) {
  EXPECT_THAT(ErrorsWith("{ type: file, path: drop }", "{ type: s3, bucket: b, access_key_id: x }"),
              ElementsAre("sluice.yml:3:32: connections.drop: \"access_key_id\" needs "
                          "\"secret_access_key\" beside it"));
}

}  // namespace
}  // namespace sluice::config
