// What Database, Connection and Transaction share. Private to this folder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include <duckdb.h>

#include "base/check.h"
#include "engine/engine.h"
#include "engine/file_claim.h"
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

class WriterTurn {
 public:
  explicit WriterTurn(WriterSlot& slot) : slot_(slot) { slot_.Take(); }
  ~WriterTurn() { slot_.Release(); }
  WriterTurn(const WriterTurn&) = delete;
  WriterTurn& operator=(const WriterTurn&) = delete;

 private:
  WriterSlot& slot_;
};

// tables.cc
std::shared_ptr<class TableSources> MakeTableSources();

struct Database::Impl {
  std::string path;  // absolute, links followed; empty in memory
  // Order matters: the guard's descriptor is closed after the engine (destroyed in reverse order),
  // and only then may the file be opened again.
  std::optional<FileClaim> claim;
  std::unique_ptr<CheckpointGuard> guard;
  duckdb_database database = nullptr;
  WriterSlot writer;
  int opened_threads = 0;       // as asked for; 0: as many as there are cores
  std::atomic<int> threads{0};  // UseThreads; 0: as opened
  // Guarded by the writer's slot: the name of the log in its folder is durable.
  bool log_is_named = false;
  // Not nullptr: what happened that only the next Open can settle. Either a checkpoint failed half-way,
  // and the side file holds what the file lacks; or a commit was made and could not be made durable,
  // and to try it again here would make it twice.
  std::atomic<const char*> must_reopen{nullptr};
  std::mutex connections_mutex;
  std::set<duckdb_connection> connections;  // all that are open, to interrupt readers
  std::set<std::string> functions;          // names that RegisterFunction has given; same lock
  const std::shared_ptr<class TableSources> tables = MakeTableSources();  // what BoundTables read

  ~Impl() {
    // One more connection would keep the engine's instance alive, and its files open, behind us.
    SLUICE_CHECK(connections.empty(), "a Database was closed before its Connections");
    if (database != nullptr) duckdb_close(&database);
  }
  // An error once something has happened that must be settled by opening anew.
  Status Usable() const;
  std::string LogPath() const { return path + ".wal"; }
  // After a commit, in the writer's slot. The engine syncs its log but not the folder in which the
  // log was just made: a machine that stops could lose the name, and the commit with it.
  Status MakeLogNameDurable();
  void InterruptAllBut(duckdb_connection spared) {
    const std::lock_guard lock(connections_mutex);
    for (duckdb_connection connection : connections) {
      if (connection != spared) duckdb_interrupt(connection);
    }
  }
};

// Shared with the results of its statements, which must know whether it is still there.
struct Connection::Impl : std::enable_shared_from_this<Connection::Impl> {
  Database::Impl* database = nullptr;
  duckdb_connection connection = nullptr;  // nullptr once the Connection has gone
  bool in_transaction = false;
  bool failed = false;     // a statement failed inside the transaction
  bool any_order = false;  // Connection::InAnyOrder
  // Whether a statement that may be broken off is on. The engine clears a late interruption when the
  // next statement begins, so that it cannot hit a COMMIT.
  std::mutex interrupt_mutex;
  bool interruptible = false;
};

}  // namespace sluice::engine
