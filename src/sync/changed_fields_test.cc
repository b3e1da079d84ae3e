#include "sync/changed_fields.h"

#include <gtest/gtest.h>

namespace sluice::sync {
namespace {

ChangedFieldsRules Rules(bool merges) {
  return {{"email"}, {"a", "age", "at", "b", "city", "email", "new", "tried", "was"}, merges};
}

std::string Send(std::string_view payload, std::optional<std::string_view> delivered,
                 std::vector<std::string_view> maybe = {}, bool merges = false) {
  return FieldsToSend(payload, delivered, maybe, Rules(merges));
}

TEST(ChangedFields, TheFirstTimeEverythingGoes) {
  EXPECT_EQ(Send(R"({"city":"Ulm","email":"a@x"})", {}), R"({"city":"Ulm","email":"a@x"})");
}

TEST(ChangedFields, OnlyWhatChangedGoesWithTheIdentifiers) {
  EXPECT_EQ(Send(R"({"age":7,"city":"Bonn","email":"a@x","new":true})",
                 R"({"age":7,"city":"Ulm","email":"a@x"})"),
            R"({"city":"Bonn","email":"a@x","new":true})");
}

TEST(ChangedFields, NullGoesOnlyWhereAValueWasDelivered) {
  EXPECT_EQ(Send(R"({"email":"a@x"})", R"({"city":"Ulm","email":"a@x"})"),
            R"({"city":null,"email":"a@x"})");
  EXPECT_EQ(Send(R"({"email":"a@x"})", R"({"email":"a@x"})"), R"({"email":"a@x"})");
}

TEST(ChangedFields, WhatIsNotMappedIsLeftAlone) {
  EXPECT_EQ(Send(R"({"email":"a@x"})", R"({"email":"a@x","unmapped":1})"), R"({"email":"a@x"})");
  EXPECT_EQ(Send(R"({"email":"a@x"})", {}, {R"({"city":1,"unmapped":1})"}),
            R"({"city":null,"email":"a@x"})");
}

TEST(ChangedFields, WhatIsMappedNoMoreIsClearedWhereThatIsWanted) {
  ChangedFieldsRules rules = Rules(false);
  rules.clears_unmapped = true;
  EXPECT_EQ(FieldsToSend(R"({"email":"a@x"})", R"({"email":"a@x","unmapped":1})", {}, rules),
            R"({"email":"a@x","unmapped":null})");
  EXPECT_TRUE(AnythingToSend(R"({"email":"a@x"})", R"({"email":"a@x","unmapped":1})", rules));
  EXPECT_EQ(WithKept(R"({"email":"a@x"})", R"({"email":"a@x","unmapped":1})", {}, rules),
            R"({"email":"a@x"})");
}

TEST(ChangedFields, WhatIsNotClearedIsStillThereUnlessThatIsNotKnown) {
  ChangedFieldsRules rules = Rules(false);
  rules.kept = {"city"};
  const auto delivered = R"({"age":1,"city":"Ulm","email":"a@x","unmapped":1})";
  EXPECT_EQ(FieldsToSend(R"({"email":"a@x"})", delivered, {}, rules),
            R"({"age":null,"email":"a@x"})");
  EXPECT_EQ(WithKept(R"({"email":"a@x"})", delivered, {}, rules),
            R"({"city":"Ulm","email":"a@x","unmapped":1})");
  EXPECT_EQ(WithKept(R"({"email":"a@x"})", delivered, R"({"city":"Bonn","email":"a@x"})", rules),
            R"({"email":"a@x","unmapped":1})");
}

TEST(ChangedFields, MergingClearsInsideOfObjectsOnlyWhatIsMapped) {
  ChangedFieldsRules rules = Rules(true);
  rules.mapped = {"address", "email", "raw"};
  rules.paths = {"address.city", "address.zip", "email", "raw"};
  const auto was =
      R"({"address":{"city":"Ulm","street":"x","zip":1},"email":"a@x","raw":{"k":1,"l":2}})";
  const auto now = R"({"address":{"zip":1},"email":"a@x","raw":{"l":2}})";
  EXPECT_EQ(FieldsToSend(now, was, {}, rules),
            R"({"address":{"city":null,"zip":1},"email":"a@x","raw":{"k":null,"l":2}})");
}

TEST(ChangedFields, WhetherThereIsAnythingToSend) {
  const auto any = [](std::string_view payload, std::string_view delivered) {
    return AnythingToSend(payload, delivered, Rules(false));
  };
  const auto was = R"({"city":"Ulm","email":"a@x","unmapped":1})";
  EXPECT_FALSE(any(was, was));
  EXPECT_FALSE(any(R"({"city":"Ulm","email":"a@x"})", was));
  EXPECT_TRUE(any(R"({"email":"a@x","unmapped":1})", was));
  EXPECT_TRUE(any(R"({"city":"Ulm","email":"A@x"})", was));
  EXPECT_TRUE(any(R"({"b":1,"city":"Ulm","email":"a@x"})", was));
}

TEST(ChangedFields, NumbersTextsBooleansAndEmptyTextsDiffer) {
  EXPECT_EQ(Send(R"({"a":1,"email":"a@x"})", R"({"a":"1","email":"a@x"})"),
            R"({"a":1,"email":"a@x"})");
  EXPECT_EQ(Send(R"({"a":true,"email":"a@x"})", R"({"a":1,"email":"a@x"})"),
            R"({"a":true,"email":"a@x"})");
  EXPECT_EQ(Send(R"({"a":"","email":"a@x"})", R"({"email":"a@x"})"), R"({"a":"","email":"a@x"})");
}

TEST(ChangedFields, AfterAnUncertainTryEverythingGoesAndWhatMayBeThereIsCleared) {
  EXPECT_EQ(Send(R"({"city":"Ulm","email":"a@x"})", R"({"city":"Ulm","email":"a@x","was":1})",
                 {R"({"city":"Ulm","email":"a@x","tried":2})"}),
            R"({"city":"Ulm","email":"a@x","tried":null,"was":null})");
  EXPECT_EQ(Send(R"({"email":"a@x"})", {}, {R"({"a":1,"email":"a@x"})", R"({"b":null})"}),
            R"({"a":null,"b":null,"email":"a@x"})");
}

TEST(ChangedFields, AnObjectGoesWholeOrWithNullsWhereTheDestinationMerges) {
  const auto now = R"({"at":{"city":"Ulm","geo":{"x":1}},"email":"a@x"})";
  const auto was = R"({"at":{"city":"Ulm","geo":{"x":1,"y":2},"zip":"8"},"email":"a@x"})";
  EXPECT_EQ(Send(now, was), now);
  EXPECT_EQ(Send(now, was, {}, true),
            R"({"at":{"city":"Ulm","geo":{"x":1,"y":null},"zip":null},"email":"a@x"})");
  EXPECT_EQ(Send(now, now, {}, true), R"({"email":"a@x"})");
  EXPECT_EQ(Send(now, {}, {R"({"at":{"tried":1},"email":"a@x"})"}, true),
            R"({"at":{"city":"Ulm","geo":{"x":1},"tried":null},"email":"a@x"})");
}

TEST(ChangedFields, AnOverlayNamesAllThatMayBeThere) {
  EXPECT_EQ(Overlay(R"({"a":1,"b":2})", R"({"b":2,"c":null})"), R"({"a":1,"b":2,"c":null})");
  EXPECT_EQ(Overlay("{}", "{}"), "{}");
}

TEST(ChangedFields, WhatIsReplacedGoesWhole) {
  ChangedFieldsRules rules = Rules(true);
  rules.whole = true;
  rules.kept = {"city"};
  const char* const payload = R"({"email":"a@x","visits":2})";
  const char* const delivered = R"({"city":"Ulm","email":"a@x","unmapped":1,"visits":2})";
  EXPECT_TRUE(AnythingToSend(payload, delivered, rules)) << "two fields have to go";
  EXPECT_EQ(FieldsToSend(payload, delivered, {}, rules), payload);
  EXPECT_EQ(WithKept(payload, delivered, {}, rules), payload);
  EXPECT_FALSE(AnythingToSend(payload, payload, rules));
}

TEST(WithoutTest, TakesFieldsOutAlsoInsideOfObjects) {
  const char* payload = R"({"a":1,"address":{"city":"Ulm","zip":"1"},"level":"gold"})";
  EXPECT_EQ(Without(payload, R"(["level"])"), R"({"a":1,"address":{"city":"Ulm","zip":"1"}})");
  EXPECT_EQ(Without(payload, R"(["address.city","level"])"), R"({"a":1,"address":{"zip":"1"}})");
  EXPECT_EQ(Without(payload, R"(["address"])"), R"({"a":1,"level":"gold"})");
  EXPECT_EQ(Without(payload, R"(["a.b","lev","none"])"), payload);
}

}  // namespace
}  // namespace sluice::sync
