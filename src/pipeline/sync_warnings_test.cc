#include "pipeline/sync_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::pipeline {
namespace {

using testing::ElementsAre;

TEST(SyncWarnings, TextsThatDifferInANameAreOneLine) {
  EXPECT_THAT(GroupWarnings({{"made a new field \"a\"", 1},
                             {"made a new field \"b\"", 1},
                             {"made a new field \"c\"", 1},
                             {"made a new field \"d\"", 1},
                             {"made a new field \"e\"", 1}}),
              ElementsAre("made a new field \"a\", \"b\", \"c\" and 2 more"));
}

TEST(SyncWarnings, OthersStayAndTellHowOften) {
  EXPECT_THAT(GroupWarnings({{"field \"a\" is filtered", 4}, {"slow", 1}, {"slow again", 2000}}),
              ElementsAre("field \"a\" is filtered (4 times)", "slow", "slow again (2,000 times)"));
}

TEST(SyncWarnings, AnOpenQuoteIsPartOfTheText) {
  EXPECT_THAT(GroupWarnings({{"a 3\" screw", 1}}), ElementsAre("a 3\" screw"));
}

}  // namespace
}  // namespace sluice::pipeline
