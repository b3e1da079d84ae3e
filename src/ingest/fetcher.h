// Gets the files of a plan from their stores ahead of their use, and verifies them against what lies
// beside them, so that downloading and verifying overlap with reading and publishing.
//
// Each store has threads and a share of the spool of its own: one that is slow, or that has many files
// before those of another, does not hold up the other's. Bounded: so many bytes lie in the spool at
// once, so many stores are worked on at once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "connector/store.h"
#include "env/clock.h"
#include "ingest/verify_file.h"

namespace sluice::ingest {

struct FetchLimits {
  int threads = 4;       // for each store
  int max_threads = 16;  // for all of them: with more stores than that some share
  uint64_t spool_bytes = 4ULL << 30;
};

// The files of a store are taken in the order in which they were given; whoever waits for one gets it,
// whatever its size. Thread-safe for one consumer.
class Fetcher {
 public:
  struct Task {
    connector::StoredFile file;
    connector::Store* store = nullptr;
    Proof proof;
  };

  // `progress` is told bytes as they arrive, from several threads.
  Fetcher(std::vector<Task> tasks, std::string spool_folder, FetchLimits limits,
          const env::Cancel* cancel, std::function<void(uint64_t)> progress);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // Whether Wait would not block for any of these files, which go first from now on.
  bool AreThere(size_t first, size_t files);
  // Blocks until file `index` is there, or why it is not.
  Result<connector::FetchedFile> Wait(size_t index);
  // Removes the copy (never the file of a local store) and makes room.
  void Release(size_t index);

 private:
  enum class State { kWaiting, kRunning, kDone, kReleased };
  struct Entry {
    Task task;
    size_t queue = 0;  // index into queues_
    State state = State::kWaiting;
    connector::FetchedFile fetched;
    Status status;
  };
  // What is still to be got from one store.
  struct Queue {
    std::vector<size_t> indexes;  // into entries_, rising
    size_t next = 0;
    uint64_t in_spool = 0;

    bool empty() const { return next >= indexes.size(); }
  };

  void MakeQueues(std::vector<Task> tasks);
  // One thread: works on queue `first`, `first` + `step`, ... .
  void Work(size_t first, size_t step);
  // The next file to get, when there is room for it. Lock held.
  bool Take(Queue& queue, size_t* index);
  bool AllTaken(size_t first, size_t step) const;
  Result<connector::FetchedFile> Get(size_t index);
  std::string SpoolPath(size_t index) const;

  std::vector<Entry> entries_;
  std::vector<Queue> queues_;
  const std::string spool_folder_;
  const FetchLimits limits_;
  const std::function<void(uint64_t)> progress_;
  env::Cancel stop_;  // set by the destructor
  const env::Cancel* cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t wanted_ = 0;  // what the consumer waits for goes first
  std::vector<std::thread> threads_;
};

}  // namespace sluice::ingest
