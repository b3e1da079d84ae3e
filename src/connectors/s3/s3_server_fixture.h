// The real S3 servers that test/servers/s3/with_s3.py started, and ways to put objects there. Only
// for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connector/store_conformance.h"
#include "connectors/s3/s3_settings.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// SLUICE_TEST_S3_<name>. Throws when it is not set: without its server this test has no meaning,
// and skipping it would look like passing.
std::string TestVariable(const std::string& name);

enum class TestServer { kPath, kVirtual, kTls };

// A connection to the bucket of that server, with every right.
S3Settings TestSettings(TestServer server, std::string prefix);

// A prefix that no other case has: "case-7/".
std::string FreshPrefix();

class S3Fixture : public connector::StoreFixture {
 public:
  explicit S3Fixture(TestServer server);
  void Put(const std::string& path, std::string_view content) override;
  void Remove(const std::string& path) override;
  std::unique_ptr<connector::Store> Open() override;
  // With further headers, such as a checksum.
  void PutWith(const std::string& path, std::string_view content, env::HttpHeaders headers);
  // As an upload in parts of these contents; the ETag is then of another form.
  void PutInParts(const std::string& path, const std::vector<std::string>& parts);
  const S3Settings& settings() const { return settings_; }

 private:
  env::HttpResponse Send(const std::string& method, const std::string& path,
                         std::string_view content, env::HttpHeaders headers,
                         const std::string& query = "");
  const S3Settings settings_;
  std::unique_ptr<env::HttpTransport> http_;
};

}  // namespace sluice::connectors::s3
