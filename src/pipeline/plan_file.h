// A plan of syncs as a file, to be read, approved and carried out exactly so: `sluice plan --out FILE`,
// `sluice run --plan FILE`. JSON lines: which project; each operation; for each sync, behind its
// operations, what it comes to, with a digest over all of them. The file holds personal data.
#pragma once

#include <map>
#include <ostream>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "sync/plan.h"
#include "sync/spool.h"

namespace sluice::pipeline {

// What a delivery has to be to be the planned one.
struct PlannedDelivery {
  std::string mapping;  // sync::MappingDigest
  uint64_t rows = 0;
  std::string digest;  // of the spool
  bool deep = false;   // of what is there when what waited has been loaded and built
};

void WritePlanHead(std::ostream& out, const config::Project& project, bool deep);
void WritePlannedRow(std::ostream& out, const std::string& sync, const sync::SpoolRow& row);
// `fields`: names and types of fields that the destination would get.
void WritePlannedSync(std::ostream& out, const std::string& sync, const sync::SyncPlan& plan,
                      const std::map<std::string, std::string>& fields);

// By sync. kConfig when the file is no plan, not whole, or one of another project or environment.
Result<std::map<std::string, PlannedDelivery>> ReadPlanFile(const std::string& path,
                                                            const config::Project& project);

}  // namespace sluice::pipeline
