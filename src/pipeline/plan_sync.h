// What a sync would send of what is published now.
#pragma once

#include <string>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"
#include "pipeline/runtime.h"
#include "pipeline/sync_fields.h"
#include "sync/plan.h"
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
  FieldNotes fields;         // asked only where something would be sent
  std::string makes;         // what a first run makes at the destination; "" nothing
  std::string mapping = {};  // of `map: auto`: the fields; "" they are in the project file
};

// Reads `session`, the state folder of the project and the destination's fields; changes nothing. A model
// that is not built is kNotFound.
Result<SyncLook> LookAtSync(Runtime& runtime, warehouse::Session& session, const config::Sync& sync,
                            const env::Cancel* cancel);

// With `headline` as the first line or lines of its text.
PlannedSync TellSync(const std::string& name, const SyncLook& look, const std::string& headline);
PlannedSync Unplannable(const std::string& name, const Status& why);

}  // namespace sluice::pipeline
