// What a sync would send of what is published now.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"
#include "pipeline/runtime.h"
#include "pipeline/sync_fields.h"
#include "sync/plan.h"
#include "sync/spool.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

struct PlannedSync {
  std::string name;
  // "FIRST RUN: sends all 48,210 users, 49 requests, 10 s at 5 requests/s", one line or several.
  std::string text;
  std::string json;            // the same as an object
  std::string problem;         // why it cannot be planned, "" when it can
  bool misconfigured = false;  // the problem is one of the project file
  std::string hold_id;         // that it waits for; then nothing is sent
};

struct SyncLook {
  sync::SyncPlan plan;
  FieldNotes fields;    // asked only where something would be sent
  std::string makes;    // what a first run makes at the destination; "" nothing
  std::string problem;  // what could not be asked; ""
  std::string mapping;  // what `map: auto` comes to; "" the fields are written out
};

// Sees every row that a sync would send, and, behind its last one, what it comes to.
struct PlannedRows {
  std::function<Status(const std::string& sync, const sync::SpoolRow&)> row;
  std::function<void(const std::string& sync, const sync::SyncPlan&,
                     const std::map<std::string, std::string>& new_fields)>
      sync;
};

// Reads `session`, the state folder of the project and the destination's fields; changes nothing. A model
// that is not built is kNotFound. `rows` (may be null) is told what would be sent.
Result<SyncLook> LookAtSync(Runtime& runtime, warehouse::Session& session, const config::Sync& sync,
                            const env::Cancel* cancel, const PlannedRows* rows = nullptr);

// With `headline` as the first line or lines of its text. Unless `known` (the model is built anew first) it gives no numbers.
PlannedSync TellSync(const std::string& name, const SyncLook& look, const std::string& headline,
                     bool known);
// What is to be said of a sync that somebody has paused; nothing when nobody has.
std::optional<PlannedSync> PausedSync(warehouse::Session& session, const std::string& name);
PlannedSync Unplannable(const std::string& name, const Status& why);

}  // namespace sluice::pipeline
