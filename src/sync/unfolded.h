// What a delivery has done that the warehouse does not know yet. Whoever shows what was delivered
// (`plan`, `status`, `trace`, `sync rows`) shows this with it. Reading only: a delivery may be writing meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/spool.h"

namespace sluice::sync {

struct UnfoldedDelivery {
  int64_t delivery_id = 0;
  std::string run_id;
  std::string host;
  env::Micros started = 0;
  uint64_t rows = 0;  // to send
  uint64_t acknowledged = 0;
  uint64_t rejected = 0;
  uint64_t in_flight = 0;  // sent, and not answered
  uint64_t requests = 0;
  std::string outcome;  // empty: it is going on, or was killed
};

// The open delivery of a sync; nothing when there is none. kNotFound when its log is not here.
Result<std::optional<UnfoldedDelivery>> ReadUnfolded(engine::Connection& connection,
                                                     const std::string& state_folder,
                                                     const std::string& sync);

// One try of one row, or what is going to happen with it.
struct UnfoldedTry {
  uint64_t attempt = 0;  // 0: it waits for its turn
  std::string state;     // acknowledged, rejected, deferred, unknown, in_flight, waiting
  int http_status = 0;
  std::string code;
  std::string message;
  std::string sent;  // the fields that went, or will go
  env::Micros at = 0;
};

// One row of the open delivery.
struct UnfoldedRow {
  int64_t delivery_id = 0;
  std::string run_id;
  std::string key;
  std::string identity;
  std::string payload;             // complete
  std::vector<UnfoldedTry> tries;  // in order, at least one
};

// What the open delivery knows of rows that `matches` picks, at most `most`; empty when there is no
// open delivery. Reads the whole spool. kNotFound when log or spool are not here.
Result<std::vector<UnfoldedRow>> UnfoldedRowsOf(engine::Connection& connection,
                                                const std::string& state_folder,
                                                const std::string& sync,
                                                const std::function<bool(const SpoolRow&)>& matches,
                                                size_t most);

// Runs `read`, which sees `_sluice` as it will be when the open delivery is folded: in a transaction
// that is rolled back. `host` is this machine. Without an open delivery `read` is simply run.
// kFailed, before `read`, when log or spool are lost or not here.
Status ReadAsFolded(engine::Connection& connection, const std::string& state_folder,
                    const std::string& sync, const std::string& host, env::Clock& clock,
                    const std::function<Status()>& read);

// The whole log of a delivery for people, one entry a line.
Result<std::string> DumpLog(const std::string& log_path);

}  // namespace sluice::sync
