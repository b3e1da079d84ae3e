// Gets the files of a plan from their stores ahead of their use, so that downloading and verifying
// overlap with reading and publishing. Bounded: at most so many bytes lie in the spool at once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "connector/store.h"
#include "env/clock.h"

namespace sluice::ingest {

struct FetchLimits {
  int threads = 4;
  uint64_t spool_bytes = 4ULL << 30;
};

// Files are taken in the order in which they were given; whoever waits for one gets it, whatever its
// size. Thread-safe for one consumer.
class Fetcher {
 public:
  struct Task {
    connector::StoredFile file;
    connector::Store* store = nullptr;
  };

  // `progress` is told bytes as they arrive, from several threads.
  Fetcher(std::vector<Task> tasks, std::string spool_folder, FetchLimits limits,
          const env::Cancel* cancel, std::function<void(uint64_t)> progress);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // Blocks until file `index` is there, or why it is not.
  Result<connector::FetchedFile> Wait(size_t index);
  // Removes the copy (never the file of a local store) and makes room.
  void Release(size_t index);

 private:
  enum class State { kWaiting, kRunning, kDone, kReleased };
  struct Entry {
    Task task;
    State state = State::kWaiting;
    connector::FetchedFile fetched;
    Status status;
  };
  void Work();
  // The next file to get, when there is room for it. Lock held.
  bool Take(size_t* index);
  std::string SpoolPath(size_t index) const;

  std::vector<Entry> entries_;
  const std::string spool_folder_;
  const FetchLimits limits_;
  const std::function<void(uint64_t)> progress_;
  env::Cancel stop_;  // set by the destructor, and when `cancel` is
  const env::Cancel* cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t next_ = 0;
  size_t wanted_ = 0;  // what the consumer waits for goes first
  uint64_t in_spool_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::ingest
