// What the forms of the project file mean: YAML in, typed values out.
#include <gmock/gmock.h>

#include "base/text.h"
#include "config/option_spec.h"
#include "config/read_options.h"
#include "config/test_project.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Project Load(const std::string& yaml) {
  return TestProject(yaml).Load();
}

Ingest IngestOf(const std::string& body) {
  const std::string yaml =
      "project: p\nconnections: { d: { type: file, path: d } }\ningests:\n  i:\n"
      "    from: d\n" +
      body;
  const Project project = Load(yaml);
  return project.ingests.empty() ? Ingest() : project.ingests[0];
}

Ingest ZenotiWith(const std::string& options) {
  return IngestOf("    layout: zenoti\n    tables: { Bi_DimUser: { key: UserID } }\n" + options);
}

// ---- ingests ----

TEST(Ingest, OfLayoutZenotiHasItsDefaults) {
  const Ingest ingest = ZenotiWith("");
  EXPECT_THAT(ingest.from, ElementsAre("d"));
  EXPECT_EQ(ingest.layout, "zenoti");
  EXPECT_EQ(ingest.settle, std::chrono::minutes(15));
  EXPECT_EQ(ingest.schema_changes, SchemaChanges::kDeclared);
  EXPECT_TRUE(ingest.csv.empty_quoted_is_null);
  EXPECT_EQ(ingest.csv.header, CsvOptions::Header::kAuto);
  EXPECT_EQ(ingest.bad_rows.percent, 1);
  EXPECT_EQ(ingest.bad_rows.always_allowed, 1000);
  EXPECT_FALSE(ingest.shared_keys);
  EXPECT_EQ(ingest.prefix, "");
  ASSERT_EQ(ingest.tables.size(), 1u);
  EXPECT_EQ(ingest.tables[0].name, "bi_dimuser");
  EXPECT_THAT(ingest.tables[0].key, ElementsAre("userid"));
  EXPECT_EQ(ingest.tables[0].mode, Table::Mode::kDefault);
  EXPECT_FALSE(ingest.tables[0].bad_rows.has_value());
}

TEST(Ingest, TablesSayWhatIsOtherInTheirFiles) {
  const Ingest ingest = IngestOf(
      "    layout: zenoti\n    csv: { delimiter: \"||\", quote: \"'\", decimal: comma, null_words: "
      "[x], max_row: 1 kB }\n"
      "    tables: { a: { key: id }, b: { key: id, csv: { quote: none, decimal: point, header: "
      "false, "
      "skip_lines: 3, short_rows: pad, encoding: LATIN1 } } }\n");
  EXPECT_EQ(ingest.csv.escape, '\'') << "the quote is doubled";
  EXPECT_EQ(ingest.csv.max_row_bytes, 1000);
  EXPECT_FALSE(ingest.tables[0].csv.has_value());
  const CsvOptions& csv = *ingest.tables[1].csv;
  EXPECT_EQ(csv.delimiter, "||") << "what the ingest says stays";
  EXPECT_EQ(csv.quote, '\0');
  EXPECT_EQ(csv.escape, '\0');
  EXPECT_EQ(csv.decimal, '.');
  EXPECT_EQ(csv.header, CsvOptions::Header::kNo);
  EXPECT_EQ(csv.skip_lines, 3);
  EXPECT_TRUE(csv.pad_short);
  EXPECT_FALSE(csv.cut_long);
  EXPECT_EQ(csv.encoding, "latin1");
  EXPECT_THAT(csv.null_words, ElementsAre("x"));
}

TEST(Ingest, OfLayoutZenotiTakesAllItsOptions) {
  const Ingest ingest = ZenotiWith(
      "    prefix: /exports/zenoti\n    settle: 0\n    schema_changes: evolve\n    shared_keys: "
      "true\n"
      "    organization_tables: { add: [Bi_DimBrand] }\n    start_after: { POD1: 4711, POD2: 0 }\n "
      "   adopt: { pod: POD2 }\n"
      "    empty_string: keep\n    schedule: every 2 hours\n    bad_rows: { percent: 0.5% }\n"
      "    csv: { delimiter: tab, quote: \"'\", header: true, null_words: [NULL, n/a] }\n");
  EXPECT_EQ(ingest.prefix, "exports/zenoti/");
  EXPECT_EQ(ingest.settle.count(), 0);
  EXPECT_EQ(ingest.schema_changes, SchemaChanges::kEvolve);
  EXPECT_TRUE(ingest.shared_keys);
  EXPECT_THAT(ingest.organization_tables, ElementsAre("bi_dimbrand"));
  EXPECT_THAT(ingest.start_after, ElementsAre(Pair("POD1", 4711), Pair("POD2", 0)));
  EXPECT_EQ(ingest.adopt_pod, "POD2");
  EXPECT_FALSE(ingest.csv.empty_quoted_is_null);
  EXPECT_EQ(ingest.schedule, "every 2 hours");
  EXPECT_EQ(ingest.bad_rows.percent, 0.5);
  EXPECT_EQ(ingest.bad_rows.always_allowed, 1000);
  EXPECT_EQ(ingest.csv.delimiter, "\t");
  EXPECT_EQ(ingest.csv.quote, '\'');
  EXPECT_EQ(ingest.csv.header, CsvOptions::Header::kYes);
  EXPECT_THAT(ingest.csv.null_words, ElementsAre("NULL", "n/a"));
}

TEST(Ingest, OfLayoutZenotiMayHaveNoTablesYet) {
  EXPECT_THAT(IngestOf("    layout: zenoti\n").tables, IsEmpty());
}

TEST(Ingest, OfLayoutFilesHasPatternsAndColumns) {
  const Ingest ingest = IngestOf(
      "    layout: files\n    tables:\n      Customers:\n        pattern: customers/*.csv.gz\n"
      "        columns: { ID: bigint, Amount: \"decimal(12, 2)\" }\n        mode: replace\n"
      "        key: [id]\n        bad_rows: { always_allowed: 5 }\n");
  EXPECT_EQ(ingest.settle.count(), 0);
  EXPECT_FALSE(ingest.csv.empty_quoted_is_null);
  ASSERT_EQ(ingest.tables.size(), 1u);
  const Table& table = ingest.tables[0];
  EXPECT_EQ(table.name, "customers");
  EXPECT_EQ(table.pattern, "customers/*.csv.gz");
  EXPECT_EQ(table.mode, Table::Mode::kReplace);
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].name, "id");
  EXPECT_EQ(table.columns[0].sql_type, "BIGINT");
  EXPECT_EQ(table.columns[1].name, "amount");
  EXPECT_EQ(table.columns[1].sql_type, "DECIMAL(12, 2)");
  EXPECT_EQ(table.columns[1].where.ToString(), "sluice.yml:10:40");
  EXPECT_EQ(table.bad_rows->always_allowed, 5);
  EXPECT_EQ(table.bad_rows->percent, 1);
}

TEST(Ingest, OfLayoutFilesAppendsUnlessToldOtherwise) {
  const Ingest ingest = IngestOf(
      "    layout: files\n    empty_string: null\n    tables: { t: { pattern: t.csv, columns: "
      "{ "
      "a: INT } } }\n");
  EXPECT_EQ(ingest.tables[0].mode, Table::Mode::kAppend);
  EXPECT_TRUE(ingest.csv.empty_quoted_is_null);
}

TEST(Ingest, OfLayoutFilesHasModesWithWhatTheyNeed) {
  const Ingest ingest = IngestOf(
      "    layout: files\n    schema_changes: freeze\n    tables:\n"
      "      a: { pattern: a.csv, columns: { id: INT, at: DATE }, mode: upsert, key: id, version: "
      "AT }\n"
      "      b: { pattern: b.csv, columns: { id: INT, gone: BOOLEAN }, mode: delete-insert, key: "
      "id,\n"
      "           delete_when: { column: Gone, values: [1, true] } }\n");
  EXPECT_EQ(ingest.schema_changes, SchemaChanges::kFreeze);
  ASSERT_EQ(ingest.tables.size(), 2u);
  EXPECT_EQ(ingest.tables[0].mode, Table::Mode::kUpsert);
  EXPECT_EQ(ingest.tables[0].version, "at");
  EXPECT_EQ(ingest.tables[1].mode, Table::Mode::kDeleteInsert);
  EXPECT_EQ(ingest.tables[1].delete_when.column, "gone");
  EXPECT_THAT(ingest.tables[1].delete_when.values, ElementsAre("1", "true"));
}

TEST(Ingest, OfLayoutFilesHasColumnsWithOptions) {
  const Ingest ingest = IngestOf(
      "    layout: files\n    tables:\n      t:\n        pattern: t.csv\n        columns:\n"
      "          id: int\n"
      "          email: { type: varchar, from: [E_Mail, mail], renamed_from: E_MAIL }\n"
      "          city: { type: text, from: address.city }\n");
  ASSERT_EQ(ingest.tables.size(), 1u);
  const std::vector<Column>& columns = ingest.tables[0].columns;
  ASSERT_EQ(columns.size(), 3u);
  EXPECT_EQ(columns[0].sql_type, "INT");
  EXPECT_THAT(columns[0].from, IsEmpty());
  EXPECT_EQ(columns[1].name, "email");
  EXPECT_EQ(columns[1].sql_type, "VARCHAR");
  EXPECT_THAT(columns[1].from, ElementsAre("E_Mail", "mail"));
  EXPECT_EQ(columns[1].renamed_from, "e_mail");
  EXPECT_EQ(columns[1].where.ToString(), "sluice.yml:12:18");
  EXPECT_THAT(columns[2].from, ElementsAre("address.city"));
}

TEST(Ingest, TakesTheOlderWordsForNewColumns) {
  const std::vector<std::pair<std::string, SchemaChanges>> words = {
      {"add", SchemaChanges::kEvolve},
      {"ignore", SchemaChanges::kIgnore},
      {"fail", SchemaChanges::kDeclared}};
  for (const auto& [word, meaning] : words) {
    EXPECT_EQ(ZenotiWith("    on_new_column: " + word + "\n").schema_changes, meaning) << word;
  }
}

TEST(Ingest, MayReadFromSeveralStores) {
  const Project project = Load(
      "project: p\nconnections:\n  a: { type: file, path: a }\n  b: { type: s3, bucket: b }\n"
      "ingests: { i: { from: [a, b], layout: zenoti } }\n");
  EXPECT_THAT(project.ingests[0].from, ElementsAre("a", "b"));
}

// ---- checks ----

std::vector<Check> ChecksOf(const std::string& checks) {
  return ZenotiWith("    checks:\n" + checks).checks;
}

TEST(Check, OfVolumeComparesWithThePast) {
  const auto checks = ChecksOf(
      "      - volume: { at_least: 60% }\n"
      "      - volume: { per: day, against: mean, last: 30, min_history: 7, at_most: 300% }\n"
      "        on_failure: warn\n        tables: [Bi_DimUser]\n");
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[0].Name(), "volume per load");
  EXPECT_EQ(checks[0].on_failure, OnFailure::kFail);
  EXPECT_EQ(checks[0].volume.against, VolumeCheck::Against::kMedian);
  EXPECT_EQ(checks[0].volume.last, 14);
  EXPECT_EQ(checks[0].volume.min_history, 5);
  EXPECT_EQ(checks[0].volume.at_least->value, 60);
  EXPECT_EQ(checks[1].Name(), "volume per day");
  EXPECT_EQ(checks[1].on_failure, OnFailure::kWarn);
  EXPECT_EQ(checks[1].volume.against, VolumeCheck::Against::kMean);
  EXPECT_EQ(checks[1].volume.last, 30);
  EXPECT_EQ(checks[1].volume.min_history, 7);
  EXPECT_EQ(checks[1].volume.at_most->value, 300);
  EXPECT_THAT(checks[1].tables, ElementsAre("bi_dimuser"));
  EXPECT_EQ(checks[1].where.ToString(), "sluice.yml:10:9");
}

TEST(Check, OfColumnsNamesThem) {
  const auto checks = ChecksOf(
      "      - not_null: [UserID, Email]\n      - unique: userid\n"
      "      - accepted_values: { column: Status, values: [new, 1, true, NULL] }\n");
  ASSERT_EQ(checks.size(), 3u);
  EXPECT_EQ(checks[0].Name(), "not_null(userid,email)");
  EXPECT_EQ(checks[1].Name(), "unique(userid)");
  EXPECT_EQ(checks[2].Name(), "accepted_values(status)");
  EXPECT_THAT(checks[2].values, ElementsAre("new", "1", "true", "NULL"));
}

TEST(Check, OfUniqueKeyTakesTheKeyOfTheTable) {
  const Ingest ingest = IngestOf(
      "    layout: zenoti\n    checks: [ { unique: key } ]\n"
      "    tables: { t: { key: [a, b], checks: [ { unique: key }, { unique: [key] } ] } }\n");
  EXPECT_THAT(ingest.tables[0].checks[0].columns, ElementsAre("a", "b"));
  EXPECT_THAT(ingest.tables[0].checks[1].columns, ElementsAre("key"));
  EXPECT_THAT(ingest.checks[0].columns, IsEmpty());
  EXPECT_EQ(ingest.checks[0].Name(), "unique(key)");
}

// ---- models ----

Model ModelOf(const std::string& model) {
  TestProject files("project: p\nmodels:\n  m: " + model + "\n");
  files.Write("models/m.sql", "SELECT 1\n");
  const Project project = files.Load();
  return project.models.empty() ? Model() : project.models[0];
}

TEST(Model, IsAFileWhenItEndsInSql) {
  for (const char* form : {"models/m.sql", "{ file: ./models/m.sql }"}) {
    const Model model = ModelOf(form);
    EXPECT_EQ(model.kind, Model::Kind::kSql) << form;
    EXPECT_EQ(model.sql, "SELECT 1\n");
    EXPECT_EQ(model.sql_where.ToString(), "models/m.sql:1:1");
    EXPECT_FALSE(model.as_table);
  }
}

TEST(Model, IsARelationWhenItIsABareName) {
  for (const char* form :
       {"reporting.guests", "{ table: reporting.guests }", "{ view: reporting.guests }"}) {
    const Model model = ModelOf(form);
    EXPECT_EQ(model.kind, Model::Kind::kRelation) << form;
    EXPECT_EQ(model.relation, "reporting.guests");
  }
}

TEST(Model, IsSqlWhenItHasABlank) {
  const Model model = ModelOf("SELECT * FROM x.sql");
  EXPECT_EQ(model.kind, Model::Kind::kSql);
  EXPECT_EQ(model.sql, "SELECT * FROM x.sql");
  EXPECT_EQ(model.sql_where.ToString(), "sluice.yml:3:6");
}

TEST(Model, MayBeATableWithChecksAndKnowsThePlaceOfItsSql) {
  const Model model = ModelOf(
      "\n    as: table\n    checks: [ { not_null: id } ]\n    sql: |\n      SELECT id\n"
      "        FROM nowhere");
  EXPECT_TRUE(model.as_table);
  ASSERT_EQ(model.checks.size(), 1u);
  EXPECT_THAT(model.checks[0].columns, ElementsAre("id"));
  EXPECT_EQ(model.sql, "SELECT id\n  FROM nowhere\n");
  // Line 2, column 8 of the SQL ("nowhere") stands there in the file:
  EXPECT_EQ(model.sql_where.Inside(2, 8).ToString(), "sluice.yml:8:14");
}

// ---- syncs ----

Sync SyncOf(const std::string& options) {
  const Project project = Load(
      "project: p\nmodels: { m: SELECT 1 }\nconnections: { o: { type: file, path: o } }\n"
      "syncs: { s: { model: M, to: o, object: x, key: ID, " +
      options + " } }\n");
  return project.syncs.empty() ? Sync() : project.syncs[0];
}

TEST(Sync, HasItsDefaults) {
  const Sync sync = SyncOf("fields: { a: a }");
  EXPECT_EQ(sync.model, "m");
  EXPECT_EQ(sync.key, "id");
  EXPECT_EQ(sync.mode, "upsert");
  EXPECT_EQ(sync.timezone, "UTC");
  EXPECT_EQ(sync.schedule, "");
  EXPECT_EQ(sync.batch.rows, 0);
  EXPECT_EQ(sync.batch.bytes, 0);
  EXPECT_EQ(sync.batch.parallel, 1);
  EXPECT_TRUE(sync.create_new_fields);
  EXPECT_FALSE(sync.merge_nested_objects);
  EXPECT_TRUE(sync.prefer_user_id);
  EXPECT_EQ(sync.duplicates.policy, Duplicates::Policy::kCollapse);
  EXPECT_FALSE(sync.guards.added || sync.guards.changed || sync.guards.removed);
  EXPECT_FALSE(sync.guards.allow_empty);
}

TEST(Sync, HasGuardsOfRowsAndShares) {
  const Sync sync = SyncOf(
      "fields: { a: a }, mode: mirror, guards: { at_most: { added: 12.5%, removed: 1000 }, "
      "allow_empty: true }");
  EXPECT_EQ(sync.mode, "mirror");
  ASSERT_TRUE(sync.guards.added && sync.guards.removed);
  EXPECT_EQ(sync.guards.added->percent, 12.5);
  EXPECT_EQ(sync.guards.removed->percent, std::nullopt);
  EXPECT_EQ(sync.guards.removed->rows, 1000);
  EXPECT_FALSE(sync.guards.changed);
  EXPECT_TRUE(sync.guards.allow_empty);
}

TEST(Sync, SaysWhatBecomesOfDuplicates) {
  const auto duplicates = [](const std::string& text) {
    return SyncOf("fields: { a: a }, duplicates: " + text).duplicates;
  };
  EXPECT_EQ(duplicates("reject").policy, Duplicates::Policy::kReject);
  EXPECT_EQ(duplicates("collapse identical").policy, Duplicates::Policy::kCollapse);
  const Duplicates newest = duplicates("newest  by Updated At");
  EXPECT_EQ(newest.policy, Duplicates::Policy::kNewest);
  EXPECT_EQ(newest.column, "updated at");
  EXPECT_EQ(newest.where.line, 4);
}

TEST(Sync, TakesAllItsOptions) {
  const Sync sync = SyncOf(
      "fields: { a: a }, timezone: America/New_York, schedule: '0 3 * * *', batch: { rows: "
      "500, bytes: 1 MB, parallel: 4 }, create_new_fields: false, merge_nested_objects: true, "
      "prefer_user_id: "
      "no");
  EXPECT_EQ(sync.timezone, "America/New_York");
  EXPECT_EQ(sync.schedule, "0 3 * * *");
  EXPECT_EQ(sync.batch.rows, 500);
  EXPECT_EQ(sync.batch.bytes, 1'000'000);
  EXPECT_EQ(sync.batch.parallel, 4);
  EXPECT_FALSE(sync.create_new_fields);
  EXPECT_TRUE(sync.merge_nested_objects);
  EXPECT_FALSE(sync.prefer_user_id);
}

TEST(Sync, MapsFieldsToColumnsConstantsAndNestedObjects) {
  const Sync sync = SyncOf(
      "fields: { email: Email, lastVisit: { column: Last_Visit, timezone: Europe/Berlin }, "
      "source: { value: spa }, code: { value: \"5\" }, visits: { value: 5 }, vip: { value: true }, "
      "address: { city: City, geo: { lat: { column: Lat } } }, home.zip: zip }");
  ASSERT_EQ(sync.fields.size(), 9u);
  EXPECT_EQ(sync.fields[0].column, "email");
  EXPECT_EQ(sync.fields[0].from, Field::From::kColumn);
  EXPECT_EQ(sync.fields[1].column, "last_visit");
  EXPECT_EQ(sync.fields[1].timezone, "Europe/Berlin");
  EXPECT_EQ(sync.fields[2].from, Field::From::kConstant);
  EXPECT_EQ(sync.fields[2].constant, "\"spa\"");
  EXPECT_EQ(sync.fields[3].constant, "\"5\"");
  EXPECT_EQ(sync.fields[4].constant, "5");
  EXPECT_EQ(sync.fields[5].constant, "true");
  EXPECT_EQ(sync.fields[6].to, "address.city");
  EXPECT_EQ(sync.fields[6].column, "city");
  EXPECT_EQ(sync.fields[7].to, "address.geo.lat");
  EXPECT_EQ(sync.fields[7].column, "lat");
  EXPECT_EQ(sync.fields[8].to, "home.zip");
}

TEST(Sync, MakesFieldsOfExpressionsTemplatesAndCasts) {
  const Sync sync = SyncOf(
      "null: skip, on_unmapped: clear, map: auto, fields: { name: \"{First} {last}\", a: { sql: "
      "\"upper(X) || '${Y}'\" }, b: { template: \"{{{x}\" }, c: { column: c, cast: date, format: "
      "'%d.%m.%Y', null: send }, d: { column: d, transform: [trim, lower], hash: sha256 } }");
  EXPECT_EQ(sync.null, NullPolicy::kSkip);
  EXPECT_TRUE(sync.clear_unmapped);
  EXPECT_TRUE(sync.map_auto);
  ASSERT_EQ(sync.fields.size(), 5u);
  EXPECT_EQ(sync.fields[0].from, Field::From::kTemplate);
  ASSERT_EQ(sync.fields[0].parts.size(), 3u);
  EXPECT_EQ(sync.fields[0].parts[0].text, "first");
  EXPECT_EQ(sync.fields[1].from, Field::From::kSql);
  EXPECT_EQ(sync.fields[1].sql, "upper(X) || '${Y}'");
  EXPECT_EQ(sync.fields[2].parts[0].text, "{");
  EXPECT_EQ(sync.fields[3].cast, Field::Cast::kDate);
  EXPECT_EQ(sync.fields[3].format, "%d.%m.%Y");
  EXPECT_EQ(sync.fields[3].null, NullPolicy::kSend);
  EXPECT_EQ(sync.fields[4].transforms,
            (std::vector{Field::Transform::kTrim, Field::Transform::kLower}));
  EXPECT_TRUE(sync.fields[4].sha256);
}

// ---- connections, warehouse, files ----

TEST(Connection, PathsAreRelativeToTheProjectAndTheHomeFolder) {
  TestProject files(
      "project: p\nconnections:\n  a: { type: file, path: ../a/./b }\n  b: { type: s3, bucket: b, "
      "credentials_file: ~/.aws/credentials, ca_file: /etc/ca.pem }\n");
  const Project project = files.Load();
  EXPECT_EQ(project.FindConnection("a")->options.Text("path"),
            env::Dirname(files.folder()) + "/a/b");
  const Options& s3 = project.FindConnection("b")->options;
  EXPECT_EQ(s3.Text("credentials_file"), "/home/ada/.aws/credentials");
  EXPECT_EQ(s3.Text("ca_file"), "/etc/ca.pem");
  EXPECT_EQ(s3.Text("region"), "us-east-1");
}

TEST(Warehouse, TakesItsLimits) {
  TestProject files(
      "project: p\nwarehouse: { path: data/w.duckdb, memory_limit: 2 GiB, threads: 3 }\n");
  const Project project = files.Load();
  EXPECT_EQ(project.warehouse.type, "duckdb");
  EXPECT_EQ(project.warehouse.path, files.folder() + "/data/w.duckdb");
  EXPECT_EQ(project.warehouse.memory_limit, 2ULL << 30);
  EXPECT_EQ(project.warehouse.threads, 3);
}

TEST(Project, IsFoundFromAFolderBelowIt) {
  TestProject files("project: p\n");
  files.Write("models/deep/x.sql", "SELECT 1");
  files.options().current_folder = files.folder() + "/models/deep";
  EXPECT_EQ(files.Load().folder, files.folder());
  EXPECT_EQ(files.Load(files.folder()).folder, files.folder());
  EXPECT_EQ(files.Load("../../sluice.yml").folder, files.folder());
}

TEST(Project, IsPutTogetherFromSeveralFiles) {
  TestProject files(
      "project: p\ninclude: [ connections/*.yml, parts/tables.yml ]\ningests:\n  i: { from: a, "
      "layout: "
      "zenoti, tables: { t1: { key: id } } }\n");
  files.Write("connections/a.yml", "connections: { a: { type: file, path: a } }\n");
  files.Write("connections/b.yml", "connections: { b: { type: file, path: b } }\n");
  files.Write("connections/c.txt", "not read");
  files.Write("parts/tables.yml",
              "include: more.yml\ningests: { i: { tables: { t2: { key: id } } } }\n");
  files.Write("parts/more.yml", "models: { m: SELECT 1 }\n");
  const Project project = files.Load();
  EXPECT_EQ(project.connections.size(), 2u);
  EXPECT_EQ(project.connections[1].options.Text("path"), files.folder() + "/b");
  EXPECT_EQ(project.connections[1].where.ToString(), "connections/b.yml:1:16");
  ASSERT_EQ(project.ingests[0].tables.size(), 2u);
  EXPECT_EQ(project.ingests[0].tables[1].where.ToString(), "parts/tables.yml:2:27");
  EXPECT_NE(project.FindModel("m"), nullptr);
}

// ---- digest ----

std::string DigestOf(const std::string& yaml) {
  return Load(yaml).digest;
}

TEST(Digest, DependsOnWhatIsSaidAndNotOnHow) {
  const std::string plain =
      "project: p\nmodels: { m: SELECT 1 }\nconnections: { a: { type: file, path: a } }\n";
  const std::string digest = DigestOf(plain);
  EXPECT_EQ(digest.size(), 32u);
  EXPECT_EQ(
      DigestOf("# the same\nconnections:\n  a:\n    path: a\n    type: file\n    shared: false\n"
               "models: { m: \"SELECT 1\" }\nproject: p\n"),
      digest);
  EXPECT_NE(DigestOf(ReplaceAll(plain, "SELECT 1", "SELECT 2")), digest);
  EXPECT_NE(DigestOf(ReplaceAll(plain, "path: a", "path: b")), digest);
}

TEST(Digest, DependsOnTheSqlOfFilesButNotOnSecrets) {
  TestProject files(
      "project: p\nmodels: { m: m.sql }\nconnections: { it: { type: iterable, region: us, "
      "project_type: "
      "email, api_key: '${K}' } }\n");
  files.Write("m.sql", "SELECT 1").Set("K", "a");
  const std::string digest = files.Load().digest;
  EXPECT_EQ(files.Set("K", "b").Load().digest, digest);
  EXPECT_NE(files.Write("m.sql", "SELECT 2").Load().digest, digest);
}

// ---- the specification itself ----

TEST(OptionSpec, WarnsOfWhatIsDeprecated) {
  const OptionSpec spec =
      ObjectOption("x", "", {Option(OptionKind::kText, "old", "An old one.").Deprecated("`new`")});
  Diagnostics diagnostics;
  const Variables variables;
  ReadContext context;
  context.variables = &variables;
  context.diagnostics = &diagnostics;
  const NodePtr node = ParseYaml("old: 1\n", "x.yml", &diagnostics);
  EXPECT_EQ(ReadOption(spec, *node, "x", context).TextOf("old"), "1");
  ASSERT_EQ(diagnostics.warnings().size(), 1u);
  EXPECT_EQ(diagnostics.warnings()[0].ToString(), "x.yml:1:1: x.old: is deprecated; write `new`");
}

TEST(Options, BreakAnInvariantWhenAnAbsentOneIsAskedFor) {
  EXPECT_DEATH((void)Options().Text("path"), "option \"path\" is not there; ask Has first");
}

}  // namespace
}  // namespace sluice::config
