// `--restore 2026-09 --table bi_factsale [--after POD1=4711]` of `run` and `plan`.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/arguments.h"
#include "config/project.h"
#include "ingest/plan_restore.h"

namespace sluice::cli {

struct NamedRestore {
  ingest::RestoreRequest request;
  std::string selector;  // "zenoti.bi_factsale"
};

// kConfig, with what to type, for a month, a group or a table that is none, and a table of several ingests.
Result<NamedRestore> ReadRestore(const config::Project& project, const Arguments& arguments);

}  // namespace sluice::cli
