// The S3 store against a real server. Run through test/servers/s3/with_s3.py.
#include <gtest/gtest.h>

#include <fstream>

#include "base/hash.h"
#include "base/text.h"
#include "connector/store_conformance.h"
#include "connectors/s3/checksum.h"
#include "connectors/s3/s3_server_fixture.h"
#include "connectors/s3/s3_store.h"
#include "env/file.h"

namespace sluice::connectors::s3 {
namespace {

using connector::StoreConformance;
using connector::StoredFile;
using connector::StoreFixtureFactory;

StoreFixtureFactory FixtureOf(const char* name, TestServer server) {
  return {name, [server] { return std::make_unique<S3Fixture>(server); }};
}

INSTANTIATE_TEST_SUITE_P(S3, StoreConformance,
                         testing::Values(FixtureOf("path", TestServer::kPath),
                                         FixtureOf("virtual", TestServer::kVirtual),
                                         FixtureOf("tls", TestServer::kTls)),
                         [](const auto& param) { return param.param.name; });

class S3ServerTest : public testing::Test {
 protected:
  S3ServerTest() : fixture_(TestServer::kPath), settings_(fixture_.settings()) {}

  Status ListWith(const S3Settings& settings) {
    return MakeS3Store(settings, env::SystemClock(), env::SystemRandom())
        ->List("", nullptr)
        .status();
  }
  static void ExpectNoKeys(const Status& status, const S3Settings& settings) {
    const std::string text = status.ToString();
    EXPECT_EQ(text.find(settings.credentials.secret_access_key.Reveal()), std::string::npos);
    EXPECT_EQ(text.find(settings.credentials.access_key_id), std::string::npos) << text;
  }
  S3Fixture fixture_;
  S3Settings settings_;
};

TEST_F(S3ServerTest, AWrongSecretIsSaidToBeWrong) {
  settings_.credentials.secret_access_key = config::Secret("wrong-secret");
  const Status status = ListWith(settings_);
  EXPECT_EQ(status.code(), Code::kAuth);
  EXPECT_NE(status.message().find("SignatureDoesNotMatch"), std::string::npos) << status.ToString();
  EXPECT_NE(status.next().find("secret_access_key"), std::string::npos);
  ExpectNoKeys(status, settings_);
}

TEST_F(S3ServerTest, AnUnknownKeyIsSaidToBeUnknown) {
  settings_.credentials.access_key_id = "AKIDNOBODYHASTHIS";
  const Status status = ListWith(settings_);
  EXPECT_EQ(status.code(), Code::kAuth);
  EXPECT_NE(status.next().find("access_key_id"), std::string::npos) << status.ToString();
  ExpectNoKeys(status, settings_);
}

TEST_F(S3ServerTest, ABogusSessionTokenIsSaidToBeWrong) {
  settings_.credentials.session_token = config::Secret("bogus+token/==");
  const Status status = ListWith(settings_);
  EXPECT_EQ(status.code(), Code::kAuth);
  EXPECT_NE(status.next().find("session_token"), std::string::npos) << status.ToString();
  EXPECT_EQ(status.ToString().find("bogus"), std::string::npos);
}

TEST_F(S3ServerTest, KeysWithoutRightsAreToldWhichRightIsMissing) {
  fixture_.Put("x", "x");
  const StoredFile file = fixture_.Open()->List("", nullptr)->files.at(0);
  settings_.credentials.access_key_id = TestVariable("STRANGER_KEY_ID");
  settings_.credentials.secret_access_key = config::Secret(TestVariable("STRANGER_SECRET"));
  const Status list = ListWith(settings_);
  EXPECT_EQ(list.code(), Code::kAuth);
  EXPECT_NE(list.next().find("s3:ListBucket"), std::string::npos) << list.ToString();
  auto store = MakeS3Store(settings_, env::SystemClock(), env::SystemRandom());
  const Status read = store->ReadSmall(file, 10, nullptr).status();
  EXPECT_EQ(read.code(), Code::kAuth);
  EXPECT_NE(read.next().find("s3:GetObject"), std::string::npos) << read.ToString();
  EXPECT_EQ(store->Probe(nullptr).code(), Code::kAuth);
}

TEST_F(S3ServerTest, AWrongBucketIsNamed) {
  settings_.bucket = "no-such-bucket";
  const Status status = ListWith(settings_);
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("there is no bucket \"no-such-bucket\""), std::string::npos)
      << status.ToString();
}

TEST_F(S3ServerTest, AWrongRegionIsFollowedAndTold) {
  fixture_.Put("x", "one");
  settings_.region = "eu-central-1";
  auto store = MakeS3Store(settings_, env::SystemClock(), env::SystemRandom());
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  EXPECT_EQ(store->ReadSmall(listing->files.at(0), 10, nullptr).value(), "one");
  const std::vector<std::string> notes = store->TakeNotes();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("write `region: us-east-1`"), std::string::npos) << notes[0];
}

TEST_F(S3ServerTest, AWrongClockIsSaidToBeWrong) {
  env::FakeClock clock(env::SystemClock().Now() - 3630LL * 1'000'000);
  const Status status =
      MakeS3Store(settings_, clock, env::SystemRandom())->List("", nullptr).status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.message().find("clock is 1 h"), std::string::npos) << status.ToString();
  EXPECT_NE(status.message().find("behind"), std::string::npos);
}

TEST_F(S3ServerTest, TlsIsVerified) {
  S3Settings settings = TestSettings(TestServer::kTls, "");
  EXPECT_TRUE(ListWith(settings).ok());
  settings.ca_file = "";
  const Status unknown = ListWith(settings);
  EXPECT_EQ(unknown.code(), Code::kFailed);
  EXPECT_NE(unknown.next().find("ca_file"), std::string::npos) << unknown.ToString();
  settings.verify_tls = false;
  EXPECT_TRUE(ListWith(settings).ok());
  settings.verify_tls = true;
  settings.ca_file = "/nowhere.pem";
  EXPECT_EQ(ListWith(settings).code(), Code::kConfig);
}

TEST_F(S3ServerTest, EveryChecksumThatTheServerKeepsIsVerified) {
  const std::string content = "some content of a file";
  auto store = fixture_.Open();
  for (const auto& [name, kind] : {std::pair{"crc32", ChecksumKind::kCrc32},
                                   {"crc32c", ChecksumKind::kCrc32c},
                                   {"crc64nvme", ChecksumKind::kCrc64Nvme},
                                   {"sha1", ChecksumKind::kSha1},
                                   {"sha256", ChecksumKind::kSha256}}) {
    auto checksum = MakeChecksum(kind);
    checksum->Update(content);
    // The server verifies what we computed; then we verify what it says.
    fixture_.PutWith(name, content, {{std::string("x-amz-checksum-") + name, checksum->Digest()}});
    const auto listing = store->List(name, nullptr);
    EXPECT_EQ(store->ReadSmall(listing->files.at(0), 100, nullptr).value(), content) << name;
    std::string other = checksum->Digest();
    other[0] = other[0] == 'A' ? 'B' : 'A';
    EXPECT_ANY_THROW(
        fixture_.PutWith(name, content, {{std::string("x-amz-checksum-") + name, other}}))
        << name;
  }
}

TEST_F(S3ServerTest, UploadsInPartsAreVerifiedByTheChecksumsOfTheirParts) {
  const std::string part(5 << 20, 'a');
  fixture_.PutInParts("even", {part, part, "end"});
  fixture_.PutInParts("uneven", {part + "1", part + "22", "3"});
  auto store = fixture_.Open();
  const auto listing = store->List("", nullptr);
  for (const auto& file : listing->files) {
    EXPECT_EQ(file.tag.substr(32), "-3") << "it is no MD5 of the whole";
    const std::string spool = testing::TempDir() + "sluice_parts";
    const auto fetched = store->Fetch(file, spool, nullptr, nullptr);
    ASSERT_TRUE(fetched.ok()) << file.path << ": " << fetched.status().ToString();
    EXPECT_EQ(fetched->size, file.size);
    EXPECT_TRUE(env::RemoveFile(spool).ok());
  }
}

TEST_F(S3ServerTest, AFileThatWasPutBehindTheServersBackHasATagToo) {
  const std::string path = env::JoinPath(TestVariable("DATA"), settings_.prefix + "by hand.csv");
  ASSERT_TRUE(env::CreateDirectories(env::Dirname(path)).ok());
  std::ofstream(path) << "one";
  auto store = fixture_.Open();
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->files.size(), 1U);
  const StoredFile file = listing->files[0];
  EXPECT_FALSE(file.tag.empty());
  EXPECT_EQ(store->ReadSmall(file, 100, nullptr).value(), "one");
  std::ofstream(path) << "longer";
  EXPECT_EQ(store->ReadSmall(file, 100, nullptr).status().code(), Code::kRetry);
}

TEST_F(S3ServerTest, MarksOfFoldersAreNoFiles) {
  fixture_.Put("folder/", "");
  fixture_.Put("folder/x", "x");
  const auto listing = fixture_.Open()->List("", nullptr);
  ASSERT_EQ(listing->files.size(), 1U);
  EXPECT_EQ(listing->files[0].path, "folder/x");
}

TEST_F(S3ServerTest, NamesTheBucketAndPrefixAndNoKeys) {
  EXPECT_EQ(fixture_.Open()->Describe(), "s3://" + settings_.bucket + "/" + settings_.prefix);
}

}  // namespace
}  // namespace sluice::connectors::s3
