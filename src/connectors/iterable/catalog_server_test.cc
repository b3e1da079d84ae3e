// Catalogs at the stand-in for Iterable.

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/container.h"
#include "connector/sampling.h"
#include "connectors/iterable/standin_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::RowState;
using testing::Each;
using testing::Field;
using testing::HasSubstr;

class IterableCatalogTest : public testing::Test {
 protected:
  IterableCatalogTest() : standin_(ProjectType::kUserId) { standin_.Reset(); }
  ~IterableCatalogTest() override { EXPECT_EQ(standin_.Complaints(), ""); }

  // Items first to last with these members.
  void MakeItems(int count, const std::string& members) {
    texts_.clear();
    operations_.clear();
    texts_.reserve(static_cast<size_t>(2 * count));
    for (int n = 0; n < count; ++n) {
      const std::string& id = texts_.emplace_back(fmt::format("spa-{}", n));
      const std::string& payload =
          texts_.emplace_back(fmt::format("{{\"itemId\":\"{}\"{}}}", id, members));
      operations_.push_back({OperationKind::kUpsert, id, id, payload});
    }
  }
  std::vector<connector::RowOutcome> SendAll(connector::Destination& destination) {
    std::vector<connector::RowOutcome> outcomes;
    std::span<const Operation> rest = operations_;
    while (!rest.empty()) {
      const auto request = destination.Prepare(rest, {});
      EXPECT_TRUE(request.ok()) << request.status().ToString();
      if (!request.ok()) break;
      const auto result = destination.Send(*request, rest, nullptr);
      outcomes.insert(outcomes.end(), result.outcomes.begin(), result.outcomes.end());
      rest = rest.subspan(request->rows);
    }
    return outcomes;
  }

  Standin standin_;
  std::vector<std::string> texts_;
  std::vector<Operation> operations_;
};

const auto kAllThere = Each(Field(&connector::RowOutcome::state, RowState::kAcknowledged));

TEST_F(IterableCatalogTest, ManyItemsWithinTheLimits) {
  const auto destination = standin_.ConnectCatalog("spas");
  MakeItems(2500, ",\"city\":\"Ulm\"");
  EXPECT_THAT(SendAll(*destination), kAllThere);
  EXPECT_EQ(connector::ContainerOf(*destination)->Size(nullptr).value(), 2500U);
  MakeItems(300, fmt::format(",\"story\":\"{}\"", std::string(29'000, 'z')));
  EXPECT_THAT(SendAll(*destination), kAllThere);
  EXPECT_THAT(standin_.Get("stats"), HasSubstr("\"POST catalogs/{catalogName}/items 202\":6"));
}

TEST_F(IterableCatalogTest, WhatIsSeenLateIsWaitedForAndWhatIsLostIsTold) {
  const auto destination = standin_.ConnectCatalog("spas");
  connector::Sampling& sampling = *connector::SamplingOf(*destination);
  standin_.Post("settings", R"({"catalog_delay_ms":700})");
  MakeItems(3, ",\"city\":\"Ulm\",\"n\":12.0");
  EXPECT_THAT(SendAll(*destination), kAllThere);
  const auto late = sampling.LookAgain(std::chrono::seconds(20), nullptr).value();
  EXPECT_EQ(late.looked, 2U);
  EXPECT_EQ(late.found, 2U);

  standin_.Post("settings", R"({"catalog_delay_ms":0})");
  standin_.Post("faults", R"({"kind":"accepted-and-lost"})");
  MakeItems(3, ",\"city\":\"Bonn\"");
  EXPECT_THAT(SendAll(*destination), kAllThere) << "so Iterable says";
  const auto lost = sampling.LookAgain(std::chrono::milliseconds(300), nullptr).value();
  EXPECT_EQ(lost.looked, 2U);
  EXPECT_EQ(lost.found, 0U);
}

TEST_F(IterableCatalogTest, FieldsGetTheirTypesOnce) {
  const auto destination = standin_.ConnectCatalog("spas");
  connector::Container& container = *connector::ContainerOf(*destination);
  using connector::ValueKind;
  const std::vector<connector::FieldToSend> fields = {
      {"itemId", ValueKind::kText}, {"price", ValueKind::kFraction}, {"opened", ValueKind::kTime}};
  ASSERT_TRUE(container.Define(fields, nullptr).ok());
  ASSERT_TRUE(container.Define(fields, nullptr).ok());
  EXPECT_THAT(standin_.Get("catalogs"),
              HasSubstr(R"("mappings":{"opened":"date","price":"double"})"));
  EXPECT_THAT(standin_.Get("stats"),
              HasSubstr("\"PUT catalogs/{catalogName}/fieldMappings 200\":1"));
}

}  // namespace
}  // namespace sluice::connectors::iterable
