#include "ingest/fetcher.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "env/file.h"

namespace sluice::ingest {

Fetcher::Fetcher(std::vector<Task> tasks, std::string spool_folder, FetchLimits limits,
                 const env::Cancel* cancel, std::function<void(uint64_t)> progress)
    : spool_folder_(std::move(spool_folder)),
      limits_(limits),
      progress_(std::move(progress)),
      cancel_(cancel) {
  for (Task& task : tasks) entries_.push_back({std::move(task), State::kWaiting, {}, {}});
  const size_t threads = std::min<size_t>(static_cast<size_t>(limits_.threads), entries_.size());
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Fetcher::~Fetcher() {
  stop_.Set();
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (size_t i = 0; i < entries_.size(); ++i) Release(i);
}

std::string Fetcher::SpoolPath(size_t index) const {
  return env::JoinPath(spool_folder_, fmt::format("fetch-{}", index));
}

bool Fetcher::Take(size_t* index) {
  if (next_ >= entries_.size()) return false;
  const uint64_t size = entries_[next_].task.file.size;
  const bool room = in_spool_ == 0 || in_spool_ + size <= limits_.spool_bytes || next_ <= wanted_;
  if (!room) return false;
  *index = next_++;
  in_spool_ += size;
  entries_[*index].state = State::kRunning;
  return true;
}

void Fetcher::Work() {
  while (true) {
    size_t index = 0;
    bool taken = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] {
        if (stop_.is_set() || next_ >= entries_.size()) return true;
        taken = Take(&index);
        return taken;
      });
    }
    if (!taken) return;
    Entry& entry = entries_[index];
    auto fetched = entry.task.store->Fetch(entry.task.file, SpoolPath(index), progress_,
                                           cancel_ != nullptr ? cancel_ : &stop_);
    {
      const std::lock_guard lock(mutex_);
      if (fetched.ok()) {
        entry.fetched = std::move(fetched).value();
      } else {
        entry.status = fetched.status();
      }
      entry.state = State::kDone;
    }
    changed_.notify_all();
  }
}

Result<connector::FetchedFile> Fetcher::Wait(size_t index) {
  SLUICE_CHECK(index < entries_.size(), "a file that was never asked for");
  std::unique_lock lock(mutex_);
  wanted_ = std::max(wanted_, index);
  changed_.notify_all();
  changed_.wait(lock, [&] { return entries_[index].state == State::kDone; });
  const Entry& entry = entries_[index];
  if (!entry.status.ok()) return entry.status;
  return entry.fetched;
}

void Fetcher::Release(size_t index) {
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[index];
    if (entry.state != State::kDone) return;
    entry.state = State::kReleased;
    in_spool_ -= std::min(in_spool_, entry.task.file.size);
    // A store that is local gives the file itself: that is not ours to remove.
    if (entry.fetched.local_path == SpoolPath(index))
      (void)env::RemoveFile(entry.fetched.local_path);
  }
  changed_.notify_all();
}

}  // namespace sluice::ingest
