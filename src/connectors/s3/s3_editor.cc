#include "connectors/s3/s3_editor.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.h"
#include "connectors/s3/checksum.h"
#include "connectors/s3/download.h"
#include "connectors/s3/s3_errors.h"

namespace sluice::connectors::s3 {
namespace {

using connector::StoredFile;

constexpr std::string_view kMayWrite = "s3:PutObject on its objects";
constexpr std::string_view kMayDelete = "s3:DeleteObject on its objects";
// CopyObject takes no more; larger objects are copied in parts of this size, of which there are at
// most 10,000 ("Copying objects", Amazon S3 User Guide).
constexpr uint64_t kMostInOneCopy = 5ULL << 30;
constexpr uint64_t kCopyPart = 1ULL << 30;

// Either is a success: servers may send the headers before they know how the copy ends.
Status CopyResult(const env::HttpResponse& response, const std::string& what) {
  const S3Error error = ParseS3Error(response.body);
  if (error.code.empty()) return Status::Ok();
  return RetryError(fmt::format("{}: the server broke off copying it: {}", what, error.code));
}

std::string Value(const std::string& xml, const char* root, const char* name) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return "";
  return document.child(root).child_value(name);
}

class S3Editor : public connector::StoreEditor {
 public:
  explicit S3Editor(Bucket bucket) : bucket_(bucket) {}

  Status Move(const StoredFile& file, const std::string& to, const env::Cancel* cancel) override {
    SLUICE_ASSIGN(const env::HttpResponse source, HeadObject(bucket_, file, 0, cancel));
    SLUICE_ASSIGN(const auto there, Look(to, cancel));
    if (there && !Same(source, *there)) {
      return RejectedError(
          fmt::format("{} is there already, with another content", bucket_.NameOf(to)));
    }
    if (!there) {
      SLUICE_TRY(file.size > kMostInOneCopy ? CopyInParts(file, to, cancel)
                                            : Copy(file, to, cancel));
      SLUICE_ASSIGN(const auto copy, Look(to, cancel));
      if (!copy || !IsCopy(source, *copy)) {
        return RetryError(fmt::format("{}: its copy is not what was copied: it stays where it is",
                                      bucket_.NameOf(file.path)));
      }
    }
    return Delete(file, cancel);
  }

  Status Remove(const StoredFile& file, const env::Cancel* cancel) override {
    SLUICE_TRY(HeadObject(bucket_, file, 0, cancel).status());
    return Delete(file, cancel);
  }

 private:
  // The headers of whatever has that path; nothing when nothing has.
  Result<std::optional<env::HttpResponse>> Look(const std::string& path,
                                                const env::Cancel* cancel) const {
    env::HttpRequest request = Request("HEAD", path, cancel);
    request.headers = {{"X-Amz-Checksum-Mode", "ENABLED"}};
    auto response = bucket_.transport.Send(request);
    if (!response.ok()) return response.status().WithContext(bucket_.NameOf(path));
    if (response->status == 404) return std::optional<env::HttpResponse>();
    if (response->status / 100 == 2) {
      return std::optional<env::HttpResponse>(std::move(response).value());
    }
    return StatusOf(*response, bucket_.settings, bucket_.NameOf(path), kMayRead,
                    bucket_.clock.Now());
  }

  // As long, and the same by a checksum that both have.
  static bool Same(const env::HttpResponse& a, const env::HttpResponse& b) {
    if (a.Header("Content-Length") != b.Header("Content-Length")) return false;
    if (a.Header("ETag") == b.Header("ETag")) return true;
    const auto x = ExpectedFrom(a);
    const auto y = ExpectedFrom(b);
    return x && y && x->kind == y->kind && x->value == y->value;
  }

  // A copy may have another ETag, and no checksum that could be compared.
  static bool IsCopy(const env::HttpResponse& source, const env::HttpResponse& copy) {
    if (source.Header("Content-Length") != copy.Header("Content-Length")) return false;
    const auto x = ExpectedFrom(source);
    const auto y = ExpectedFrom(copy);
    return !x || !y || x->kind != y->kind || x->value == y->value;
  }

  env::HttpRequest Request(const char* method, const std::string& path,
                           const env::Cancel* cancel) const {
    env::HttpRequest request;
    request.method = method;
    request.url = bucket_.UrlOf(path);
    request.repeatable = true;
    request.cancel = cancel;
    return request;
  }

  void AddSource(const StoredFile& file, env::HttpRequest& request) const {
    const S3Settings& settings = bucket_.settings;
    request.headers.emplace_back(
        "X-Amz-Copy-Source",
        "/" + settings.bucket + "/" + env::UrlEncode(settings.prefix + file.path, true));
    if (HasEtag(file)) {
      request.headers.emplace_back("X-Amz-Copy-Source-If-Match", "\"" + file.tag + "\"");
    }
    request.timeout = std::chrono::milliseconds(0);
    request.stall_timeout = std::chrono::minutes(10);  // the server copies before it answers
  }

  Status Copy(const StoredFile& file, const std::string& to, const env::Cancel* cancel) const {
    env::HttpRequest request = Request("PUT", to, cancel);
    AddSource(file, request);
    const std::string what = bucket_.NameOf(file.path);
    SLUICE_ASSIGN(const env::HttpResponse response, bucket_.Send(request, what, kMayWrite));
    return CopyResult(response, what);
  }

  Status CopyInParts(const StoredFile& file, const std::string& to,
                     const env::Cancel* cancel) const {
    const std::string what = bucket_.NameOf(file.path);
    env::HttpRequest begin = Request("POST", to, cancel);
    begin.url += "?uploads=";
    SLUICE_ASSIGN(const env::HttpResponse begun, bucket_.Send(begin, what, kMayWrite));
    const std::string id = Value(begun.body, "InitiateMultipartUploadResult", "UploadId");
    if (id.empty()) return FailedError(what + ": the server began no upload in parts");
    const std::string upload = "uploadId=" + env::UrlEncode(id);
    const Status copied = CopyParts(file, to, upload, cancel);
    if (copied.ok()) return copied;
    // Parts of an upload that nobody ends are paid for until somebody removes them.
    env::HttpRequest abort = Request("DELETE", to, nullptr);
    abort.url += "?" + upload;
    (void)bucket_.transport.Send(abort);
    return copied;
  }

  Status CopyParts(const StoredFile& file, const std::string& to, const std::string& upload,
                   const env::Cancel* cancel) const {
    const std::string what = bucket_.NameOf(file.path);
    std::string parts;
    int number = 0;
    for (uint64_t from = 0; from < file.size; from += kCopyPart) {
      env::HttpRequest request = Request("PUT", to, cancel);
      request.url += fmt::format("?partNumber={}&{}", ++number, upload);
      AddSource(file, request);
      request.headers.emplace_back(
          "X-Amz-Copy-Source-Range",
          fmt::format("bytes={}-{}", from, std::min(from + kCopyPart, file.size) - 1));
      SLUICE_ASSIGN(const env::HttpResponse response, bucket_.Send(request, what, kMayWrite));
      SLUICE_TRY(CopyResult(response, what));
      parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", number,
                           PlainEtag(Value(response.body, "CopyPartResult", "ETag")));
    }
    env::HttpRequest complete = Request("POST", to, cancel);
    complete.url += "?" + upload;
    complete.body = "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
    complete.stall_timeout = std::chrono::minutes(10);
    complete.timeout = std::chrono::milliseconds(0);
    SLUICE_ASSIGN(const env::HttpResponse completed, bucket_.Send(complete, what, kMayWrite));
    return CopyResult(completed, what);
  }

  // With If-Match where the server knows it; those that do not were asked a moment before.
  Status Delete(const StoredFile& file, const env::Cancel* cancel) const {
    env::HttpRequest request = Request("DELETE", file.path, cancel);
    if (HasEtag(file)) request.headers.emplace_back("If-Match", "\"" + file.tag + "\"");
    const std::string what = bucket_.NameOf(file.path);
    auto response = bucket_.transport.Send(request);
    if (response.ok() && response->status == 501) {
      request.headers.clear();
      response = bucket_.transport.Send(request);
    }
    if (!response.ok()) return response.status().WithContext(what);
    if (response->status / 100 == 2) return Status::Ok();
    return StatusOf(*response, bucket_.settings, what, kMayDelete, bucket_.clock.Now());
  }

  const Bucket bucket_;
};

}  // namespace

std::unique_ptr<connector::StoreEditor> MakeS3Editor(Bucket bucket) {
  return std::make_unique<S3Editor>(bucket);
}

}  // namespace sluice::connectors::s3
