#include "connectors/s3/s3_server_fixture.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "connectors/s3/s3_store.h"
#include "connectors/s3/signing_transport.h"
#include "env/clock.h"

namespace sluice::connectors::s3 {

std::string TestVariable(const std::string& name) {
  const char* value = std::getenv(("SLUICE_TEST_S3_" + name).c_str());
  if (value == nullptr) {
    throw std::runtime_error("SLUICE_TEST_S3_" + name +
                             " is not set: run this through test/servers/s3/with_s3.py");
  }
  return value;
}

S3Settings TestSettings(TestServer server, std::string prefix) {
  S3Settings settings;
  const std::string which = server == TestServer::kTls ? "TLS_" : "";
  settings.bucket = TestVariable("BUCKET");
  settings.endpoint =
      TestVariable(server == TestServer::kVirtual ? "VIRTUAL_ENDPOINT" : which + "ENDPOINT");
  settings.is_amazon = false;
  settings.prefix = std::move(prefix);
  settings.credentials.access_key_id = TestVariable(which + "KEY_ID");
  settings.credentials.secret_access_key = config::Secret(TestVariable(which + "SECRET"));
  if (server == TestServer::kTls) settings.ca_file = TestVariable("TLS_CA");
  if (server == TestServer::kVirtual) {
    settings.url_style = UrlStyle::kVirtual;
    settings.resolve = {HostOf(settings.BucketUrl()) + ":127.0.0.1"};
  }
  return settings;
}

std::string FreshPrefix() {
  static int last = 0;
  return "case-" + std::to_string(++last) + "/";
}

S3Fixture::S3Fixture(TestServer server)
    : settings_(TestSettings(server, FreshPrefix())),
      http_(MakeSigningTransport(
          env::MakeCurlTransport({settings_.ca_file, true, 8, settings_.resolve}),
          settings_.credentials, {settings_.region, "s3"}, env::SystemClock())) {}

env::HttpResponse S3Fixture::Send(const std::string& method, const std::string& path,
                                  std::string_view content, env::HttpHeaders headers,
                                  const std::string& query) {
  env::HttpRequest request;
  request.method = method;
  request.url = settings_.BucketUrl() + "/" + env::UrlEncode(settings_.prefix + path, true) + query;
  request.body = content;
  request.headers = std::move(headers);
  auto response = http_->Send(request);
  if (!response.ok()) throw std::runtime_error(response.status().ToString());
  if (response->status / 100 != 2) {
    throw std::runtime_error(method + " " + path + ": " + std::to_string(response->status) + " " +
                             response->body);
  }
  return std::move(response).value();
}

void S3Fixture::Put(const std::string& path, std::string_view content) {
  Send("PUT", path, content, {});
}

void S3Fixture::PutWith(const std::string& path, std::string_view content,
                        env::HttpHeaders headers) {
  Send("PUT", path, content, std::move(headers));
}

void S3Fixture::PutInParts(const std::string& path, const std::vector<std::string>& parts) {
  const auto between = [](const std::string& text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from) + from.size();
    return text.substr(at, text.find(to, at) - at);
  };
  const std::string id =
      between(Send("POST", path, "", {}, "?uploads=").body, "<UploadId>", "</UploadId>");
  std::string list;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    const auto answer = Send("PUT", path, parts[i], {},
                             "?partNumber=" + number + "&uploadId=" + env::UrlEncode(id));
    list += "<Part><ETag>" + std::string(answer.Header("ETag")) + "</ETag><PartNumber>" + number +
            "</PartNumber></Part>";
  }
  Send("POST", path, "<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>", {},
       "?uploadId=" + env::UrlEncode(id));
}

void S3Fixture::Remove(const std::string& path) {
  Send("DELETE", path, "", {});
}

std::unique_ptr<connector::Store> S3Fixture::Open() {
  return MakeS3Store(settings_, env::SystemClock(), env::SystemRandom());
}

}  // namespace sluice::connectors::s3
