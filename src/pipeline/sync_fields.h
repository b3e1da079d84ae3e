// What a sync would do to the fields of its destination, told before anything is sent.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "connector/destination.h"
#include "engine/engine.h"
#include "sync/sync_engine.h"

namespace sluice::pipeline {

struct FieldNotes {
  connector::FieldsReport report;
  std::string problem;  // why the destination could not be asked; "" when it was, or cannot be
  // One line for each kind, of people's words: "crm gets 2 new fields: city (string), spent (double)".
  std::vector<std::string> lines;
};

// Whether rows were not sent by this mapping before: then their types are looked at before the first request.
Result<bool> IsMappingNew(engine::Connection& connection, const sync::SyncJob& job);

// kHeld when values would be sent that a field can never take: the type of a field is for good.
Status CheckTypes(const std::string& sync, const FieldNotes& notes);

// Asks the destination, where it can be asked.
FieldNotes LookAtFields(const std::string& connection, connector::Destination& destination,
                        const std::vector<connector::FieldToSend>& fields,
                        const env::Cancel* cancel);

// The columns that a sync sends under which names, to be copied into the project file:
// "map: auto is fields: { email: email, userId: user_id }".
std::string DescribeMapping(const config::Sync& sync);

}  // namespace sluice::pipeline
