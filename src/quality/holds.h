// Holds: what waits for somebody's decision, and the record of what checks found. A hold has an id of
// its own; later runs neither alert again nor change it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "quality/checks.h"

namespace sluice::quality {

struct RunInfo {
  std::string run_id;
  env::Micros now = 0;
};

struct NewHold {
  std::string kind;   // gate, file, late, day, model
  std::string owner;  // ingest or model
  std::string connection;
  std::string table;
  std::string pod;
  int64_t group = 0;
  std::string check;
  std::string stage;  // "" when nothing is staged
  int64_t load_id = 0;
  std::vector<std::string> files;
  std::string message;
};

// Gives the id: 8 hex digits made from what is held, so that an interrupted and an undisturbed run
// name it alike; the same thing held again after a decision gets another one. In the caller's
// transaction.
Result<std::string> WriteHold(engine::Connection& connection, const NewHold& hold,
                              const RunInfo& run);

struct HoldRecord {
  std::string id;
  std::string kind;
  std::string owner;
  std::string connection;
  std::string table;
  std::string pod;
  int64_t group = 0;
  std::string check;
  std::string stage;
  int64_t load_id = 0;
  std::vector<std::string> files;
  std::string message;
  std::string created_at;
  std::string run_id;
  std::string state;  // open, accepted, rejected, skipped
  std::string reason;
  std::string decided_at;
};

// Newest first; only open ones unless `all`.
Result<std::vector<HoldRecord>> ListHolds(engine::Connection& connection, bool all);

// By id, a unique prefix, or "latest" (of the open ones). kNotFound, kConfig when several fit.
Result<HoldRecord> FindHold(engine::Connection& connection, const std::string& name);

// In the caller's transaction. kConfig when the hold is not open any more.
Status SettleHold(engine::Connection& connection, const HoldRecord& hold, const std::string& state,
                  const std::string& reason, env::Micros now);

// Tables and models that wait: names on which a hold is open that stops what depends on them.
Result<std::vector<HoldRecord>> StoppingHolds(engine::Connection& connection);

struct CheckSubject {
  std::string owner;
  std::string table;
  std::string pod;
  int64_t group = 0;
  std::string day = {};  // "2026-11-21", of a check per day
};
Status RecordCheck(engine::Connection& connection, const CheckSubject& subject,
                   const CheckResult& result, const RunInfo& run);
struct CheckRecord {
  CheckSubject subject;
  CheckResult result;
};
Status RecordChecks(engine::Connection& connection, const std::vector<CheckRecord>& checks,
                    const RunInfo& run);

}  // namespace sluice::quality
