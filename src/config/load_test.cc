#include "config/load.h"

#include <gmock/gmock.h>

#include "config/test_project.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The project of the documentation.
constexpr const char* kSpaGroup = R"(project: spa_group

warehouse: { type: duckdb, path: warehouse.duckdb }      # the default

connections:
  drop:     { type: s3, bucket: customer-folder, region: us-east-1,
              access_key_id: ${DROP_KEY_ID}, secret_access_key: ${DROP_SECRET} }
  iterable: { type: iterable, region: us, project_type: userid, api_key: ${ITERABLE_API_KEY} }

ingests:
  zenoti:
    from: drop
    layout: zenoti
    tables:
      bi_factforms: { key: [factformid, organizationid] }      # facts: delete-insert by void
      bi_dimuser:   { key: [userid] }                          # dimensions: update-insert
    checks:
      - volume: { per: day, against: median, last: 14, min_history: 5, at_least: 60% }
        on_failure: fail                                       # or: warn

models:
  active_guests: models/active_guests.sql

syncs:
  guests_to_iterable:
    model: active_guests
    to: iterable
    object: users
    mode: upsert
    key: userid
    fields: { email: email, userId: userid, firstName: firstname, lastVisit: last_visit }
    schedule: every 15 minutes
)";

void FillSpaGroup(TestProject* project) {
  project->Write("sluice.yml", kSpaGroup);
  project->Write("models/active_guests.sql", "SELECT * FROM bi_dimuser\n");
  project->Set("DROP_KEY_ID", "AKIA").Set("DROP_SECRET", "s3cret").Set("ITERABLE_API_KEY", "k3y");
}

TEST(LoadProject, ReadsTheProjectOfTheDocumentation) {
  TestProject files;
  FillSpaGroup(&files);
  const Project project = files.Load();
  EXPECT_EQ(project.name, "spa_group");
  EXPECT_EQ(project.folder, files.folder());
  EXPECT_EQ(project.env, "dev");
  EXPECT_EQ(project.warehouse.path, files.folder() + "/warehouse.duckdb");
  EXPECT_EQ(project.StateFolder(), files.folder() + "/.sluice/dev");
  EXPECT_THAT(files.warnings(), IsEmpty());

  const Connection* drop = project.FindConnection("drop");
  ASSERT_NE(drop, nullptr);
  EXPECT_EQ(drop->type, "s3");
  EXPECT_EQ(drop->options.Text("bucket"), "customer-folder");
  EXPECT_EQ(drop->options.Text("access_key_id"), "AKIA");
  EXPECT_EQ(drop->options.SecretOf("secret_access_key").Reveal(), "s3cret");
  EXPECT_EQ(drop->options.Text("url_style"), "auto");
  EXPECT_TRUE(drop->options.Flag("verify_tls"));
  EXPECT_FALSE(drop->options.Has("endpoint"));
  const Connection* iterable = project.FindConnection("iterable");
  ASSERT_NE(iterable, nullptr);
  EXPECT_EQ(iterable->options.Number("requests_per_second"), 5);
  EXPECT_EQ(iterable->options.Number("max_body_bytes"), 4'000'000);
  EXPECT_EQ(iterable->options.Duration("timeout"), std::chrono::seconds(60));

  const Ingest* zenoti = project.FindIngest("zenoti");
  ASSERT_NE(zenoti, nullptr);
  EXPECT_THAT(zenoti->from, ElementsAre("drop"));
  EXPECT_EQ(zenoti->settle, std::chrono::minutes(15));
  EXPECT_TRUE(zenoti->csv.empty_quoted_is_null);
  ASSERT_EQ(zenoti->tables.size(), 2u);
  EXPECT_EQ(zenoti->tables[0].name, "bi_factforms");
  EXPECT_THAT(zenoti->tables[0].key, ElementsAre("factformid", "organizationid"));
  ASSERT_EQ(zenoti->checks.size(), 1u);
  EXPECT_EQ(zenoti->checks[0].Name(), "volume per day");
  EXPECT_EQ(zenoti->checks[0].volume.at_least->value, 60);
  EXPECT_FALSE(zenoti->checks[0].volume.at_most.has_value());

  const Model* guests = project.FindModel("active_guests");
  ASSERT_NE(guests, nullptr);
  EXPECT_EQ(guests->sql, "SELECT * FROM bi_dimuser\n");
  EXPECT_EQ(guests->sql_where.ToString(), "models/active_guests.sql:1:1");

  const Sync* sync = project.FindSync("guests_to_iterable");
  ASSERT_NE(sync, nullptr);
  EXPECT_EQ(sync->key, "userid");
  ASSERT_EQ(sync->fields.size(), 4u);
  EXPECT_EQ(sync->fields[3].to, "lastVisit");
  EXPECT_EQ(sync->fields[3].column, "last_visit");
  EXPECT_EQ(sync->fields[3].where.ToString(), "sluice.yml:31:67");
  EXPECT_EQ(sync->schedule, "every 15 minutes");
}

}  // namespace
}  // namespace sluice::config
