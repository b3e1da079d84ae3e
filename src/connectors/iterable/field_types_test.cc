#include "connectors/iterable/field_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::connectors::iterable {
namespace {

using connector::FieldToSend;
using connector::ValueKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const std::vector<FieldToSend> kFields = {
    {"email", ValueKind::kText},       {"city", ValueKind::kText},
    {"spent", ValueKind::kFraction},   {"visits", ValueKind::kWhole},
    {"address.zip", ValueKind::kText}, {"seen", ValueKind::kTime},
    {"vip", ValueKind::kBoolean},      {"tags", ValueKind::kNested}};

TEST(FieldTypes, WhatIsNotThereIsMadeWithTheTypeOfItsFirstValue) {
  const auto report = CompareFields(R"({"fields":{"email":"string"}})", kFields, true).value();
  EXPECT_THAT(report.created,
              ElementsAre(Pair("city", "string"), Pair("spent", "double"), Pair("visits", "long"),
                          Pair("address.zip", "string"), Pair("seen", "date"),
                          Pair("vip", "boolean"), Pair("tags", "object")));
  EXPECT_THAT(report.dropped, IsEmpty());
}

TEST(FieldTypes, OrLostWhereNothingNewIsMade) {
  const auto report = CompareFields(R"({"fields":{"city":"string"}})", kFields, false).value();
  EXPECT_THAT(report.created, IsEmpty());
  EXPECT_THAT(report.dropped, ElementsAre("spent", "visits", "address.zip", "seen", "vip", "tags"));
}

TEST(FieldTypes, AnotherTypeIsAConflictWhereNoValueCouldFit) {
  const auto report =
      CompareFields(R"({"fields":{"city":"date","spent":"long","visits":"double","seen":"string",)"
                    R"("vip":"string","tags":"long","address.zip":"long"}})",
                    kFields, true)
          .value();
  EXPECT_THAT(report.created, IsEmpty());
  EXPECT_THAT(report.conflicts,
              ElementsAre(HasSubstr("\"spent\" has the type long in Iterable, and numbers with a "
                                    "fraction would be sent"),
                          HasSubstr("\"address.zip\" has the type long"),
                          HasSubstr("\"vip\" has the type string")));
  // Of text the values decide.
  EXPECT_THAT(report.refused, ElementsAre(HasSubstr("\"spent\""), HasSubstr("\"vip\"")));
  EXPECT_EQ(report.there, 7U);
  EXPECT_EQ(report.most, 1000U);
}

TEST(FieldTypes, AnotherAnswerIsAnError) {
  EXPECT_EQ(CompareFields("<html>", kFields, true).status().code(), Code::kConfig);
  EXPECT_EQ(CompareFields("{}", kFields, true).status().code(), Code::kConfig);
}

}  // namespace
}  // namespace sluice::connectors::iterable
