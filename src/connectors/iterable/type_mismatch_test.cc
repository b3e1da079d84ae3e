#include "connectors/iterable/type_mismatch.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::connectors::iterable {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TypeMismatch Mismatch(const std::string& field, const std::string& expected,
                      const std::string& value) {
  TypeMismatch mismatch;
  mismatch.field = field;
  mismatch.expected = expected;
  mismatch.value = value;
  return mismatch;
}

// The rows to blame among payloads that hold each of `values` in the field "f".
std::vector<size_t> Blamed(const std::string& expected, const std::string& refused,
                           const std::vector<std::string>& values) {
  std::vector<std::string> payloads;
  for (const std::string& value : values) payloads.push_back("{\"f\":" + value + "}");
  std::vector<connector::Operation> rows;
  for (const std::string& payload : payloads) rows.emplace_back().payload = payload;
  return RowsWithMismatch(Mismatch("f", expected, refused), rows);
}

TEST(IterableTypeMismatch, TheRefusedValueIsFound) {
  EXPECT_THAT(Blamed("long", "\"12 3\"", {"1", "\"12 3\"", "\"12 4\"", "\"12 3\"", "null"}),
              ElementsAre(1, 3));
  EXPECT_THAT(Blamed("long", "\"12 3\"", {"1", "2"}), IsEmpty());
  EXPECT_THAT(Blamed("long", "", {"\"x\""}), IsEmpty());
}

TEST(IterableTypeMismatch, TypesGoByKind) {
  EXPECT_THAT(Blamed("date", "3", {"3", "4", "-7", "\"x\"", "4.5", "true", "null"}),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(Blamed("long", "4.5", {"3", "1e-7", "0.25", "\"4.5\""}), ElementsAre(2));
  EXPECT_THAT(Blamed("long", "99999999999999999999", {"3", "99999999999999999999"}),
              ElementsAre(1));
  EXPECT_THAT(Blamed("string", "true", {"false", "\"true\"", "1"}), ElementsAre(0));
  EXPECT_THAT(Blamed("string", R"({"a":1})", {R"({"b":2})", "\"{}\""}), ElementsAre(0));
}

TEST(IterableTypeMismatch, TextThatCanBeNoNumberOrDate) {
  EXPECT_THAT(Blamed("date", "\"soon\"", {"\"never\"", "\"Nov 21\"", "\"2026-11-21\"", "\"\""}),
              ElementsAre(0));
  EXPECT_THAT(Blamed("long", "\"A12\"", {"\"B7\"", "\"none\"", "\"1e3\"", "\"12\"", "12"}),
              ElementsAre(0, 1));
}

TEST(IterableTypeMismatch, DatesWrittenInTheSameWay) {
  const std::vector<std::string> values = {"\"2021-02-03 10:00:00.123\"",
                                           "\"2021-02-03 10:00:00 +00:00\"", "\"2021-02-03\"",
                                           "\"2021-12-31 23:59:59.999\""};
  EXPECT_THAT(Blamed("date", "\"2020-04-13 14:04:09.000\"", values), ElementsAre(0, 3));
  // Refused for its month or day, not for the way it is written.
  EXPECT_THAT(Blamed("date", "\"2020-13-13 14:04:09.000\"", values), IsEmpty());
  EXPECT_THAT(Blamed("date", "\"2021-02-29\"", values), IsEmpty());
  EXPECT_THAT(Blamed("date", "\"2020-04-13 25:04:09.000\"", values), IsEmpty());
  EXPECT_THAT(Blamed("date", "\"0020-04-13 14:04:09.000\"", values), IsEmpty());
}

TEST(IterableTypeMismatch, NestedFieldsAndLists) {
  const std::string payloads[] = {
      R"({"address":{"a\"b":{"zip":"none"}}})", R"({"address":{"a\"b":[{"zip":1},{"zip":"x"}]}})",
      R"({"address":{"a\"b":{"zip":[1,"y"]}}})", R"({"address":{"zip":"none"}})",
      R"({"address":"none","zip":"none"})"};
  std::vector<connector::Operation> rows;
  for (const std::string& payload : payloads) rows.emplace_back().payload = payload;
  EXPECT_THAT(RowsWithMismatch(Mismatch("address.a\"b.zip", "long", "\"none\""), rows),
              ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace sluice::connectors::iterable
