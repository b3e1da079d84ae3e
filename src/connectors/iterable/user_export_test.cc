#include "connectors/iterable/user_export.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/iterable/scripted_transport_for_tests.h"
#include "connectors/iterable/user_lookup.h"

namespace sluice::connectors::iterable {
namespace {

using testing::ElementsAre;

class UserExportTest : public testing::Test {
 protected:
  Status Export(ProjectType project) {
    Api api(SettingsForTests(project), std::make_unique<ScriptedTransport>(script_), clock_);
    return ExportUsers(
        api,
        [this](std::string_view identity, std::string_view held) {
          seen_.push_back(std::string(identity) + " " + std::string(held));
          return fails_ ? FailedError("the disk is full") : Status::Ok();
        },
        nullptr);
  }
  Script script_;
  env::FakeClock clock_;
  std::vector<std::string> seen_;
  bool fails_ = false;
};

TEST_F(UserExportTest, EachLineIsAPersonUnderItsIdentity) {
  script_.Answer(200,
                 "{\"userId\": \"u1\", \"email\":\"Ann@x.de\",\"city\":\"Ulm\"}\n"
                 "{\"city\":\"Wien\",\"email\":\"\"}\n\n"
                 "{\"email\":\"b@x.de\",\"points\":3}");
  ASSERT_TRUE(Export(ProjectType::kEmail).ok());
  EXPECT_THAT(script_.asked, ElementsAre("GET /api/export/data.json?dataTypeName=user&range=All"));
  EXPECT_THAT(seen_, ElementsAre(R"(ann@x.de {"city":"Ulm","email":"Ann@x.de","userId":"u1"})",
                                 R"(b@x.de {"email":"b@x.de","points":3})"))
      << "who has no e-mail is nobody that a row could be about";
}

TEST_F(UserExportTest, WhatIsNoListOfPeopleIsAnError) {
  script_.Answer(200, "{\"email\":\"a@x.de\"}\n<html>\n");
  EXPECT_EQ(Export(ProjectType::kEmail).code(), Code::kRetry);
  script_.Answer(429, R"({"code":"RateLimitExceeded","msg":"no","params":null})");
  EXPECT_EQ(Export(ProjectType::kEmail).code(), Code::kRetry);
  script_.Answer(200, "{\"email\":\"a@x.de\"}\n");
  fails_ = true;
  EXPECT_EQ(Export(ProjectType::kEmail).message(),
            "iterable (us, e-mail project): the disk is full");
}

TEST(FieldsThatDiffer, AreFoundBesideTheIdentifiersToo) {
  const char* const payload = R"({"city":"Ulm","email":"a@x.de","points":3})";
  EXPECT_THAT(FieldsThatDiffer(payload, R"({"city":"Bonn","email":"a@x.de","points":3.0})"),
              ElementsAre("city"));
  EXPECT_THAT(FieldsThatDiffer(payload, R"({"dataFields":{"city":"Ulm"},"email":"a@x.de"})"),
              ElementsAre("points"));
}

}  // namespace
}  // namespace sluice::connectors::iterable
