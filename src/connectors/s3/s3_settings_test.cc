#include "connectors/s3/s3_settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "env/file.h"

namespace sluice::connectors::s3 {
namespace {

class S3SettingsTest : public testing::Test {
 protected:
  S3SettingsTest() {
    std::string pattern = testing::TempDir() + "sluice_keys_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    variables_["HOME"] = home_;
    Text("bucket", "drop");
  }
  ~S3SettingsTest() override { EXPECT_TRUE(env::RemoveTree(home_).ok()); }

  void Text(const std::string& name, std::string value) {
    options_.values[name].text = std::move(value);
  }
  void Secret(const std::string& name, std::string value) {
    options_.values[name].secret = config::Secret(std::move(value));
  }
  void OwnKeys() {
    Text("access_key_id", "OWN");
    Secret("secret_access_key", "own-secret");
  }
  std::string WriteKeys(const std::string& path, const std::string& content) {
    const std::string full = env::JoinPath(home_, path);
    EXPECT_TRUE(env::CreateDirectories(env::Dirname(full)).ok());
    EXPECT_TRUE(env::WriteFileAtomically(full, content).ok());
    return full;
  }
  Result<S3Settings> Read() {
    return ReadS3Settings(options_, [this](const std::string& name) {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::string KeyId() {
    const auto settings = Read();
    return settings.ok() ? settings->credentials.access_key_id + "/" +
                               settings->credentials.secret_access_key.Reveal() + "/" +
                               settings->credentials.session_token.Reveal()
                         : settings.status().ToString();
  }
  config::Options options_;
  std::map<std::string, std::string> variables_;
  std::string home_;
};

TEST_F(S3SettingsTest, AmazonIsReachedAtTheRegionWithTheBucketInTheHost) {
  OwnKeys();
  Text("region", "eu-central-1");
  EXPECT_EQ(Read()->BucketUrl(), "https://drop.s3.eu-central-1.amazonaws.com");
  Text("url_style", "path");
  EXPECT_EQ(Read()->BucketUrl(), "https://s3.eu-central-1.amazonaws.com/drop");
  Text("url_style", "auto");
  Text("bucket", "drop.example.com");  // the certificate is good for one level only
  EXPECT_EQ(Read()->BucketUrl(), "https://s3.eu-central-1.amazonaws.com/drop.example.com");
  Text("region", "cn-north-1");
  EXPECT_EQ(Read()->BucketUrl(), "https://s3.cn-north-1.amazonaws.com.cn/drop.example.com");
}

TEST_F(S3SettingsTest, AnEndpointIsReachedByPathUnlessToldOtherwise) {
  OwnKeys();
  Text("endpoint", "minio.example.com:9000/");
  EXPECT_EQ(Read()->BucketUrl(), "https://minio.example.com:9000/drop");
  Text("endpoint", "http://127.0.0.1:9000/base/");
  EXPECT_EQ(Read()->BucketUrl(), "http://127.0.0.1:9000/base/drop");
  Text("url_style", "virtual");
  EXPECT_EQ(Read()->BucketUrl(), "http://drop.127.0.0.1:9000/base");
}

TEST_F(S3SettingsTest, APrefixIsAFolder) {
  OwnKeys();
  EXPECT_EQ(Read()->prefix, "");
  EXPECT_EQ(Read()->Describe(), "s3://drop/");
  for (const char* prefix : {"exports/zenoti", "/exports/zenoti/", "exports/zenoti/"}) {
    Text("prefix", prefix);
    EXPECT_EQ(Read()->Describe(), "s3://drop/exports/zenoti/");
  }
}

TEST_F(S3SettingsTest, TlsIsVerifiedUnlessSwitchedOff) {
  OwnKeys();
  EXPECT_TRUE(Read()->verify_tls);
  options_.values["verify_tls"].flag = false;
  EXPECT_FALSE(Read()->verify_tls);
}

TEST_F(S3SettingsTest, ImpossibleOptionsAreNamed) {
  OwnKeys();
  const auto expect = [&](const std::string& name, const std::string& value) {
    const config::OptionValue before = options_.values[name];
    Text(name, value);
    const auto settings = Read();
    EXPECT_EQ(settings.status().code(), Code::kConfig) << name << " " << value;
    EXPECT_EQ(settings.status().message().find(name + ":"), 0U) << settings.status().message();
    options_.values[name] = before;
  };
  expect("bucket", "s3://drop");
  expect("bucket", "drop/folder");
  expect("bucket", "ab");
  expect("region", "eu central");
  expect("endpoint", "ftp://x");
  expect("endpoint", "https://");
  expect("endpoint", "https://user:word@host");
  expect("endpoint", "https://host?x=1");
  expect("url_style", "dns");
}

TEST_F(S3SettingsTest, KeysComeFromTheConnectionFirst) {
  variables_ = {{"HOME", home_}, {"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "env"}};
  OwnKeys();
  EXPECT_EQ(KeyId(), "OWN/own-secret/");
  Secret("session_token", "token");
  EXPECT_EQ(KeyId(), "OWN/own-secret/token");
  options_.values.erase("secret_access_key");
  EXPECT_EQ(Read().status().code(), Code::kConfig);
}

TEST_F(S3SettingsTest, ThenFromTheProfileOrFileThatItNamesAndFromNothingElse) {
  variables_ = {{"HOME", home_}, {"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "env"}};
  const std::string usual = WriteKeys(".aws/credentials",
                                      "[default]\naws_access_key_id=DEF\naws_secret_access_key=d\n"
                                      "[other]\naws_access_key_id=OTH\naws_secret_access_key=o\n");
  Text("profile", "other");
  EXPECT_EQ(KeyId(), "OTH/o/");
  Text("profile", "missing");
  EXPECT_EQ(Read().status().code(), Code::kConfig);
  EXPECT_NE(KeyId().find("there is no section [missing]"), std::string::npos) << KeyId();
  Text("profile", "");
  Text("credentials_file", usual);
  EXPECT_EQ(KeyId(), "DEF/d/");
  Text("credentials_file", usual + "x");
  EXPECT_NE(KeyId().find("No such file"), std::string::npos) << KeyId();
}

TEST_F(S3SettingsTest, ThenFromTheEnvironmentAndLastFromTheUsualFile) {
  WriteKeys(".aws/credentials",
            "[default]\naws_access_key_id=DEF\naws_secret_access_key=d\n"
            "[work]\naws_access_key_id=WORK\naws_secret_access_key=w\n");
  EXPECT_EQ(KeyId(), "DEF/d/");
  variables_["AWS_PROFILE"] = "work";
  EXPECT_EQ(KeyId(), "WORK/w/");
  variables_["AWS_ACCESS_KEY_ID"] = "ENV";
  EXPECT_EQ(KeyId(), "WORK/w/");  // half a pair is none
  variables_["AWS_SECRET_ACCESS_KEY"] = "env";
  EXPECT_EQ(KeyId(), "ENV/env/");
  variables_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(KeyId(), "ENV/env/t");
  variables_.erase("AWS_ACCESS_KEY_ID");
  variables_.erase("AWS_PROFILE");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] =
      WriteKeys("elsewhere", "[default]\naws_access_key_id=ELSE\naws_secret_access_key=e\n");
  EXPECT_EQ(KeyId(), "ELSE/e/");
}

TEST_F(S3SettingsTest, WithoutAnyKeysItSaysWhereItLooked) {
  const Status status = Read().status();
  EXPECT_EQ(status.code(), Code::kConfig);
  EXPECT_NE(status.message().find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_NE(status.message().find(home_ + "/.aws/credentials"), std::string::npos);
}

TEST(ParseCredentials, ReadsCommentsBlanksCapitalsAndValuesWithEqualsSigns) {
  const auto keys = ParseCredentials(
      "# a comment\r\n[ work ]\r\nAWS_Access_Key_Id = A\r\naws_secret_access_key = s=/+=\r\n"
      "; another\r\naws_session_token=t==\r\nregion = x\r\n[next]\r\naws_access_key_id = B\r\n",
      "work");
  ASSERT_TRUE(keys.ok()) << keys.status().ToString();
  EXPECT_EQ(keys->access_key_id, "A");
  EXPECT_EQ(keys->secret_access_key.Reveal(), "s=/+=");
  EXPECT_EQ(keys->session_token.Reveal(), "t==");
  EXPECT_FALSE(ParseCredentials("[next]\naws_access_key_id = B\n", "next").ok());
  EXPECT_FALSE(ParseCredentials("aws_access_key_id=A\naws_secret_access_key=s\n", "default").ok());
}

}  // namespace
}  // namespace sluice::connectors::s3
