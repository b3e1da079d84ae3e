#include "connectors/iterable/catalog_destination.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/container.h"
#include "connector/sampling.h"
#include "connectors/iterable/catalog_body.h"
#include "connectors/iterable/catalog_fields.h"
#include "connectors/iterable/catalog_samples.h"
#include "connectors/iterable/scripted_transport_for_tests.h"
#include "connectors/iterable/sync_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::FieldToSend;
using connector::Operation;
using connector::OperationKind;
using connector::RowState;
using connector::ValueKind;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* kAccepted = R"({"code":"Success","msg":"Request received","params":null})";

class CatalogDestinationTest : public testing::Test {
 protected:
  CatalogDestinationTest() {
    destination_ = MakeCatalogDestination(SettingsForTests(ProjectType::kUserId), "spas", false,
                                          std::make_unique<ScriptedTransport>(script_), clock_);
  }
  Operation Item(const std::string& id, const std::string& payload,
                 OperationKind kind = OperationKind::kUpsert) {
    texts_.push_back(std::make_unique<std::pair<std::string, std::string>>(id, payload));
    return {kind, texts_.back()->first, texts_.back()->first, texts_.back()->second};
  }
  connector::Container& container() { return *connector::ContainerOf(*destination_); }
  connector::Sampling& sampling() { return *connector::SamplingOf(*destination_); }
  connector::SendResult Send(const std::vector<Operation>& items) {
    const auto request = destination_->Prepare(items, {});
    EXPECT_TRUE(request.ok()) << request.status().ToString();
    return destination_->Send(*request, items, nullptr);
  }

  Script script_;
  env::FakeClock clock_;
  std::unique_ptr<connector::Destination> destination_;
  std::vector<std::unique_ptr<std::pair<std::string, std::string>>> texts_;
};

TEST_F(CatalogDestinationTest, ItemsAreMergedAndDeleted) {
  const std::vector<Operation> items = {
      Item("spa-7", R"({"city":"Ulm","itemId":"spa-7","open":null})"), Item("8", R"({"itemId":8})"),
      Item("spa-7", R"({"city":"Bonn","itemId":"spa-7"})")};
  const auto request = destination_->Prepare(items, {}).value();
  EXPECT_EQ(request.rows, 2U) << "an item once in a request";
  EXPECT_EQ(request.method + " " + request.target, "POST /api/catalogs/spas/items");
  EXPECT_EQ(request.body, R"({"documents":{"spa-7":{"city":"Ulm","open":null},"8":{}},)"
                          R"("replaceUploadedFieldsOnly":true})");

  const std::vector<Operation> gone = {Item("a", R"({"itemId":"a"})", OperationKind::kRemove),
                                       Item("b", R"({"itemId":"b"})", OperationKind::kRemove),
                                       Item("c", R"({"itemId":"c"})")};
  const auto removal = destination_->Prepare(gone, {}).value();
  EXPECT_EQ(removal.rows, 2U);
  EXPECT_EQ(removal.method + " " + removal.target, "DELETE /api/catalogs/spas/items");
  EXPECT_EQ(removal.body, R"({"itemIds":["a","b"]})");
}

TEST_F(CatalogDestinationTest, WhatIsTooLargeIsRefusedAlone) {
  const std::string small = R"({"itemId":"s"})";
  const std::string large = "{\"itemId\":\"l\",\"text\":\"" + std::string(30'000, 'z') + "\"}";
  const std::vector<Operation> large_first = {Item("l", large), Item("s", small)};
  const auto refused = destination_->Prepare(large_first, {});
  EXPECT_EQ(refused.status().code(), Code::kRejected);
  EXPECT_THAT(refused.status().message(), HasSubstr("Iterable takes items of 30,000"));
  const std::vector<Operation> large_second = {Item("s", small), Item("l", large)};
  EXPECT_EQ(destination_->Prepare(large_second, {}).value().rows, 1U);
  // 30,000 bytes are still taken: {"text":"…"} has eleven more.
  const std::string most = "{\"itemId\":\"m\",\"text\":\"" + std::string(29'989, 'z') + "\"}";
  EXPECT_TRUE(destination_->Prepare(std::vector<Operation>{Item("m", most)}, {}).ok());
}

TEST_F(CatalogDestinationTest, IdsAreLettersDigitsAndDashes) {
  const auto id = [&](const std::string& payload) {
    const auto identity = destination_->IdentityOf("key", payload);
    return identity.ok() ? *identity : identity.status().message();
  };
  EXPECT_EQ(id(R"({"itemId":"Spa-7"})"), "Spa-7");
  EXPECT_EQ(id(R"({"itemId":7})"), "7");
  EXPECT_THAT(id(R"({"itemId":"a b"})"), HasSubstr("letters, digits and dashes"));
  EXPECT_THAT(id(R"({"itemId":"ä"})"), HasSubstr("letters, digits and dashes"));
  EXPECT_THAT(id("{\"itemId\":\"" + std::string(256, 'a') + "\"}"), HasSubstr("at most 255"));
  EXPECT_THAT(id(R"({"itemId":null})"), HasSubstr("missing"));
  EXPECT_THAT(id(R"({"name":"x"})"), HasSubstr("missing"));
}

TEST_F(CatalogDestinationTest, FieldsNeedTheId) {
  const auto check = [&](const std::vector<std::string>& fields) {
    return destination_->CheckFields(fields).ToString();
  };
  EXPECT_TRUE(destination_->CheckFields(std::vector<std::string>{"itemId", "a.b", "email"}).ok());
  EXPECT_THAT(check({"item_id", "name"}), HasSubstr("did you mean"));
  EXPECT_THAT(check({"itemId", "a", "a.b"}), HasSubstr("as a value, and as an object"));
  EXPECT_THAT(check({"itemId", "itemId.x"}), HasSubstr("makes an object of \"itemId\""));
}

TEST_F(CatalogDestinationTest, ACatalogIsFoundOrMadeAndTyped) {
  script_.Answer(404, R"({"code":"NotFound","msg":"no","params":null})");
  EXPECT_EQ(container().Find(nullptr).value(), false);
  EXPECT_EQ(container().Id(), "");
  script_.Answer(201, kAccepted);
  script_.Answer(200, R"({"definedMappings":{},"undefinedFields":[]})");
  ASSERT_TRUE(container().Make(nullptr).ok());
  EXPECT_EQ(container().Id(), "catalog spas");
  const std::vector<FieldToSend> fields = {{"itemId", ValueKind::kText},
                                           {"price", ValueKind::kFraction},
                                           {"place.city", ValueKind::kText}};
  script_.Answer(200, kAccepted);
  script_.Answer(200,
                 R"({"definedMappings":{"price":"double","place":"object"},"undefinedFields":[]})");
  ASSERT_TRUE(container().Define(fields, nullptr).ok());
  ASSERT_TRUE(container().Define(fields, nullptr).ok()) << "there is nothing left to define";
  EXPECT_THAT(script_.asked,
              ElementsAre("GET /api/catalogs/spas/fieldMappings", "POST /api/catalogs/spas",
                          "GET /api/catalogs/spas/fieldMappings",
                          R"(PUT /api/catalogs/spas/fieldMappings {"mappingsUpdates":[)"
                          R"({"fieldName":"place","fieldType":"object"},)"
                          R"({"fieldName":"price","fieldType":"double"}]})",
                          "GET /api/catalogs/spas/fieldMappings"));
}

TEST_F(CatalogDestinationTest, ACatalogThatSomebodyMadeMeanwhileIsTaken) {
  script_.Answer(400, R"({"code":"BadParams","msg":"exists","params":null})");
  script_.Answer(200, R"({"definedMappings":{},"undefinedFields":[]})");
  EXPECT_TRUE(container().Make(nullptr).ok());
  script_.Answer(400, R"({"code":"BadParams","msg":"no","params":null})");
  script_.Answer(404, "{}");
  EXPECT_EQ(container().Make(nullptr).code(), Code::kRetry);
}

TEST_F(CatalogDestinationTest, TypesThatDoNotFitAreTold) {
  const CatalogTypes known = {
      {"n", "double"}, {"t", "date"}, {"s", "string"}, {"g", "geo_location"}};
  const std::vector<FieldToSend> fields = {{"n", ValueKind::kWhole},
                                           {"t", ValueKind::kBoolean},
                                           {"s", ValueKind::kTime},
                                           {"g.lat", ValueKind::kFraction},
                                           {"new", ValueKind::kBoolean}};
  const auto report = CompareCatalogFields(fields, known);
  EXPECT_THAT(report.created, ElementsAre(Pair("new", "boolean")));
  EXPECT_THAT(report.conflicts, ElementsAre(HasSubstr("\"t\" has the type date")));
}

TEST_F(CatalogDestinationTest, AnswersAboutAll) {
  const std::vector<Operation> items = {Item("a", R"({"itemId":"a","secret":"xyz"})"),
                                        Item("b", R"({"itemId":"b"})")};
  const auto states = Each(Field(&connector::RowOutcome::state, RowState::kAcknowledged));
  script_.Answer(202, kAccepted);
  EXPECT_THAT(Send(items).outcomes, states);
  script_.Answer(200, kAccepted);
  EXPECT_THAT(Send(items).outcomes, states);
  script_.Answer(200, "<html>");
  EXPECT_THAT(Send(items).outcomes, Each(Field(&connector::RowOutcome::state, RowState::kUnknown)));
  script_.Answer(400, R"({"code":"BadParams","msg":"xyz is wrong","params":null})");
  const auto refused = Send(items);
  EXPECT_TRUE(refused.split);
  EXPECT_THAT(refused.outcomes, Each(Field(&connector::RowOutcome::state, RowState::kDeferred)));
  script_.Answer(400, R"({"code":"BadParams","msg":"xyz is wrong","params":null})");
  const auto alone = Send({items[0]});
  EXPECT_EQ(alone.outcomes[0].state, RowState::kRejected);
  EXPECT_THAT(alone.outcomes[0].message, Not(HasSubstr("xyz")));
  script_.Answer(404, R"({"code":"NotFound","msg":"gone","params":null})");
  EXPECT_THAT(Send(items).stop.message(), HasSubstr("the catalog \"spas\" is not there any more"));
  script_.Answer(503, "");
  EXPECT_THAT(Send(items).outcomes, Each(Field(&connector::RowOutcome::state, RowState::kUnknown)));
}

TEST_F(CatalogDestinationTest, WhatWasAcceptedIsLookedForUntilItIsThere) {
  script_.Answer(202, kAccepted);
  Send({Item("a", R"({"city":"Ulm","itemId":"a","n":12.0,"old":null})"),
        Item("b", R"({"itemId":"b","n":1})")});
  script_.Answer(202, kAccepted);
  Send({Item("c", R"({"itemId":"c"})", OperationKind::kRemove)});
  script_.Answer(404, "{}");                                            // a, not yet
  script_.Answer(200, R"({"itemId":"b","value":{"n":1.0,"more":2}})");  // b
  script_.Answer(404, "{}");                                            // c, gone
  script_.Answer(200, R"({"itemId":"a","value":{"city":"Ulm","n":12}})");
  const auto seen = sampling().LookAgain(std::chrono::seconds(60), nullptr).value();
  EXPECT_EQ(seen.looked, 3U);
  EXPECT_EQ(seen.found, 3U);
  EXPECT_EQ(sampling().LookAgain(std::chrono::seconds(60), nullptr).value().looked, 0U);
}

TEST_F(CatalogDestinationTest, WhatNeverComesIsToldInTime) {
  script_.Answer(202, kAccepted);
  Send({Item("a", R"({"city":"Ulm","itemId":"a"})")});
  for (int n = 0; n < 100; ++n) {
    script_.Answer(200, R"({"itemId":"a","value":{"city":"Bonn"}})");  // an older one
  }
  const env::Micros before = clock_.Now();
  const auto seen = sampling().LookAgain(std::chrono::seconds(60), nullptr).value();
  EXPECT_EQ(seen.looked, 1U);
  EXPECT_EQ(seen.found, 0U);
  EXPECT_LE(clock_.Now() - before, 65'000'000);
}

TEST(CatalogSamples, AFewOfManyTheLastOneAmongThem) {
  CatalogSamples samples;
  for (int n = 0; n < 1000; ++n) samples.Add({std::to_string(n), "{}"});
  const auto taken = samples.Take();
  EXPECT_EQ(taken.size(), 20U);
  EXPECT_EQ(taken.front().id, "0");
  samples.Add({"x", "{\"n\":1}"});
  samples.Add({"x", ""});
  EXPECT_THAT(samples.Take(), ElementsAre(Field(&CatalogSample::value, "")));
}

TEST(CatalogSamples, WhatCountsAsShown) {
  const auto shows = [](const std::string& sent, const std::string& shown) {
    return ItemFieldsNotShown("{\"value\":" + shown + "}", sent).empty();
  };
  EXPECT_TRUE(shows(R"({"n":null})", R"({})"));
  EXPECT_FALSE(shows(R"({"n":null})", R"({"n":1})"));
  EXPECT_FALSE(shows(R"({"s":"a"})", R"({"s":"b"})"));
  EXPECT_FALSE(shows(R"({"s":"a"})", R"({})"));
  EXPECT_TRUE(shows(R"({"t":"2026-11-21 14:03:07 +00:00"})", R"({"t":1795269787000})"));
  EXPECT_TRUE(shows(R"({"o":{"a":1}})", R"({"o":{"a":1,"b":2}})"));
  EXPECT_FALSE(ItemFieldsNotShown("[]", "{}").empty());
}

TEST(CatalogNames, OfTheProjectFile) {
  config::Sync sync;
  sync.name = "spas";
  env::FakeClock clock;
  Script script;
  const auto made = [&](const std::string& object) {
    sync.object = object;
    return MakeSyncDestination(SettingsForTests(ProjectType::kEmail), sync,
                               std::make_unique<ScriptedTransport>(script), clock)
        .status()
        .ToString();
  };
  EXPECT_EQ(made("catalog:spa-7"), Status::Ok().ToString());
  EXPECT_THAT(made("catalog:spa_7"), HasSubstr("\"spa_7\" is no name of a catalog"));
}

TEST_F(CatalogDestinationTest, AnItemTakesThePlaceOfTheOneThatIsThere) {
  destination_ = MakeCatalogDestination(SettingsForTests(ProjectType::kUserId), "spas", true,
                                        std::make_unique<ScriptedTransport>(script_), clock_);
  const std::vector<Operation> items = {Item("s1", R"({"city":"Ulm","itemId":"s1"})")};
  const auto request = destination_->Prepare(items, {});
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->body,
            R"({"documents":{"s1":{"city":"Ulm"}},"replaceUploadedFieldsOnly":false})");
}

}  // namespace
}  // namespace sluice::connectors::iterable
