// What a run of an ingest would load: which files, in which steps, and what waits and why. Made from a
// listing and the ledger alone; changes nothing. `sluice plan` shows it, `sluice run` does it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "connector/store.h"
#include "env/clock.h"
#include "ingest/ledger.h"
#include "ingest/schema_catalog.h"
#include "ingest/table_load.h"
#include "ingest/zenoti_drop.h"

namespace sluice::ingest {

// One connection of an ingest with what it holds now.
struct Source {
  std::string connection;
  connector::Store* store = nullptr;  // not owned
  connector::Listing listing;
};

// What is published in one transaction.
struct Step {
  std::string label;  // "POD1 group 7", "first groups of POD1, POD2", "customers"
  std::vector<TableLoad> loads;
};

// A file in a group that was passed already, or that changed after it was loaded.
struct LateFile {
  std::string connection;
  std::string table;
  std::string pod;
  int64_t group = 0;
  connector::StoredFile file;
  bool changed = false;  // else late
};

struct IngestPlan {
  std::string ingest;
  std::vector<Step> steps;
  std::vector<LateFile> late;
  // Tables whose files wait for a decision: (table, hold id), with how many groups are behind.
  struct Waiting {
    std::string table;
    std::string pod;
    std::string hold_id;
    int64_t groups = 0;
  };
  std::vector<Waiting> waiting;
  // Tables that are in the drop and not in the project, with how many files: not loaded.
  std::map<std::string, int64_t> unknown_tables;
  std::vector<std::string> unsettled;  // groups that are not whole yet: "POD1 group 16"
  std::vector<std::string> notes;
  std::vector<std::string> problems;  // tables that cannot be loaded, and why

  uint64_t bytes() const;
  size_t files() const;
  size_t groups() const;
};

// Layout zenoti (docs/zenoti.md).
Result<IngestPlan> PlanZenoti(const config::Ingest& ingest, const std::vector<Source>& sources,
                              const SchemaCatalog& catalog, const LedgerState& ledger,
                              env::Micros now);

// Layout files: one pattern per table, declared columns.
Result<IngestPlan> PlanFiles(const config::Ingest& ingest, const std::vector<Source>& sources,
                             const LedgerState& ledger);

// How one table of the layout is loaded, as project and schema files say. kConfig, kRejected (a schema
// file that does not parse) or kNotFound (no schema file) when it cannot be.
Result<TargetTable> ZenotiTarget(const config::Ingest& ingest, const SchemaCatalog& catalog,
                                 const std::string& name);
Result<TargetTable> FilesTarget(const config::Ingest& ingest, const std::string& name);
bool IsOrganizationTable(const config::Ingest& ingest, const std::string& table);
// Whether what a pod sends first is a full load: not so where its first groups were loaded elsewhere.
bool BeginsWithFullLoad(const config::Ingest& ingest, const std::string& connection,
                        const std::string& pod_label);
// kNotFound when `listing` holds nothing of a drop: neither schema files nor data.
Status CheckDropIsThere(const config::Ingest& ingest, const connector::Store& store,
                        const connector::Listing& listing);
// The same for a store, with as little listing as will do.
Status ProbeDrop(const config::Ingest& ingest, connector::Store& store, const env::Cancel* cancel);

// Whether `path` fits `pattern`: '*' any run of characters but '/', '?' one, '**' also '/'.
bool FitsPattern(std::string_view pattern, std::string_view path);

}  // namespace sluice::ingest
