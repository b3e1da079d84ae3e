// What was loaded so far, as the warehouse remembers it: the file ledger, cursors, holds, load
// records, fences. Reads for planning, writes inside the publishing transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/table_load.h"
#include "quality/holds.h"

namespace sluice::ingest {

struct Cursor {
  int64_t group = 0;
  int64_t log_id = 0;
};

struct KnownFile {
  std::string tag;
  std::string state;        // loaded, held, skipped
  int64_t quarantined = 0;  // rows
  bool loaded = false;      // this or an earlier version of it: rows of it may be in the table
  env::Micros modified = 0;
  bool gone = false;       // moved away or removed after loading: what is there has come since
  int64_t deliveries = 0;  // how often it was loaded
};

struct OpenHold {
  std::string id;
  std::string kind;
  std::string table;
  std::string pod;
  int64_t group = 0;
  std::string message;
  std::string check;
  std::string connection;
  int64_t load_id = 0;          // of kind late: LateId
  std::set<std::string> files;  // addresses
};

// Somebody accepted these files with all their bad rows.
struct LiftedLimit {
  std::string table;
  int64_t load_id = 0;
  std::set<std::string> files;  // addresses
};

// What a table in mode replace is made of, where its files stay in their place.
struct LastReplace {
  int64_t load_id = 0;
  std::set<std::pair<std::string, std::string>> files;  // (connection, address)
};

// Everything that planning one ingest needs.
struct LedgerState {
  // (connection, address, table) -> the newest entry, of files that are in a store now: the history of a store
  // that is emptied grows for ever. Of tables with manifests all, for these name files that have gone.
  std::map<std::tuple<std::string, std::string, std::string>, KnownFile> files;
  // (connection, pod, table).
  std::map<std::tuple<std::string, std::string, std::string>, Cursor> cursors;
  std::vector<OpenHold> holds;
  std::vector<LiftedLimit> limits_lifted;
  std::vector<OpenHold> late_accepted;                 // late files that somebody accepted
  std::set<std::pair<std::string, std::string>> pods;  // (connection, pod as the tables name it)
  std::set<std::string> tables;                        // that are there already
  std::set<std::string> fed;                           // tables that files were loaded into
  std::map<std::string, LastReplace> made_of;          // by table
};

// Of entries of files: those that are held and came late. They stand for their bad rows (docs/decisions/0018), and
// planning knows the files as if they were not there.
inline constexpr const char* kIsHeldLate =
    "(state = 'held' AND load_id IN (SELECT load_id FROM _sluice.holds WHERE kind = 'late'))";

struct Source;  // plan.h

Result<LedgerState> ReadLedger(engine::Connection& connection, const config::Ingest& ingest,
                               const std::vector<Source>& sources);

// The columns of _sluice.files that say which file an entry is about, to stand first behind SELECT, and that
// file. `row` may have more behind them.
inline constexpr const char* kFileColumns =
    "file_id, connection, pod, group_id, log_id, address, size, tag, epoch_us(modified), "
    "content_hash";
LoadFile FileOfEntry(const std::vector<engine::Value>& row);

using quality::RunInfo;

// Settles the open holds of late files of a table whose files are all among these. In the caller's
// transaction.
using LateKey = std::pair<std::string, std::string>;  // connection, address
Status SettleLate(engine::Connection& connection, const std::string& ingest,
                  const std::string& table, const std::vector<LateKey>& files, const RunInfo& run);

// Where published loads are recorded: the ledger, or tables beside it while a table is rebuilt.
struct LedgerTables {
  std::string schema = "_sluice";
  std::string files = "files";
  std::string loads = "loads";
  std::string quarantine = "quarantine";
  bool cursors = true;
};

// Load records, ledger entries, quarantined rows and cursors of loads that are being published
// together. `hold_id` of a load that a gate had held. In the caller's transaction.
Status RecordPublished(engine::Connection& connection,
                       const std::vector<const TableLoad*>& published, const RunInfo& run,
                       const std::string& hold_id, const LedgerTables& tables = {});

// The entries of files that somebody decided to pass over; the cursor goes past them when
// `moves_cursor`.
Status RecordSkipped(engine::Connection& connection, const TableLoad& load, bool moves_cursor,
                     const RunInfo& run, const std::string& hold_id);

// The file entries of a load that waits (state "held") and its quarantined rows.
Status RecordHeldFiles(engine::Connection& connection, const TableLoad& load, const RunInfo& run);

// Rows of earlier loads of a table of one kind ("increment", "full"), newest first, without loads that a
// gate had held. `before`: only groups below it.
Result<std::vector<double>> LoadHistory(engine::Connection& connection, const std::string& ingest,
                                        const std::string& table, const std::string& pod,
                                        const std::string& kind, int64_t before, int64_t limit);

}  // namespace sluice::ingest
