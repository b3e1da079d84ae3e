// What Database, Connection and Transaction share. Private to this folder.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <duckdb.h>

#include "engine/engine.h"
#include "engine/guard.h"

namespace sluice::engine {

// The one writer's place. A mutex will not do: a Transaction may end on another thread.
class WriterSlot {
 public:
  void Take() {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !taken_; });
    taken_ = true;
  }
  void Release() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

struct Database::Impl {
  std::string path;
  // Order matters: the guard's descriptor is closed after the engine (destroyed in reverse order).
  std::unique_ptr<CheckpointGuard> guard;
  duckdb_database database = nullptr;
  WriterSlot writer;
  std::mutex connections_mutex;
  std::set<duckdb_connection> connections;  // all that are open, to interrupt readers

  ~Impl() {
    if (database != nullptr) duckdb_close(&database);
  }
  void InterruptAllBut(duckdb_connection spared) {
    const std::lock_guard lock(connections_mutex);
    for (duckdb_connection connection : connections) {
      if (connection != spared) duckdb_interrupt(connection);
    }
  }
};

struct Connection::Impl {
  Database::Impl* database = nullptr;
  duckdb_connection connection = nullptr;
  bool in_transaction = false;
  bool failed = false;  // a statement failed inside the transaction
};

}  // namespace sluice::engine
