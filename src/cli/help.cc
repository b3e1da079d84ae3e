#include "cli/help.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice::cli {
namespace {

const std::vector<CommandHelp>& List() {
  static const std::vector<CommandHelp> commands = {
      {Command::kInit,
       "init",
       "make a project that runs at once",
       "Makes a project in DIR (the current folder without one): a small shop with its files, two "
       "models and a sync into a folder. It needs no server. Nothing that is there is overwritten.",
       {"sluice init shop            make a project in the folder shop"}},
      {Command::kValidate,
       "validate",
       "check the project file",
       "Reads the project and tells everything that is wrong with it, with file, line and column; "
       "the "
       "order of the models; and the cron line of every schedule. Connects to nothing unless "
       "asked.",
       {"sluice validate             check the project of this folder",
        "sluice validate --connect   also try every connection"}},
      {Command::kPlan,
       "plan",
       "say what a run would do",
       "Says what `run` would do and changes nothing: which files wait, which models are built "
       "anew, "
       "which rows a sync would send in how many requests. With --deep what waits is loaded and "
       "built "
       "in a copy of the warehouse, which is thrown away: then it says exactly which rows would "
       "come "
       "in, which would be held or put in quarantine, and what every sync would send.",
       {"sluice plan                 everything",
        "sluice plan --deep          exact: the load and the models are tried in a copy",
        "sluice plan zenoti          one ingest",
        "sluice plan +guests         a sync and all that it depends on",
        "sluice plan --restore 2026-09 --table bi_factsale"}},
      {Command::kRun,
       "run",
       "load, build and send",
       "Loads what waits, builds the models and sends what changed. Without a name, everything. "
       "NAME is an ingest, a model or a sync; NAME.table one table of an ingest; NAME+ also what "
       "depends on it; +NAME also what it depends on. Ctrl-C stops cleanly, and the next run goes "
       "on.",
       {"sluice run                  everything",
        "sluice run zenoti+          an ingest and what comes of it",
        "sluice run guests --dry-run write every request of a sync, send none",
        "sluice run guests --limit 10  send ten rows",
        "sluice run --wait 10m       wait for another run up to ten minutes",
        "sluice run --restore 2026-09 --table bi_factsale"}},
      {Command::kStatus,
       "status",
       "the overview",
       "What was loaded last, what waits, what is held, how the models are and what each sync did.",
       {"sluice status               the overview",
        "sluice status --offline     without asking the stores what waits",
        "sluice status --json        for machines"}},
      {Command::kTables,
       "tables",
       "tables and models in the warehouse",
       "Tables and views of the warehouse with their rows, columns and last load. With names, the "
       "columns of these.",
       {"sluice tables               all of them", "sluice tables bi_dimuser    its columns"}},
      {Command::kQuery,
       "query",
       "SQL, read-only",
       "Runs one SQL statement that reads, and prints what it gives. Without SQL it is read from "
       "standard input. CSV: NULL is an empty field, an empty text \"\". JSON: decimals and "
       "numbers "
       "beyond 64 bits are texts, so that nothing is rounded.",
       {"sluice query \"SELECT count(*) FROM bi_dimuser\"",
        "sluice query --csv \"FROM active_guests\" > guests.csv",
        "sluice query -i              a prompt"}},
      {Command::kTrace,
       "trace",
       "everything about one key",
       "Shows where the rows of a key came from, in which models they are, when and why they were "
       "sent, what was sent and what the destination answered. KEY is a value of a declared key, "
       "an "
       "identifier at a destination (an e-mail address), or a,b for a key of two columns.",
       {"sluice trace 4711           in every table, model and sync",
        "sluice trace ann@example.com  by identifier", "sluice trace 4711,12 --in bi_factforms"}},
      {Command::kRuns,
       "runs",
       "the last runs",
       "The last runs, newest first.",
       {"sluice runs                 the last 20", "sluice runs --limit 100"}},
      {Command::kLogs,
       "logs",
       "what a run told",
       "The log of a run, of the last one without RUN: an id, a unique beginning of one, or "
       "latest.",
       {"sluice logs                 of the last run",
        "sluice logs 20261121-14     by the beginning of its id"}},
      {Command::kQuarantineList,
       "quarantine list",
       "rows that could not be used",
       "Rows that could not be used, counted by table and reason; with --rows one by one.",
       {"sluice quarantine list                    counts",
        "sluice quarantine list --run latest       of the last run",
        "sluice quarantine list bi_factforms --rows  the rows of one table"}},
      {Command::kQuarantineShow,
       "quarantine show",
       "one of them, in full",
       "Everything about one quarantined row, its text as it stands in the file too.",
       {"sluice quarantine show 5f0c31       ID is the beginning of an id in `list --rows`"}},
      {Command::kQuarantineExport,
       "quarantine export",
       "rows in quarantine into a file",
       "Writes the rows in quarantine with their places and reasons into FILE, for its owner only: "
       "as "
       "CSV when it ends in .csv, else one JSON object a line.",
       {"sluice quarantine export bad.jsonl           all of them",
        "sluice quarantine export bad.csv orders      of one table"}},
      {Command::kQuarantineFix,
       "quarantine fix",
       "say what a row should have been",
       "Stores what is to be read in a row's place, after it was tried against the table's types "
       "and "
       "key: it holds whenever the file is read. One row by its ID, with --set or --raw, or in "
       "$EDITOR on a terminal. Many by --where, an SQL condition on the texts of their cells and "
       "on "
       "_file, _line, _column, _value, _reason, _rule, _raw; then --set and --sql are SQL "
       "expressions. `replay` brings it into the table.",
       {"sluice quarantine fix 5f0c31 --set day=2026-03-01",
        "sluice quarantine fix --in orders --where \"_column = 'total'\" --set "
        "\"total=replace(total, "
        "',', '.')\"",
        "sluice quarantine fix --in orders --where \"_reason = 'too few columns'\" --sql \"_raw || "
        "','\""}},
      {Command::kQuarantineDiscard,
       "quarantine discard",
       "give rows up for good",
       "Takes rows out of quarantine: they are counted as skipped, now and whenever their file is "
       "read again.",
       {"sluice quarantine discard 5f0c31 --reason \"a test order\"",
        "sluice quarantine discard --in orders --where \"_raw LIKE 'Total%'\" --reason \"a sum "
        "line\""}},
      {Command::kQuarantineReplay,
       "quarantine replay",
       "bring fixed rows into their tables",
       "Brings the rows that were fixed into their tables: by the same casts and checks as a load, "
       "at their place in the order, in one transaction for each table.",
       {"sluice quarantine replay          all fixes that wait",
        "sluice quarantine replay orders   those of one table"}},
      {Command::kGateList,
       "gate list",
       "what is held",
       "What waits for a decision. With --all also what was decided.",
       {"sluice gate list            what is open",
        "sluice gate list --all      with decisions and reasons"}},
      {Command::kGateAccept,
       "gate accept",
       "publish what is held",
       "Publishes what is held as it is. ID is an id, a unique beginning of one, or latest where "
       "it is the only one.",
       {"sluice gate accept 3fa9 --reason \"the small group is right: the spa was closed\""}},
      {Command::kGateReject,
       "gate reject",
       "drop it; it is read again",
       "Drops what is held; it is read again by the next run.",
       {"sluice gate reject 3fa9 --reason \"a new file comes\""}},
      {Command::kGateSkip,
       "gate skip",
       "pass it for good",
       "Passes what is held for good: it is never loaded.",
       {"sluice gate skip 3fa9 --reason \"sent twice\""}},
      {Command::kSyncRows,
       "sync rows",
       "rows of a sync by state",
       "The rows of a sync that are in a state: rejected, deferred, unknown, delivered, left (not "
       "in "
       "the model any more), waiting, left_out (found before sending), or all.",
       {"sluice sync rows guests --state rejected        what was refused, and why",
        "sluice sync rows guests --state all --csv > rows.csv"}},
      {Command::kSyncTest,
       "sync test",
       "send one row, show what happens",
       "Sends one row of a sync, whole, also when it did not change, and shows the request and the "
       "answer. It is delivered as by a run: what was answered is remembered.",
       {"sluice sync test guests --key 4711"}},
      {Command::kSyncAudit,
       "sync audit",
       "compare with the destination",
       "Looks for some of the delivered rows at the destination and lists those that are not "
       "there, "
       "or have other values: their fields, never the values. With --repair they are marked, and "
       "go "
       "with the next run. The exit code is 1 when something was found and not repaired.",
       {"sluice sync audit guests                     100 rows, chosen by chance",
        "sluice sync audit guests --sample 5000 --repair",
        "sluice sync audit guests --export            all of them, where there is an export"}},
      {Command::kSyncRetry,
       "sync retry",
       "send again what was refused",
       "Rows that were refused for good go again with the next run although they did not change; "
       "with --state unknown those that may have arrived at a destination where twice is harm; "
       "with "
       "--state deferred those that are not there and would be looked for later.",
       {"sluice sync retry guests                    the field is wide enough now",
        "sluice sync retry orders --state unknown    they have not arrived"}},
      {Command::kSyncResync,
       "sync resync",
       "send all rows again, whole",
       "Every row that is in the model goes again, whole, with the next run. What is known to be "
       "delivered stays known, so that rows that left are still removed. Guards count them as "
       "changed.",
       {"sluice sync resync guests --reason \"somebody edited them there\""}},
      {Command::kSyncPause,
       "sync pause",
       "runs pass it over",
       "Runs pass the sync over until it is resumed. A delivery that is under way ends as it "
       "would.",
       {"sluice sync pause guests --reason \"the campaign is being rebuilt\""}},
      {Command::kSyncResume,
       "sync resume",
       "end a pause",
       "The sync goes on with the next run, which sends what has changed meanwhile.",
       {"sluice sync resume guests"}},
      {Command::kSyncAdopt,
       "sync adopt",
       "go on though its log is lost",
       "Goes on from what the warehouse knows, where it cannot be told what was sent: the log or "
       "spool of an open delivery is lost, or lies on a machine that is gone, or the warehouse is "
       "older than what was sent. Rows go again where they differ from what was delivered as far "
       "as "
       "it is known. Refused while the delivery can still be taken in.",
       {"sluice sync adopt guests --reason \"the disk of .sluice died\""}},
      {Command::kSyncReset,
       "sync reset",
       "forget what was delivered, send all",
       "Forgets everything that is known to be delivered by a sync, and where to: its next run is "
       "a "
       "first run and sends all rows. For a sync that goes to another destination, or a warehouse "
       "that is older than what was sent.",
       {"sluice sync reset guests --reason \"the project at Iterable is a new one\""}},
      {Command::kDiscover,
       "discover",
       "propose tables, keys and columns",
       "Looks at the files of an ingest and proposes what the project does not have yet: for "
       "layout "
       "zenoti the keys of tables, with the evidence; for layout files patterns, columns and "
       "types.",
       {"sluice discover             say what is proposed",
        "sluice discover --write     write it into an include file, to be confirmed"}},
      {Command::kLoad,
       "load",
       "one file by hand into a table",
       "Loads FILE into TABLE by the road of a run: strict types, quarantine, ledger and load "
       "record. "
       "The columns are those of --columns, of the table where the project declares it, or of the "
       "table that is there; else they are proposed from all values of the file and shown before "
       "anything is loaded. Content that the table has already is refused, unless --again.",
       {"sluice load orders.csv --into orders          columns are proposed",
        "sluice load orders.jsonl --into orders --columns \"id BIGINT, day DATE\"",
        "sluice load bare.csv --into orders --header no --csv encoding=latin1 --csv decimal=comma",
        "sluice load changes.parquet --into orders --mode upsert --key id --yes"}},
      {Command::kUnload,
       "unload",
       "take a load back",
       "Takes a load out of its table again: its rows go, or, where it replaced or deleted rows, "
       "the "
       "table is made again from its other files. Not in mode replace. Its files are not read "
       "again "
       "by themselves, unless --again. LOAD is a load_id of _sluice.loads, or the _sluice_load of "
       "a "
       "row.",
       {"sluice unload 4711000815 --dry-run --reason -   say what would go",
        "sluice unload 4711000815 --reason \"sent twice\""}},
      {Command::kBackup,
       "backup",
       "a consistent copy of everything",
       "Copies the warehouse and the state of its deliveries into a new FOLDER while nothing else "
       "works, opens the copy and counts every table.",
       {"sluice backup /backups/2026-11-29"}},
      {Command::kRestore,
       "restore",
       "put a backup back",
       "Puts a backup in the place of what is there, which is kept beside it. Refused over a newer "
       "state unless --force. Syncs of which nobody knows what they sent since stop until `sync "
       "adopt` or `sync reset`.",
       {"sluice restore /backups/2026-11-29",
        "sluice restore /backups/2026-11-29 --force   though what is there is newer"}},
      {Command::kClean,
       "clean",
       "remove what is old",
       "Removes logs of runs, records of runs, checks and attempts, and files of dry runs and of "
       "downloads that are older than `retention` says, as every run does at its end. The file "
       "ledger, what was delivered, quarantine and decisions are never touched.",
       {"sluice clean --dry-run       say what would go", "sluice clean"}},
      {Command::kExport,
       "export",
       "all that is held about a person",
       "Writes all that is held about a person as JSON: their rows in tables and models, held and "
       "in "
       "quarantine, what was sent where and what was answered. KEY is the person's key or what "
       "they "
       "are known by, as `persons` in the project file names them. The file is for its owner only.",
       {"sluice export 4711 --out ann.json", "sluice export ann@example.com --out ann.json"}},
      {Command::kForget,
       "forget",
       "remove a person from everywhere, and keep them out",
       "Shows how many rows are about a person, by place, and removes them with --confirm and "
       "their "
       "number: from tables, models, quarantine, what is held, what was delivered and tried, "
       "spools "
       "and logs. The warehouse is written into a fresh file. A salted hash stays, by which later "
       "loads and syncs leave the person out. Stopped, the same command goes on.",
       {"sluice forget 4711                what would go",
        "sluice forget 4711 --confirm 12   do it",
        "sluice forget --list              who was forgotten, without saying who",
        "sluice forget 4711 --undo         take them off the list"}},
      {Command::kVersion, "version", "versions of this program and of its state", "", {}},
  };
  return commands;
}

constexpr std::string_view kGlobalOptions = R"(Options of every command:
  --project PATH   the project's folder or file; else the nearest one upwards
  --env NAME       the environment of the project; dev without it
  --json           output for machines, one version of it
  --quiet          run: only warnings, errors and what needs attention; elsewhere what was asked for, no hints
  --no-color       no colours; NO_COLOR does the same
)";

void AppendCommands(std::string& out, std::string_view title,
                    std::initializer_list<std::string_view> names) {
  out += fmt::format("{}:\n", title);
  for (const CommandHelp& help : AllCommands()) {
    if (std::find(names.begin(), names.end(), help.name) == names.end()) continue;
    out += fmt::format("  {:<22}{}\n", help.name, help.summary);
  }
  out += "\n";
}

}  // namespace

std::span<const CommandHelp> AllCommands() {
  return List();
}

const CommandHelp& HelpOf(Command command) {
  const auto found = std::find_if(List().begin(), List().end(),
                                  [&](const CommandHelp& help) { return help.command == command; });
  SLUICE_CHECK(found != List().end(), "every command has a help");
  return *found;
}

std::vector<std::string> TopLevelNames() {
  std::vector<std::string> names;
  for (const CommandHelp& help : AllCommands()) {
    std::string first = Split(help.name, ' ')[0];
    if (names.empty() || names.back() != first) names.push_back(std::move(first));
  }
  return names;
}

std::vector<std::string> SecondNames(std::string_view first) {
  std::vector<std::string> names;
  for (const CommandHelp& help : AllCommands()) {
    const auto words = Split(help.name, ' ');
    if (words.size() == 2 && words[0] == first) names.push_back(words[1]);
  }
  return names;
}

std::string TopLevelHelp() {
  std::string out =
      "sluice brings customer data from files into a warehouse, checks it, builds models and sends "
      "them on.\n\nUsage: sluice COMMAND [options]\n\n";
  AppendCommands(out, "The way", {"init", "validate", "plan", "run", "status"});
  AppendCommands(out, "Look",
                 {"tables", "query", "trace", "runs", "logs", "sync rows", "quarantine list",
                  "quarantine show", "quarantine export"});
  AppendCommands(
      out, "Decide",
      {"gate list", "gate accept", "gate reject", "gate skip", "quarantine fix",
       "quarantine discard", "quarantine replay", "sync test", "sync audit", "sync retry",
       "sync resync", "sync pause", "sync resume", "sync adopt", "sync reset"});
  AppendCommands(out, "Keep", {"backup", "restore", "load", "unload", "clean"});
  AppendCommands(out, "People", {"export", "forget"});
  AppendCommands(out, "More", {"discover", "version"});
  out += kGlobalOptions;
  out += "\n`sluice COMMAND --help` or `sluice help COMMAND` shows its options and examples.\n";
  return out;
}

std::string HelpFooter(const CommandHelp& help) {
  std::string out;
  if (!help.examples.empty()) {
    out += "Examples:\n";
    for (const std::string_view example : help.examples) out += fmt::format("  {}\n", example);
    out += "\n";
  }
  out += kGlobalOptions;
  return out;
}

}  // namespace sluice::cli
