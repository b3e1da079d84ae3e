// The embedded warehouse: one DuckDB file, who may have it open, and for how long.
//
// The engine lets one process open the file, so it is open only while something is done with it: a
// Session holds it, all Sessions of this process share one opening, the last one closes it. A
// delivery of hours runs without a Session. The lock that counts between Sluice's own processes is
// FILE.lock beside the warehouse; another program that holds the file itself is named by process id.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::warehouse {

struct WarehouseOptions {
  std::string path;           // absolute
  uint64_t memory_limit = 0;  // bytes for the whole process; 0: the engine's default
  int threads = 0;            // 0: as many as the machine has
  std::string holder;         // what others are told: "sluice run"
  // Called once for every opening, before the first Session: registers functions.
  std::function<Status(engine::Connection&)> on_open;
};

class Session;

// Thread-safe. Outlives its Sessions.
class Warehouse {
 public:
  Warehouse(WarehouseOptions options, env::Clock& clock);
  ~Warehouse();

  // Waits up to `wait` for other processes. The file is made, and `_sluice` brought up to date, when
  // `create`; else a file that is not there is kNotFound. kBusy names the holder.
  Result<std::unique_ptr<Session>> Open(bool create, std::chrono::milliseconds wait,
                                        const env::Cancel* cancel);
  bool is_open() const;
  const std::string& path() const { return options_.path; }

 private:
  struct Opening;
  Result<std::shared_ptr<Opening>> OpenFile(bool create, std::chrono::milliseconds wait,
                                            const env::Cancel* cancel);
  friend class Session;

  WarehouseOptions options_;
  env::Clock& clock_;
  mutable std::mutex mutex_;
  std::weak_ptr<Opening> opening_;
};

// The open file, with one connection of its own. One thread at a time; more by Connect.
class Session {
 public:
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  engine::Connection& connection() { return *connection_; }
  Result<std::unique_ptr<engine::Connection>> Connect();
  engine::Database& database();

 private:
  friend class Warehouse;
  explicit Session(std::shared_ptr<Warehouse::Opening> opening);
  std::shared_ptr<Warehouse::Opening> opening_;
  std::unique_ptr<engine::Connection> connection_;
};

}  // namespace sluice::warehouse
