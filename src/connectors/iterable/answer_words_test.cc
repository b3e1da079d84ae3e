#include <gtest/gtest.h>

#include "connectors/iterable/answer.h"

namespace sluice::connectors::iterable {
namespace {

constexpr std::string_view kPayload =
    R"({"address":{"city":"Bad Homburg"},"email":"ann@x.de","tags":["gold"],"visits":7})";

TEST(ShownWords, KeepWhatIterableSaysAndDropWhere) {
  EXPECT_EQ(ShownWords("[/api/users/bulkUpdate] obj.users[3]: A userID-based project identifies by "
                       "userId",
                       kPayload),
            "A userID-based project identifies by userId");
}

TEST(ShownWords, HideTheValuesOfTheRowAndWhatLooksLikeValues) {
  EXPECT_EQ(ShownWords("the city bad homburg is GOLD for Ann@x.de", kPayload),
            "the city ... is ... for ...");
  EXPECT_EQ(ShownWords("nobody called bob@y.org or 4711 is here", kPayload),
            "nobody called ... or ... is here");
}

TEST(ShownWords, SayNothingWhereNothingIsLeft) {
  EXPECT_EQ(ShownWords("?", kPayload), "");
  EXPECT_EQ(ShownWords("ann@x.de", kPayload), "");
  EXPECT_EQ(ShownWords("", kPayload), "");
  EXPECT_LE(ShownWords(std::string(5000, 'w'), kPayload).size(), 300U);
}

}  // namespace
}  // namespace sluice::connectors::iterable
