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
  MakeQueues(std::move(tasks));
  if (queues_.empty()) return;
  const size_t most = static_cast<size_t>(std::max(limits_.max_threads, 1));
  const size_t step = std::min(queues_.size(), most);
  const size_t each = std::min<size_t>(static_cast<size_t>(limits_.threads), most / step);
  for (size_t first = 0; first < step; ++first) {
    size_t files = 0;
    for (size_t q = first; q < queues_.size(); q += step) files += queues_[q].indexes.size();
    for (size_t i = 0; i < std::min(each, files); ++i) {
      threads_.emplace_back([this, first, step] { Work(first, step); });
    }
  }
}

Fetcher::~Fetcher() {
  stop_.Set();
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (size_t i = 0; i < entries_.size(); ++i) Release(i);
}

void Fetcher::MakeQueues(std::vector<Task> tasks) {
  std::map<const connector::Store*, size_t> by_store;
  for (Task& task : tasks) {
    const auto [found, is_new] = by_store.emplace(task.store, queues_.size());
    if (is_new) queues_.emplace_back();
    queues_[found->second].indexes.push_back(entries_.size());
    entries_.push_back({std::move(task), found->second, State::kWaiting, {}, {}});
  }
}

std::string Fetcher::SpoolPath(size_t index) const {
  return env::JoinPath(spool_folder_, fmt::format("fetch-{}", index));
}

bool Fetcher::Take(Queue& queue, size_t* index) {
  if (queue.empty()) return false;
  const size_t next = queue.indexes[queue.next];
  const uint64_t size = entries_[next].task.file.size;
  const uint64_t share = limits_.spool_bytes / queues_.size();
  const bool room = queue.in_spool == 0 || queue.in_spool + size <= share || next <= wanted_;
  if (!room) return false;
  *index = next;
  ++queue.next;
  queue.in_spool += size;
  entries_[next].state = State::kRunning;
  return true;
}

bool Fetcher::AllTaken(size_t first, size_t step) const {
  for (size_t q = first; q < queues_.size(); q += step) {
    if (!queues_[q].empty()) return false;
  }
  return true;
}

void Fetcher::Work(size_t first, size_t step) {
  while (true) {
    size_t index = 0;
    bool taken = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] {
        if (stop_.is_set() || AllTaken(first, step)) return true;
        for (size_t q = first; q < queues_.size() && !taken; q += step) {
          taken = Take(queues_[q], &index);
        }
        return taken;
      });
    }
    if (!taken) return;
    auto fetched = Get(index);
    {
      const std::lock_guard lock(mutex_);
      Entry& entry = entries_[index];
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

Result<connector::FetchedFile> Fetcher::Get(size_t index) {
  const Task& task = entries_[index].task;
  const env::Cancel* cancel = cancel_ != nullptr ? cancel_ : &stop_;
  auto fetched = task.store->Fetch(task.file, SpoolPath(index), progress_, cancel);
  if (!fetched.ok() || task.proof.empty()) return fetched;
  const Status verified = VerifyFile(task.proof, task.file, *fetched, *task.store, cancel);
  if (verified.ok()) return fetched;
  if (fetched->local_path == SpoolPath(index)) (void)env::RemoveFile(fetched->local_path);
  return verified;
}

bool Fetcher::AreThere(size_t first, size_t files) {
  SLUICE_CHECK(first + files <= entries_.size(), "files that were never asked for");
  if (files == 0) return true;
  const std::lock_guard lock(mutex_);
  if (wanted_ < first + files - 1) {
    wanted_ = first + files - 1;
    changed_.notify_all();
  }
  return std::all_of(entries_.begin() + static_cast<ptrdiff_t>(first),
                     entries_.begin() + static_cast<ptrdiff_t>(first + files),
                     [](const Entry& entry) { return entry.state >= State::kDone; });
}

Result<connector::FetchedFile> Fetcher::Wait(size_t index) {
  SLUICE_CHECK(index < entries_.size(), "a file that was never asked for");
  std::unique_lock lock(mutex_);
  wanted_ = std::max(wanted_, index);
  changed_.notify_all();
  changed_.wait(lock, [&] { return entries_[index].state >= State::kDone; });
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
    uint64_t& in_spool = queues_[entry.queue].in_spool;
    in_spool -= std::min(in_spool, entry.task.file.size);
    // A store that is local gives the file itself: that is not ours to remove.
    if (entry.fetched.local_path == SpoolPath(index))
      (void)env::RemoveFile(entry.fetched.local_path);
  }
  changed_.notify_all();
}

}  // namespace sluice::ingest
