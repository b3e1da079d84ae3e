// What a run of an ingest would load: which files, in which steps, and what waits and why. Made from a
// listing and the ledger alone; changes nothing. `sluice plan` shows it, `sluice run` does it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "connector/store.h"
#include "env/clock.h"
#include "ingest/ledger.h"
#include "ingest/monthly_snapshot.h"
#include "ingest/schema_catalog.h"
#include "ingest/table_load.h"
#include "ingest/zenoti_drop.h"

namespace sluice::ingest {

// One connection of an ingest with what it holds now.
struct Source {
  std::string connection;
  connector::Store* store = nullptr;  // not owned
  connector::Listing listing;
  std::set<std::string> changing = {};  // paths that a second listing showed otherwise
};

// What is published in one transaction.
struct Step {
  std::string label;  // "POD1 group 7", "first groups of POD1, POD2", "customers"
  std::vector<TableLoad> loads;

  uint64_t bytes() const;
  size_t files() const;
};

// A file in a group that was passed already, or that changed after it was loaded. Layout files has no pods and
// groups, and only files that changed.
struct LateFile {
  std::string connection;
  std::string table;
  std::string pod;
  int64_t group = 0;
  int64_t log_id = 0;
  connector::StoredFile file;
  bool changed = false;  // else late
  Proof proof = {};      // layout files: what speaks of its content
  // Of one that stays out (IngestPlan::late):
  std::string check;  // kMissing, kByPolicy, kReadOtherwise, or what an open hold of it names
  std::string why;    // "": the project says so
};
inline constexpr const char* kMissing = "missing";  // files of the store are gone
inline constexpr const char* kByPolicy = "late_files: hold";
inline constexpr const char* kReadOtherwise = "options";  // reading.h

// A month of a table as a snapshot of the vendor has it (docs/decisions/0013-monthly-restore.md).
struct MonthRestore {
  Month month;
  std::string extract;       // day of the snapshot: "2026-10-01"
  std::string month_column;  // "": only keys tell which rows it takes the place of
  std::string restored_at;   // "2026-10-05 14:03:07.000001"
  bool is_new = false;       // else it is recorded, and comes in again at its place
  int64_t removed = 0;       // rows that it took the place of, once it was carried out
};

// A table, or one pod of it, that is made again from its files, in their order, so that late and
// changed files count where they belong, and restored months where they stand. Published by one
// transaction.
struct Rebuild {
  struct Load {
    TableLoad load;
    std::string hold_id;  // of somebody's decision that accepted it
    // Where a load that is new stands in time: beside the groups around it.
    std::string published_at;
    std::string day;
    std::optional<MonthRestore> restore = {};
    // Load ids of restored months before it that are younger than it is. What it inserts takes the place
    // of their rows: where exactly the snapshot was taken between the groups nobody knows.
    std::vector<int64_t> overrules = {};
  };
  TargetTable target;
  std::string connection;  // with `pod`: only the rows of this pod; both "": all of the table
  std::string pod;
  std::string label;   // "rebuild zenoti.bi_factsale POD1"
  std::string reason;  // "POD1/1/bi_factsale/1/b.csv came late"
  std::vector<Load> loads;
  std::vector<LateFile> late;  // what it is made for
  std::string accepted;        // the hold by which somebody took these files as they are; "" none
  // Rows that are of none of these loads stay, and so do their records.
  bool partial = false;

  size_t files() const;
  uint64_t bytes() const;
};

// A file that cannot be loaded as it is; others of its table can.
struct UnfitFile {
  std::string connection;
  std::string table;
  std::string path;
  std::string check;                   // "capture", "manifest", "checksum", "file", "bad_rows"
  std::string message;                 // begins with the path
  std::vector<std::string> more = {};  // paths of others with the same
  int64_t load_id = 0;                 // "bad_rows": LoadIdOf them; "checksum": ProofId
};

// A file whose rows are all published since an earlier run: what becomes of it is still to be done.
struct DoneFile {
  std::string connection;
  std::string table;
  connector::Store* store = nullptr;  // not owned
  connector::StoredFile file;
  std::optional<connector::StoredFile> sidecar = {};  // goes where the file goes
  bool again = false;  // it has another time than it had: not loaded again, for its content was
};

// Files of a connection that look like data and that no table takes.
struct UnmatchedFiles {
  std::string connection;
  uint64_t files = 0;
  std::string first;  // path
};

struct IngestPlan {
  std::string ingest;
  std::vector<Step> steps;
  std::vector<LateFile> late;  // those that are held
  std::vector<Rebuild> rebuilds;
  std::vector<UnfitFile> unfit;
  std::vector<std::string> lifted;  // holds of files that, or whose checksums, have come anew since
  std::vector<DoneFile> done;
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
  std::vector<UnmatchedFiles> unmatched;  // layout files
  std::vector<std::string>
      unsettled;  // what is not whole yet: "POD1 group 16", "orders: 2 files, …"
  std::vector<std::string> notes;
  std::vector<std::string> problems;  // tables that cannot be loaded, and why

  uint64_t bytes() const;
  size_t files() const;
  size_t groups() const;
};

// Whether a time of change is ahead of the clock, by more than clocks differ: what has to be old enough then waits
// until it is not.
bool IsAhead(env::Micros modified, env::Micros now);
inline constexpr const char* kAhead = "its time of change lies ahead of the clock here";

// Layout zenoti (docs/zenoti.md).
Result<IngestPlan> PlanZenoti(const config::Ingest& ingest, const std::vector<Source>& sources,
                              const SchemaCatalog& catalog, const LedgerState& ledger,
                              env::Micros now);

// Layout files: one pattern per table, declared columns. Reads manifests, nothing else.
Result<IngestPlan> PlanFiles(const config::Ingest& ingest, const std::vector<Source>& sources,
                             const LedgerState& ledger, env::Micros now, const env::Cancel* cancel);

// How one table of the layout is loaded, as project and schema files say. kConfig, kRejected (a schema
// file that does not parse) or kNotFound (no schema file) when it cannot be.
Result<TargetTable> ZenotiTarget(const config::Ingest& ingest, const SchemaCatalog& catalog,
                                 const std::string& name);
Result<TargetTable> FilesTarget(const config::Ingest& ingest, const std::string& name);
// How the tables name a pod of `sources[source]`: as they did when it first came, whatever connections the
// project has by now. Else its own name, with the connection where pods of several meet.
std::string PodLabelOf(const LedgerState& ledger, const std::vector<Source>& sources, size_t source,
                       const std::string& pod);
// Tables of the whole organization -> the source that they are loaded from: the one that they were loaded from before,
// else the first whose drop has them. With another one its files so far would be passed over.
std::map<std::string, size_t> OrganizationSources(const config::Ingest& ingest,
                                                  const std::vector<Source>& sources,
                                                  const std::vector<ZenotiDrop>& drops,
                                                  const LedgerState& ledger);
bool IsOrganizationTable(const config::Ingest& ingest, const std::string& table);
// Whether what a pod sends first is a full load: not so where its first groups were loaded elsewhere.
bool BeginsWithFullLoad(const config::Ingest& ingest, const std::string& connection,
                        const std::string& pod_label);
// kNotFound when `listing` holds nothing of a drop: neither schema files nor data.
Status CheckDropIsThere(const config::Ingest& ingest, const connector::Store& store,
                        const connector::Listing& listing);
// The same for a store, with as little listing as will do.
Status ProbeDrop(const config::Ingest& ingest, connector::Store& store, const env::Cancel* cancel);

}  // namespace sluice::ingest
