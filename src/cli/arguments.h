// The command line as values: which command, with what.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace sluice::cli {

enum class Command {
  kInit,
  kValidate,
  kPlan,
  kRun,
  kStatus,
  kTables,
  kQuery,
  kTrace,
  kRuns,
  kLogs,
  kQuarantineList,
  kQuarantineShow,
  kQuarantineExport,
  kQuarantineFix,
  kQuarantineDiscard,
  kQuarantineReplay,
  kGateList,
  kGateAccept,
  kGateReject,
  kGateSkip,
  kSyncRows,
  kSyncTest,
  kSyncAudit,
  kSyncRetry,
  kSyncResync,
  kSyncPause,
  kSyncResume,
  kSyncAdopt,
  kSyncReset,
  kDiscover,
  kLoad,
  kUnload,
  kBackup,
  kRestore,
  kClean,
  kExport,
  kForget,
  kVersion,
};

struct Arguments {
  Command command = Command::kVersion;
  // Of every command.
  std::string project;  // --project; "" is the nearest one from the current folder upwards
  std::string env = "dev";
  bool json = false;
  bool quiet = false;
  bool no_color = false;
  // What stands behind the command: selectors, tables.
  std::vector<std::string> names;
  // The one thing that a command is about: a folder, a run, a hold, a row, a sync, a key, SQL.
  std::string subject;
  // Options of single commands.
  bool connect = false;
  bool write = false;
  bool dry_run = false;
  bool strict = false;
  bool verbose = false;
  bool all = false;
  bool rows = false;
  bool csv = false;
  bool offline = false;
  bool deep = false;
  int64_t limit = 0;  // 0: not given
  std::optional<uint64_t> confirm;
  std::optional<std::chrono::milliseconds> wait;
  std::string reason;
  std::string state;
  std::string in;
  std::string row;  // `sync test`: the key of the row
  std::string run;
  std::vector<std::string> set;    // "column=value"
  std::optional<std::string> raw;  // the whole row
  std::optional<std::string> sql;  // an expression of it
  std::optional<std::string> where;
  std::string to;
  std::string plan;  // a file that `plan --out` wrote
  bool yes = false;
  bool interactive = false;
  bool force = false;
  bool again = false;
  bool repair = false;
  bool export_all = false;  // `sync audit`: every row
  int64_t sample = 100;     // `sync audit`: rows that are looked for
  bool undo = false;
  bool list = false;
  // `load`.
  std::string mode;
  std::vector<std::string> key;
  std::optional<std::string> columns;    // "id BIGINT, day DATE"
  std::vector<std::string> csv_options;  // "encoding=windows-1252"
  std::string delimiter;
  std::string header;       // yes, no
  std::string delete_when;  // "column=value"
  // `run` and `plan`: a month out of the vendor's snapshot.
  std::string restore;  // "2026-09"
  std::string table;
  std::vector<std::string> after;  // "POD1=4711"
};

struct Invocation {
  Arguments arguments;
  std::string help;  // not empty: to be printed instead of doing anything
};

// `words` without the program's name. kConfig with the nearest command or option for one that is not
// there.
Result<Invocation> ParseArguments(const std::vector<std::string>& words);

// The command's name as it is typed: "quarantine list".
std::string NameOf(Command command);

// A read command looks at a project and changes nothing: the process of a run can answer it.
bool IsRead(Command command);

}  // namespace sluice::cli
