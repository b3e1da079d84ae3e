#include "connectors/s3/object_parts.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "connectors/s3/download.h"

namespace sluice::connectors::s3 {
namespace {

using connector::StoredFile;

constexpr int kMaxDamaged = 3;
constexpr size_t kHashBytes = 1 << 20;  // read back at once
constexpr std::chrono::milliseconds kTick{100};

class PartedFetch {
 public:
  PartedFetch(const Bucket& bucket, const StoredFile& file, SpoolFile& spool,
              const std::function<void(uint64_t)>& progress, const env::Cancel* cancel)
      : bucket_(bucket),
        file_(file),
        spool_(spool),
        progress_(progress),
        cancel_(cancel),
        what_(bucket.NameOf(file.path)),
        part_bytes_(std::max<uint64_t>(bucket.settings.tuning.part_bytes, 1)),
        done_((file.size + part_bytes_ - 1) / part_bytes_) {}

  Status Run(ObjectHash& hash) {
    const auto threads = std::min<size_t>(
        done_.size(), static_cast<size_t>(std::max(bucket_.settings.tuning.parts_at_once, 1)));
    std::vector<std::thread> workers;
    for (size_t i = 0; i < threads; ++i) workers.emplace_back([this] { Work(); });
    const Status hashed = HashInOrder(hash);
    if (!hashed.ok()) stop_.Set();
    for (std::thread& worker : workers) worker.join();
    const std::lock_guard lock(mutex_);
    // What stopped the workers says more than that they were stopped.
    return failed_.ok() ? hashed : failed_;
  }

  bool no_parts() const { return no_parts_; }

 private:
  Range RangeOf(size_t part) const {
    const uint64_t from = part * part_bytes_;
    return {from, std::min(from + part_bytes_, file_.size)};
  }

  void Work() {
    while (true) {
      size_t part = 0;
      {
        const std::lock_guard lock(mutex_);
        if (next_ >= done_.size() || !failed_.ok() || stop_.is_set()) return;
        part = next_++;
      }
      const Status status = Get(RangeOf(part));
      {
        const std::lock_guard lock(mutex_);
        if (status.ok()) {
          done_[part] = true;
        } else if (failed_.ok() && !stop_.is_set()) {
          failed_ = status;
          stop_.Set();
        }
      }
      changed_.notify_all();
    }
  }

  Status Get(Range range) {
    uint64_t counted = 0;
    const auto take = [&](uint64_t offset, std::string_view bytes) {
      SLUICE_TRY(spool_.WriteAt(offset, bytes));
      counted += bytes.size();
      Count(static_cast<int64_t>(bytes.size()));
      return Status::Ok();
    };
    Download download(what_, file_, range, take, &stop_);
    download.restarted = [&] {
      Count(-static_cast<int64_t>(counted));
      counted = 0;
    };
    env::HttpRequest request = ObjectRequest(bucket_, file_, &stop_);
    request.begin = [&](const env::HttpResponse& head) {
      if (head.status != 206) no_parts_ = true;
      return download.Begin(head);
    };
    request.sink = [&](std::string_view bytes) { return download.Piece(bytes); };
    request.repeat = [&](env::HttpRequest& again) { download.Ask(again); };
    download.Ask(request);
    const auto slot = bucket_.slots.Take(&stop_);
    if (!slot) return CancelledError(fmt::format("{}: stopped", what_));
    SLUICE_TRY(bucket_.Send(request, what_, kMayRead).status());
    return download.Finish();
  }

  void Count(int64_t bytes) {
    const std::lock_guard lock(progress_mutex_);
    received_ += bytes;
    if (progress_ && bytes > 0) progress_(static_cast<uint64_t>(received_));
  }

  // Waits for the parts one after the other and reads each back while it is still in memory.
  Status HashInOrder(ObjectHash& hash) {
    std::string piece;
    for (size_t part = 0; part < done_.size(); ++part) {
      SLUICE_TRY(Await(part));
      const Range range = RangeOf(part);
      for (uint64_t at = range.from; at < range.to; at += piece.size()) {
        SLUICE_TRY(spool_.ReadAt(
            at, static_cast<size_t>(std::min<uint64_t>(kHashBytes, range.to - at)), piece));
        if (piece.empty()) return FailedError(fmt::format("{}: its spool file is cut", what_));
        hash.Update(piece);
      }
    }
    return Status::Ok();
  }

  Status Await(size_t part) {
    std::unique_lock lock(mutex_);
    while (!done_[part]) {
      if (!failed_.ok()) return failed_;
      if (cancel_ != nullptr && cancel_->is_set()) {
        return CancelledError(fmt::format("{}: stopped", what_));
      }
      changed_.wait_for(lock, kTick);
    }
    return Status::Ok();
  }

  const Bucket& bucket_;
  const StoredFile& file_;
  SpoolFile& spool_;
  const std::function<void(uint64_t)>& progress_;
  const env::Cancel* cancel_;
  const std::string what_;
  const uint64_t part_bytes_;
  env::Cancel stop_;  // of the parts, when one has failed or the user stops
  std::atomic<bool> no_parts_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> done_;
  size_t next_ = 0;
  Status failed_;
  std::mutex progress_mutex_;
  int64_t received_ = 0;
};

}  // namespace

Result<bool> FetchInParts(const Bucket& bucket, const StoredFile& file, SpoolFile& spool,
                          const std::function<void(uint64_t)>& progress, const env::Cancel* cancel,
                          ObjectHash& hash) {
  // The checksum of the whole: an answer with a part of it does not have one.
  SLUICE_ASSIGN(const env::HttpResponse head, HeadObject(bucket, file, 0, cancel));
  hash.Expect(head);
  for (int attempt = 1;; ++attempt) {
    PartedFetch fetch(bucket, file, spool, progress, cancel);
    const Status fetched = fetch.Run(hash);
    if (fetch.no_parts() && fetched.code() == Code::kFailed) {
      hash.Restart();
      return false;
    }
    SLUICE_TRY(fetched);
    const Status verified = hash.Verify(bucket.NameOf(file.path));
    if (verified.ok()) return true;
    if (verified.code() != Code::kRetry || attempt == kMaxDamaged) return verified;
    hash.Restart();
  }
}

}  // namespace sluice::connectors::s3
