// The embedded DuckDB behind its C API. Nothing outside this folder includes duckdb.h.
//
// What this folder hides (facts reproduced in docs/decisions/0002-guarded-checkpoint.md):
//  - A kill during CHECKPOINT can make a DuckDB file unreadable for ever. So there are no automatic
//    checkpoints; `Database::Checkpoint` saves the blocks it may overwrite in a side file first, and
//    `Open` restores them before the engine sees the file.
//  - COMMIT of a transaction in which a statement failed reports success and rolls back. So only
//    `Transaction` begins and commits; it refuses to commit after an error.
//  - One writer: a `Transaction` takes the database's writer lock for its life.
//
// Threads: a Database may be used from many threads; a Connection and what it returned by one thread
// at a time. Ownership: results keep what they need alive, views do not outlive their batch.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "engine/batch.h"
#include "env/clock.h"

namespace sluice::engine {

struct OpenOptions {
  bool read_only = false;
  int threads = 0;             // 0: as many as the machine has
  uint64_t memory_limit = 0;   // bytes for the engine; 0: its default
  std::string temp_directory;  // where it may spill; empty: FILE.tmp, cleared when it is opened
};

class Connection;
class Transaction;
struct FunctionSpec;

class Database {
 public:
  struct Impl;
  // Opens or creates the file at `path`, links followed; "" is a database in memory. Repairs first what
  // a stopped checkpoint left. kBusy, with the process id, when another program holds the file, and
  // when this process has it open already. Two programs may not create one file at the same instant:
  // the caller's own lock sees to that.
  static Result<std::unique_ptr<Database>> Open(const std::string& path,
                                                const OpenOptions& options);
  ~Database();  // its Connections are gone by then
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<std::unique_ptr<Connection>> Connect();

  // Makes the log part of the file, guarded; waits for the writer. Most readers do not matter to it;
  // those of a table that was dropped or altered since hold it up: they are waited for up to
  // `reader_limit`, then interrupted; kBusy when they are still there `interrupt_limit` later, and
  // nothing has happened. After any other failure the file is as it was, or is repaired by the next
  // Open: every further call fails until the database is closed and opened again.
  Status Checkpoint(std::chrono::milliseconds reader_limit = std::chrono::milliseconds(2000),
                    std::chrono::milliseconds interrupt_limit = std::chrono::milliseconds(10000));
  // Checkpoint when the log is larger than `bytes`.
  Status CheckpointIfLarger(uint64_t bytes);
  uint64_t LogSize() const;  // bytes of the write-ahead log

  // With how many threads statements run from now on; 0: as many as it was opened with. One is the
  // quickest for small statements: several cost more to wake than they do.
  Status UseThreads(int threads);

  const std::string& path() const;  // absolute, links followed

 private:
  Database();
  std::unique_ptr<Impl> impl_;
  friend class Connection;
  friend class Transaction;
};

// A query's result: column names and types, and the rows as batches. Move-only.
class QueryResult {
 public:
  struct Impl;
  ~QueryResult();
  QueryResult(QueryResult&&) noexcept;
  QueryResult& operator=(QueryResult&&) noexcept;

  const std::vector<Column>& columns() const;
  // The next batch, or nothing at the end. The batch's views live until the next call.
  Result<std::optional<Batch>> Next();
  // For INSERT, UPDATE, DELETE, CREATE TABLE AS: how many rows.
  int64_t rows_changed() const;

 private:
  QueryResult();
  std::unique_ptr<Impl> impl_;
  friend class Connection;
};

class Connection {
 public:
  struct Impl;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One statement; `parameters` bind to $1, $2, ... The result is complete in memory. Outside a
  // Transaction a statement that writes is one of its own and waits for the writer. BEGIN, COMMIT,
  // ROLLBACK, CHECKPOINT and its settings are refused.
  Result<QueryResult> Query(const std::string& sql, const std::vector<Value>& parameters = {});
  // As Query, but rows are produced as they are asked for: memory stays flat. While the result lives
  // this connection can do nothing else and must live, and it may hold up a checkpoint: be short.
  Result<QueryResult> Stream(const std::string& sql, const std::vector<Value>& parameters = {});
  // One statement without an interest in rows; gives the number of rows changed.
  Result<int64_t> Execute(const std::string& sql, const std::vector<Value>& parameters = {});

  // For small results. One: exactly the first row (kNotFound when there is none).
  Result<std::vector<std::vector<Value>>> Rows(const std::string& sql,
                                               const std::vector<Value>& parameters = {});
  Result<Value> Scalar(const std::string& sql, const std::vector<Value>& parameters = {});

  // Runs statements whose rows may end up in any order: where they come from one file each, or from a function, the
  // engine would else write them with one thread, or in scraps. It is a setting of the whole database: inside a
  // Transaction, whose writer is alone.
  Status InAnyOrder(const std::function<Status()>& statements);

  // The tables and views that a statement reads, unqualified, by the engine's own parser.
  Result<std::vector<std::string>> TableNames(const std::string& sql);

  // Whether there is such a table (no view), without a query: microseconds where a look into the
  // engine's catalogue functions takes milliseconds, for these list every column of the database.
  bool HasTable(const std::string& schema, const std::string& table);
  // The same for tables and views.
  bool HasRelation(const std::string& schema, const std::string& name);

  // Breaks off the statement that this connection is executing (kCancelled); a transaction around it
  // cannot commit any more. Does nothing between statements, and never to COMMIT, ROLLBACK, CHECKPOINT
  // or a statement that commits itself. Thread-safe.
  void Interrupt();

 private:
  Connection();
  std::shared_ptr<Impl> impl_;
  friend class Database;
  friend class Transaction;
  friend class Appender;
  friend class QueryResult;
  friend Status RegisterFunction(Connection& connection, FunctionSpec spec);
  friend bool HasFunction(Connection& connection, const std::string& name);
  friend Status RegisterTable(Connection& connection, const std::string& name);
  friend class BoundTable;
};

// BEGIN .. COMMIT on a connection. Rolls back when it goes out of scope uncommitted. After a failed
// statement on its connection, Commit refuses. Waits for the database's one writer slot.
class Transaction {
 public:
  static Result<std::unique_ptr<Transaction>> Begin(Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Status Commit();
  Status Rollback();

 private:
  Transaction();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Rows into a table from C++ values: fast enough for ledgers and quarantine (0.7 million rows/s),
// not the road for bulk data. Inside the caller's transaction.
class Appender {
 public:
  static Result<std::unique_ptr<Appender>> Open(Connection& connection, const std::string& schema,
                                                const std::string& table);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  // As many values as the table has columns, in their order.
  Status Row(const std::vector<Value>& values);
  // Errors of earlier rows may only show here. A Transaction refuses to commit rows that were not
  // closed.
  Status Close();

 private:
  Appender();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The version of the library, "v1.5.6".
std::string LibraryVersion();

// `name` with double quotes, `text` with single quotes: safe in any statement of this dialect.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

}  // namespace sluice::engine
