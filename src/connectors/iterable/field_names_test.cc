#include "connectors/iterable/field_names.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::connectors::iterable {
namespace {

using testing::HasSubstr;

std::string Check(ProjectType project, const std::vector<std::string>& fields) {
  const Status status = CheckUserFields(project, fields);
  if (status.ok()) return "ok";
  EXPECT_EQ(status.code(), Code::kConfig);
  return status.ToString();
}

TEST(IterableFieldNames, EveryKindOfProjectNeedsItsIdentifier) {
  EXPECT_EQ(Check(ProjectType::kEmail, {"email", "userId", "firstName"}), "ok");
  EXPECT_EQ(Check(ProjectType::kUserId, {"userId"}), "ok");
  EXPECT_EQ(Check(ProjectType::kHybrid, {"email"}), "ok");
  EXPECT_EQ(Check(ProjectType::kHybrid, {"userId"}), "ok");

  EXPECT_THAT(Check(ProjectType::kEmail, {"userId"}), HasSubstr("\"email\", which identifies"));
  EXPECT_THAT(Check(ProjectType::kUserId, {"email", "userid"}),
              HasSubstr("is not mapped (did you mean \"userid\"?)"));
  EXPECT_THAT(Check(ProjectType::kHybrid, {"firstName"}), HasSubstr("hybrid project"));
}

TEST(IterableFieldNames, NamesAreFreeOtherwise) {
  EXPECT_EQ(Check(ProjectType::kEmail, {"email", "last visit", "address.city", "address.zip code",
                                        "_7", "Größe", "signupDate", "phoneNumber"}),
            "ok");
}

TEST(IterableFieldNames, WhatIterableKeepsIsRefused) {
  for (const char* field : {"profileUpdatedAt", "itblInternal", "itblInternal.emailDomain",
                            "itblDS.brandAffinityLabel", "itblUserId"}) {
    EXPECT_THAT(Check(ProjectType::kEmail, {"email", field}), HasSubstr("kept by Iterable"))
        << field;
  }
  EXPECT_THAT(Check(ProjectType::kEmail, {"email", "dataFields.firstName"}),
              HasSubstr("Write the name alone"));
  EXPECT_THAT(Check(ProjectType::kEmail, {"email", "preferUserId"}),
              HasSubstr("`prefer_user_id:` of the sync"));
}

TEST(IterableFieldNames, BrokenNamesAreRefused) {
  for (const char* field : {"", ".city", "address.", "address..city"}) {
    EXPECT_THAT(Check(ProjectType::kEmail, {"email", field}), HasSubstr("an empty name")) << field;
  }
  for (const char* field : {" city", "city ", "address. city", "city\t"}) {
    EXPECT_THAT(Check(ProjectType::kEmail, {"email", field}), HasSubstr("blanks at the ends"));
  }
  EXPECT_THAT(Check(ProjectType::kEmail, {"email", "a\nb"}), HasSubstr("control character"));
}

TEST(IterableFieldNames, ClashesAreRefused) {
  EXPECT_THAT(Check(ProjectType::kEmail, {"email", "a", "b", "a"}),
              HasSubstr("\"a\" is mapped twice"));
  EXPECT_THAT(Check(ProjectType::kEmail, {"email", "a.b.c", "a.b"}),
              HasSubstr("\"a.b\" is mapped as a value, and as an object by \"a.b.c\""));
  EXPECT_THAT(Check(ProjectType::kEmail, {"email", "email.work"}),
              HasSubstr("makes an object of \"email\""));
  EXPECT_EQ(Check(ProjectType::kEmail, {"email", "a", "ab.c", "a b.c"}), "ok");
}

}  // namespace
}  // namespace sluice::connectors::iterable
