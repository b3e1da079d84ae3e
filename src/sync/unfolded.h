// What a delivery has done that the warehouse does not know yet. Whoever shows what was delivered
// (`status`, `trace`) shows this with it. Reading only: a delivery may be writing meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"

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

// What the open delivery knows of a key, in order; empty when it is not in it. Reads the spool.
Result<std::vector<UnfoldedTry>> UnfoldedTriesOf(engine::Connection& connection,
                                                 const std::string& state_folder,
                                                 const std::string& sync, std::string_view key);

// The whole log of a delivery for people, one entry a line.
Result<std::string> DumpLog(const std::string& log_path);

}  // namespace sluice::sync
