// A stretch of an object on its way: asked for, counted, compared with what the listing says of it, and
// gone on with where a broken transfer left it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/store.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// The bytes from `from` to before `to`.
struct Range {
  uint64_t from = 0;
  uint64_t to = 0;
  uint64_t size() const { return to - from; }
};

// The two ends of an HTTP body. Used by one thread.
class Download {
 public:
  // Every byte once and in order; falls back to `from` only after `restart`.
  using Take = std::function<Status(uint64_t offset, std::string_view bytes)>;

  // `what` is the object for messages. The references outlive the download.
  Download(const std::string& what, const connector::StoredFile& file, Range range, Take take,
           const env::Cancel* cancel)
      : what_(what), file_(file), range_(range), take_(std::move(take)), cancel_(cancel) {}

  // Makes a GET of the object ask for what is missing, and for that only when it is sent again.
  void Ask(env::HttpRequest& request);

  // For HttpRequest::begin: kRetry "changed" when the answer is about another version of the object,
  // kFailed when a part was asked for and something else came.
  Status Begin(const env::HttpResponse& response);
  // For HttpRequest::sink.
  Status Piece(std::string_view bytes);
  // After a whole answer: kRetry when bytes are missing.
  Status Finish() const;

  // From nothing again: what came was damaged.
  void Restart();
  // A server without ranges began a transfer anew: what was taken is to be forgotten.
  std::function<void()> restarted;
  // Status and headers of the first answer.
  const env::HttpResponse& head() const { return head_; }

 private:
  Status Changed() const;
  bool IsWhole() const { return range_.from == 0 && range_.to == file_.size; }

  const std::string& what_;
  const connector::StoredFile& file_;
  const Range range_;
  const Take take_;
  const env::Cancel* cancel_;
  uint64_t at_ = range_.from;  // the next byte
  bool in_range_ = false;      // the request in work asks for a range
  bool has_head_ = false;
  env::HttpResponse head_;
};

// The tag of a file whose object has no ETag: made from size and time, and never like an ETag.
std::string TagWithoutEtag(uint64_t size, env::Micros modified);
bool HasEtag(const connector::StoredFile& file);
// kRetry when the headers of an answer are about another version of the object than was listed.
Status CheckVersion(const env::HttpResponse& response, const connector::StoredFile& file,
                    const std::string& what);
Status ChangedObject(const std::string& what);

}  // namespace sluice::connectors::s3
