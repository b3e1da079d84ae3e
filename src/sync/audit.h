// Whether a destination holds what is known to be delivered to it: a sample is looked for, and what is
// not as it was delivered can be marked, so that the next run sends it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/exporting.h"
#include "connector/lookup.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/look_first.h"

namespace sluice::sync {

struct DeliveredRow {
  std::string key;
  std::string identity;
  std::string payload;  // what was delivered, canonical
};

// `most` of the rows that count as delivered, chosen by chance from `seed`, in the order of their keys.
Result<std::vector<DeliveredRow>> SampleDelivered(engine::Connection& connection,
                                                  const std::string& sync, uint64_t most,
                                                  uint64_t seed);
// How many there are.
Result<uint64_t> CountDeliveredRows(engine::Connection& connection, const std::string& sync);

// A row that is not as it was delivered.
struct AuditFinding {
  std::string key;
  std::string identity;
  bool missing = false;
  std::vector<std::string> differing;  // else: the fields that have another value
};
Result<std::vector<AuditFinding>> CompareDelivered(connector::Lookup& lookup,
                                                   const std::vector<DeliveredRow>& rows,
                                                   env::Clock& clock, const LookupOptions& options,
                                                   uint64_t& questions);

// Rows of an export, in a file that stands apart from the warehouse (SpoolWriter): `payload` is what is held.
struct ExportComparison {
  std::vector<AuditFinding> findings;  // at most kMostExportFindings, by key
  uint64_t differing = 0;              // all of them
  uint64_t others = 0;                 // of the export: rows that the sync has not delivered
};
inline constexpr size_t kMostExportFindings = 10'000;

// Every row that counts as delivered against the export.
Result<ExportComparison> CompareExport(engine::Connection& connection, const std::string& sync,
                                       const std::string& path,
                                       const connector::Exporting& exporting);

// Marks them, in the caller's transaction, with the sync's lock held: those that are missing count as
// never delivered, the others go again, whole. A sentence. kFailed while a delivery is open.
Result<std::string> MarkForRepair(engine::Connection& connection, const std::string& sync,
                                  const std::vector<AuditFinding>& findings,
                                  const std::string& reason, env::Clock& clock);

}  // namespace sluice::sync
