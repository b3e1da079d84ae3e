// One case for every message about a project file: texts that users see, word for word.
#include <gmock/gmock.h>

#include "base/text.h"
#include "config/test_project.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kShop = R"(project: shop
connections:
  drop: { type: file, path: drop }
  out: { type: file, path: out }
ingests:
  load:
    from: drop
    layout: files
    tables:
      customers: { pattern: "customers/*.csv", columns: { id: BIGINT, email: VARCHAR }, key: id }
models:
  buyers: SELECT * FROM customers
syncs:
  send: { model: buyers, to: out, object: buyers, key: id, fields: { email: email } }
)";

// The shop with one piece replaced.
std::string Shop(const std::string& from, const std::string& to) {
  const std::string text = ReplaceAll(kShop, from, to);
  EXPECT_NE(text, kShop) << from;
  return text;
}

std::vector<std::string> ErrorsOf(const std::string& yaml) {
  return TestProject(yaml).Errors();
}

std::vector<std::string> ErrorsWith(const std::string& from, const std::string& to) {
  return ErrorsOf(Shop(from, to));
}

std::vector<std::string> WarningsWith(const std::string& from, const std::string& to) {
  TestProject project(Shop(from, to));
  project.Load();
  return project.warnings();
}

TEST(Messages, NoneForAProjectThatIsRight) {
  TestProject project(kShop);
  EXPECT_EQ(project.Load().name, "shop");
  EXPECT_THAT(project.warnings(), IsEmpty());
}

// ---- shapes and options ----

TEST(Messages, NameTheNearestOption) {
  EXPECT_THAT(ErrorsWith("path: drop", "pth: drop"),
              ElementsAre("sluice.yml:3:23: connections.drop: unknown option \"pth\" (did you mean "
                          "\"path\"?)",
                          "sluice.yml:3:9: connections.drop.path: is missing; expected a path"));
}

TEST(Messages, ListTheOptionsWhereNoneIsNear) {
  EXPECT_THAT(ErrorsWith("path: drop", "path: drop, colour: red"),
              ElementsAre("sluice.yml:3:35: connections.drop: unknown option \"colour\"; known: "
                          "type, shared, path"));
}

TEST(Messages, NameTheNearestSection) {
  EXPECT_THAT(ErrorsWith("syncs:", "sync:"),
              ElementsAre("sluice.yml:13:1: unknown option \"sync\" (did you mean \"syncs\"?)"));
}

TEST(Messages, SayWhatIsMissing) {
  EXPECT_THAT(
      ErrorsWith("project: shop\n", ""),
      ElementsAre("sluice.yml:1:1: project: is missing; expected a name of letters, digits, "
                  "_ and - that begins with a letter"));
}

TEST(Messages, SayWhatShapeIsWanted) {
  EXPECT_THAT(ErrorsWith("path: out", "path: [out]"),
              ElementsAre("sluice.yml:4:28: connections.out.path: expected a path, found a list"));
  EXPECT_THAT(ErrorsWith("{ type: file, path: out }", "out"),
              ElementsAre("sluice.yml:4:8: connections.out: expected a map, found \"out\""));
  EXPECT_THAT(
      ErrorsOf("- a\n"),
      ElementsAre("sluice.yml:1:1: expected a map with sections such as connections, found a "
                  "list"));
  EXPECT_THAT(ErrorsWith("    layout: files", "    layout: files\n    checks: { unique: key }"),
              ElementsAre("sluice.yml:9:13: ingests.load.checks: expected a list, found a map"));
  EXPECT_THAT(ErrorsWith("buyers: SELECT * FROM customers", "buyers: [a]"),
              ElementsAre("sluice.yml:12:11: models.buyers: expected text or a map, found a list"));
  EXPECT_THAT(
      ErrorsWith("from: drop", "from: { a: b }"),
      ElementsAre("sluice.yml:7:11: ingests.load.from: expected a list of text, found a map"));
}

TEST(Messages, SayWhichWordsThereAre) {
  EXPECT_THAT(ErrorsWith("layout: files", "layout: file"),
              ElementsAre("sluice.yml:8:13: ingests.load.layout: expected \"zenoti\" or \"files\", "
                          "found \"file\" (did you mean \"files\"?)"));
  EXPECT_THAT(
      ErrorsWith("key: id, fields", "mode: mirror, key: id, fields"),
      ElementsAre("sluice.yml:14:57: syncs.send.mode: expected \"upsert\", found \"mirror\""));
  EXPECT_THAT(ErrorsWith("{ type: file, path: out }", "{ type: iterabel, region: us }"),
              ElementsAre("sluice.yml:4:16: connections.out.type: expected \"file\", \"s3\" or "
                          "\"iterable\", found \"iterabel\" (did you mean \"iterable\"?)"));
  EXPECT_THAT(ErrorsWith("{ type: file, path: out }", "{ path: out }"),
              ElementsAre("sluice.yml:4:8: connections.out.type: is missing; expected \"file\", "
                          "\"s3\" or \"iterable\""));
}

TEST(Messages, SayWhatSingleValuesLookLike) {
  const std::string iterable =
      "{ type: iterable, region: us, project_type: email, api_key: ${KEY:-x}";
  const auto with = [&](const std::string& option) {
    return ErrorsOf(ReplaceAll(Shop("{ type: file, path: out }", iterable + ", " + option + " }"),
                               "object: buyers", "object: users"));
  };
  EXPECT_THAT(with("requests_per_second: many"),
              ElementsAre("sluice.yml:4:100: connections.out.requests_per_second: expected a whole "
                          "number from 1 to 500, found \"many\""));
  EXPECT_THAT(with("requests_per_second: 0"),
              ElementsAre("sluice.yml:4:100: connections.out.requests_per_second: expected a whole "
                          "number from 1 to 500, found \"0\""));
  EXPECT_THAT(
      with("max_body_bytes: 4 M"),
      ElementsAre("sluice.yml:4:95: connections.out.max_body_bytes: expected a size such as "
                  "\"4 MB\" from 1.0 kB to 100 MB, found \"4 M\""));
  EXPECT_THAT(with("timeout: 60"),
              ElementsAre("sluice.yml:4:88: connections.out.timeout: expected a duration such as "
                          "\"15 minutes\" from 1.0 s to 1 h 0 min, found \"60\""));
  EXPECT_THAT(with("shared: perhaps"),
              ElementsAre("sluice.yml:4:87: connections.out.shared: expected true or false, found "
                          "\"perhaps\""));
  EXPECT_THAT(with("endpoint: ''"),
              ElementsAre("sluice.yml:4:89: connections.out.endpoint: is empty"));
}

TEST(Messages, SayHowPercentagesAreWritten) {
  EXPECT_THAT(
      ErrorsWith("    layout: files", "    layout: files\n    bad_rows: { percent: 0.01 }"),
      ElementsAre("sluice.yml:9:26: ingests.load.bad_rows.percent: expected a percentage such "
                  "as \"60%\", found \"0.01\""));
}

TEST(Messages, SayHowNamesAreMade) {
  EXPECT_THAT(
      ErrorsWith("  out: {", "  2nd out: {"),
      ElementsAre("sluice.yml:4:3: connections: expected a name of letters, digits, _ and - "
                  "that begins with a letter, found \"2nd out\"",
                  "sluice.yml:14:30: syncs.send.to: no connection \"out\"; known: drop"));
  EXPECT_THAT(ErrorsWith("  buyers: SELECT", "  buyers: SELECT 1\n  top-buyers: SELECT"),
              ElementsAre("sluice.yml:13:3: models: expected a name of letters, digits and _ that "
                          "begins with a letter or _, at most 63 long, found \"top-buyers\""));
  EXPECT_THAT(
      ErrorsWith("  buyers: SELECT", "  buyers: SELECT 1\n  _sluice_x: SELECT"),
      ElementsAre("sluice.yml:13:3: models: names that begin with _sluice are Sluice's own"));
  EXPECT_THAT(
      ErrorsWith("project: shop", "project: my shop"),
      ElementsAre("sluice.yml:1:10: project: expected a name of letters, digits, _ and - that "
                  "begins with a letter, found \"my shop\""));
}

TEST(Messages, SayThatNamesDifferInMoreThanCase) {
  EXPECT_THAT(
      ErrorsWith("  buyers: SELECT", "  Buyers: SELECT 1\n  buyers: SELECT"),
      ElementsAre("sluice.yml:13:3: models.buyers: given twice; upper and lower case are the "
                  "same"));
}

TEST(Messages, FindRepeatedKeys) {
  EXPECT_THAT(ErrorsWith("path: out }", "path: out, path: out2 }"),
              ElementsAre("sluice.yml:4:33: path: given twice; first at sluice.yml:4:22"));
}

TEST(Messages, FindRepeatedItemsAndEmptyLists) {
  EXPECT_THAT(ErrorsWith("key: id }", "key: [id, ID] }"),
              ElementsAre("sluice.yml:10:99: ingests.load.tables.customers.key[1]: \"ID\" is given "
                          "twice"));
  EXPECT_THAT(ErrorsWith("from: drop", "from: []"),
              ElementsAre("sluice.yml:7:11: ingests.load.from: the list is empty"));
}

TEST(Messages, ShowAllErrorsUpToTwenty) {
  std::string many = kShop;
  for (int i = 0; i < 30; ++i) many += "option" + std::to_string(i) + ": 1\n";
  TestProject project(many);
  EXPECT_EQ(project.Errors().size(), 20u);
  EXPECT_EQ(project.diagnostics().error_count(), 30u);
  EXPECT_TRUE(
      StartsWith(project.status().message(), "the project has 30 errors:\n  sluice.yml:15:1: "));
  EXPECT_TRUE(EndsWith(project.status().message(), "\n  … and 10 more"));
}

TEST(Messages, OfASingleErrorStandAlone) {
  TestProject project(Shop("from: drop", "from: drpo"));
  project.Errors();
  EXPECT_EQ(project.status().ToString(),
            "sluice.yml:7:11: ingests.load.from: no connection \"drpo\" (did you mean \"drop\"?)");
  const Problem& problem = project.diagnostics().errors()[0];
  EXPECT_EQ(problem.key, "ingests.load.from");
  EXPECT_EQ(problem.nearest, "drop");
  EXPECT_EQ(problem.where.line, 7);
}

TEST(Messages, CarryWhatWasExpectedAndFoundForMachines) {
  TestProject project(Shop("path: out", "path: [out]"));
  project.Errors();
  const Problem& problem = project.diagnostics().errors()[0];
  EXPECT_EQ(problem.expected, "a path");
  EXPECT_EQ(problem.found, "a list");
}

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
  EXPECT_THAT(
      ErrorsWith("columns: { id: BIGINT, email: VARCHAR }, key: id", "columns: {}"),
      ElementsAre("sluice.yml:10:57: ingests.load.tables.customers.columns: names no column"));
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
                  "sluice.yml:14:9: syncs.send.fields: is missing; expected a map"));
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
                  "field (column, value, timezone); for a nested field write "
                  "\"price.currency\""));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: { value: null } }"),
      ElementsAre("sluice.yml:14:82: syncs.send.fields.a.value: expected text, a number or a "
                  "boolean, found nothing"));
  EXPECT_THAT(ErrorsWith("{ email: email }", "{ a: { timezone: UTC } }"),
              ElementsAre("sluice.yml:14:73: syncs.send.fields.a: expected column or value"));
  EXPECT_THAT(
      ErrorsWith("{ email: email }", "{ a: [x] }"),
      ElementsAre("sluice.yml:14:73: syncs.send.fields.a: expected the name of a column, found "
                  "a list"));
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

// ---- files ----

TEST(Messages, SayThatThereIsNoProject) {
  TestProject project;
  EXPECT_THAT(project.Errors(),
              ElementsAre("there is no sluice.yml in FOLDER or a folder above it"));
  EXPECT_EQ(ReplaceAll(project.status().ToString(), project.folder(), "FOLDER"),
            "there is no sluice.yml in FOLDER or a folder above it. `sluice init` makes a project");
  project.Errors("elsewhere");
  EXPECT_EQ(project.status().ToString(), "there is no project at elsewhere");
  project.Errors("zoneinfo");
  EXPECT_EQ(project.status().ToString(),
            "there is no sluice.yml in zoneinfo. `sluice init` makes a project");
}

TEST(Messages, OfAnEmptyFileAskForTheProjectsName) {
  EXPECT_THAT(
      ErrorsOf(""),
      ElementsAre("sluice.yml:1:1: project: is missing; expected a name of letters, digits, "
                  "_ and - that begins with a letter"));
}

TEST(Messages, SayThatAnIncludedFileIsNotThere) {
  EXPECT_THAT(
      ErrorsWith("project: shop", "project: shop\ninclude: tables.yml"),
      ElementsAre("sluice.yml:2:10: include: cannot open FOLDER/tables.yml: No such file or "
                  "directory"));
}

TEST(Messages, WarnThatAPatternMatchesNothing) {
  EXPECT_THAT(WarningsWith("project: shop", "project: shop\ninclude: [ more/*.yml ]"),
              ElementsAre("sluice.yml:2:12: include: no file matches \"more/*.yml\""));
}

TEST(Messages, SayWhatAnIncludeIs) {
  EXPECT_THAT(
      ErrorsWith("project: shop", "project: shop\ninclude: [ { a: b }, '*/x.yml' ]"),
      ElementsAre("sluice.yml:2:12: include: expected the name of a file, found a map",
                  "sluice.yml:2:22: include: * and ? may only stand in the last part of the "
                  "path"));
  EXPECT_THAT(ErrorsWith("project: shop", "project: shop\ninclude: { a: b }"),
              ElementsAre("sluice.yml:2:10: include: expected a list of files, found a map"));
}

TEST(Messages, FindIncludesThatGoInCircles) {
  TestProject project("project: p\ninclude: a.yml\n");
  project.Write("a.yml", "include: b.yml\n").Write("b.yml", "include: a.yml\n");
  EXPECT_THAT(project.Errors(),
              ElementsAre("b.yml:1:10: include: a.yml includes itself, directly or "
                          "by way of other files"));
}

TEST(Messages, FindFilesThatAreIncludedTwice) {
  TestProject project("project: p\ninclude: [a.yml, b.yml]\n");
  project.Write("a.yml", "include: b.yml\n").Write("b.yml", "");
  EXPECT_THAT(
      project.Errors(),
      ElementsAre("sluice.yml:2:18: include: b.yml is included twice; first at a.yml:1:10"));
}

TEST(Messages, NameBothPlacesOfWhatStandsInTwoFiles) {
  TestProject project(Shop("project: shop", "project: shop\ninclude: more/a.yml"));
  project.Write("more/a.yml",
                "project: other\nconnections:\n  out: { type: file, path: x }\n"
                "ingests: { load: { from: drop, tables: { customers: { mode: replace } } } }\n");
  EXPECT_THAT(
      project.Errors(),
      ElementsAre("more/a.yml:1:1: project: given twice; first at sluice.yml:1:1",
                  "more/a.yml:3:3: connections.out: given twice; first at sluice.yml:5:3",
                  "more/a.yml:4:20: ingests.load.from: given twice; first at sluice.yml:8:5",
                  "more/a.yml:4:42: ingests.load.tables.customers: given twice; first at "
                  "sluice.yml:11:7"));
}

}  // namespace
}  // namespace sluice::config
