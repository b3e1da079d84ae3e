#include "cli/options.h"

#include <CLI/CLI.hpp>

#include "cli/typed_words.h"

namespace sluice::cli {
namespace {

using CLI::App;

class Options {
 public:
  Options(const std::map<Command, App*>& apps, Arguments& arguments, std::string& wait)
      : apps_(apps), arguments_(arguments), wait_(wait) {}

  void AddAll() {
    AddProjectOptions();
    AddRunOptions();
    AddLoadOptions();
    AddReadOptions();
    AddQuarantineOptions();
    AddFixOptions();
    AddGateOptions();
    AddSyncOptions();
    AddHousekeepingOptions();
    AddPrivacyOptions();
  }

 private:
  App& Of(Command command) { return *apps_.at(command); }

  void Subject(Command command, const std::string& name, const std::string& what, bool required) {
    CLI::Option* option = Of(command).add_option(name, arguments_.subject, what)->option_text(" ");
    if (required) option->required();
  }

  void Limit(Command command, const std::string& what) {
    Of(command)
        .add_option("--limit", arguments_.limit, what)
        ->check(CLI::Range(int64_t{1}, kMostLimit))
        ->option_text("N");
  }

  void AddProjectOptions() {
    Subject(Command::kInit, "DIR", "the folder", false);
    Of(Command::kValidate).add_flag("--connect", arguments_.connect, "try every connection");
    Of(Command::kDiscover).add_flag("--write", arguments_.write, "write the proposals into a file");
    Of(Command::kDiscover)
        .add_option("INGEST", arguments_.names, "only these ingests")
        ->option_text("...");
  }

  void AddRunOptions() {
    App& run = Of(Command::kRun);
    run.add_option("SELECTOR", arguments_.names, "NAME, NAME.table, NAME+, +NAME")
        ->option_text("...");
    run.add_flag("--dry-run", arguments_.dry_run, "syncs write every request and send none");
    run.add_flag("--verbose", arguments_.verbose, "a line for every table of every group");
    AddRestoreOptions(run);
    run.add_option("--plan", arguments_.plan,
                   "send exactly what `sluice plan --out FILE` wrote, or nothing")
        ->option_text("FILE");
    run.add_option("--confirm", arguments_.confirm,
                   "a sync may send so many rows, whatever its guards say")
        ->option_text("N");
    Limit(Command::kRun, "at most so many rows of each sync");
    for (App* app : {&run, &Of(Command::kLoad)}) {
      app->add_flag("--strict", arguments_.strict,
                    "rows in quarantine and rejected rows make the exit code 1");
      Wait(*app, "for another run; without a duration until it has ended");
    }
  }

  CLI::Option* Wait(App& app, const std::string& what) {
    return app.add_option("--wait", wait_, what)->option_text("[DURATION]");
  }

  void AddRestoreOptions(App& app) {
    CLI::Option* restore = app.add_option("--restore", arguments_.restore,
                                          "a month of one table, from a monthly snapshot")
                               ->option_text("YYYY-MM");
    CLI::Option* table = app.add_option("--table", arguments_.table, "with --restore: the table")
                             ->option_text("TABLE");
    restore->needs(table);
    table->needs(restore);
    app.add_option("--after", arguments_.after,
                   "with --restore: the last group that the snapshot has")
        ->allow_extra_args(false)
        ->needs(restore)
        ->option_text("POD=GROUP ...");
  }

  void AddLoadOptions() {
    Subject(Command::kLoad, "FILE", "the file", true);
    App& load = Of(Command::kLoad);
    load.add_option("--into", arguments_.in, "the table")
        ->required()
        ->option_text("TABLE (required)");
    load.add_option("--columns", arguments_.columns, "its columns, as in CREATE TABLE")
        ->option_text("\"a BIGINT, b DATE\"");
    load.add_option("--mode", arguments_.mode,
                    "append, as without it, replace, upsert, delete-insert")
        ->check(CLI::IsMember({"append", "replace", "upsert", "delete-insert"}))
        ->option_text("MODE");
    load.add_option("--key", arguments_.key, "what identifies a row")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("COLUMN,...");
    load.add_option("--delete-when", arguments_.delete_when, "mode delete-insert: what deletes")
        ->option_text("COLUMN=VALUE");
    load.add_option("--header", arguments_.header, "whether the first line of CSV names columns")
        ->check(CLI::IsMember({"yes", "no"}))
        ->option_text("yes|no");
    load.add_option("--delimiter", arguments_.delimiter, "of CSV, where it is not plain; tab too")
        ->option_text("TEXT");
    load.add_option("--csv", arguments_.csv_options,
                    "how it is written, as `csv:` of a project says")
        ->allow_extra_args(false)
        ->option_text("OPTION=VALUE ...");
    load.add_flag("--again", arguments_.again, "though the same content was loaded into it");
    load.add_flag("--yes", arguments_.yes, "take the proposed columns without asking");
  }

  void AddReadOptions() {
    Of(Command::kPlan)
        .add_option("SELECTOR", arguments_.names, "NAME, NAME.table, NAME+, +NAME")
        ->option_text("...");
    CLI::Option* deep =
        Of(Command::kPlan)
            .add_flag("--deep", arguments_.deep,
                      "load what waits into a throwaway copy: exact for everything");
    Wait(Of(Command::kPlan), "with --deep: for another run")->needs(deep);
    AddRestoreOptions(Of(Command::kPlan));
    Of(Command::kPlan)
        .add_option("--out", arguments_.to, "write every operation of the syncs into a new file")
        ->option_text("FILE");
    Of(Command::kStatus)
        .add_flag("--offline", arguments_.offline, "do not ask the stores what waits");
    Of(Command::kTables)
        .add_option("TABLE", arguments_.names, "show the columns of these")
        ->option_text("...");
    Subject(Command::kQuery, "SQL", "one statement; without it standard input", false);
    Of(Command::kQuery).add_flag("--csv", arguments_.csv, "as CSV");
    Of(Command::kQuery).add_flag("-i,--interactive", arguments_.interactive, "a prompt for SQL");
    Limit(Command::kQuery, "at most so many rows");
    Subject(Command::kTrace, "KEY", "a key, an identifier, or a,b", true);
    Of(Command::kTrace)
        .add_option("--in", arguments_.in, "one table, model or sync")
        ->option_text("NAME");
    Limit(Command::kRuns, "how many (20)");
    Subject(Command::kLogs, "RUN", "an id, the beginning of one, or latest, as without it", false);
  }

  void AddQuarantineOptions() {
    Of(Command::kQuarantineList)
        .add_option("TABLE", arguments_.names, "only of these tables")
        ->option_text("...");
    Of(Command::kQuarantineList).add_flag("--rows", arguments_.rows, "the rows instead of counts");
    Of(Command::kQuarantineList)
        .add_option("--run", arguments_.run, "only what this run found; latest for the last one")
        ->option_text("RUN");
    Limit(Command::kQuarantineList, "with --rows: how many (100)");
    Subject(Command::kQuarantineShow, "ID", "an id or the beginning of one", true);
    App& to_file = Of(Command::kQuarantineExport);
    to_file.add_option("FILE", arguments_.to, "the new file; - for standard output")
        ->required()
        ->option_text(" ");
    to_file.add_option("TABLE", arguments_.names, "only of these tables")->option_text("...");
    to_file.add_flag("--csv", arguments_.csv, "as CSV, whatever the file is called");
    to_file.add_option("--run", arguments_.run, "only what this run found")->option_text("RUN");
    Of(Command::kQuarantineReplay)
        .add_option("TABLE", arguments_.names, "only into these tables")
        ->option_text("...");
  }

  void AddFixOptions() {
    Of(Command::kQuarantineShow)
        .add_option("--in", arguments_.in, "the table, where one file fills two")
        ->option_text("TABLE");
    for (const Command command : {Command::kQuarantineFix, Command::kQuarantineDiscard}) {
      Subject(command, "ID", "an id or the beginning of one", false);
      App& app = Of(command);
      app.add_option("--in", arguments_.in, "the table, where it is not clear")
          ->option_text("TABLE");
      app.add_option("--where", arguments_.where, "all rows for which this SQL holds")
          ->option_text("SQL");
      app.add_flag("--yes", arguments_.yes, "with --where: without asking");
      const bool discard = command == Command::kQuarantineDiscard;
      CLI::Option* reason = app.add_option("--reason", arguments_.reason, "why; it is kept");
      reason->option_text(discard ? "TEXT (required)" : "TEXT");
      if (discard) reason->required();
    }
    App& fix = Of(Command::kQuarantineFix);
    fix.add_option("--set", arguments_.set, "a cell's text; with --where an expression of it")
        ->allow_extra_args(false)
        ->option_text("COLUMN=VALUE ...");
    fix.add_option("--raw", arguments_.raw, "the whole row as it should stand in the file")
        ->option_text("TEXT");
    fix.add_option("--sql", arguments_.sql, "with --where: an expression of the whole row's text")
        ->option_text("SQL");
  }

  void AddGateOptions() {
    Of(Command::kGateList).add_flag("--all", arguments_.all, "also what was decided");
    for (const Command command : {Command::kGateAccept, Command::kGateReject, Command::kGateSkip}) {
      Subject(command, "ID", "an id, the beginning of one, or latest", true);
      Of(command)
          .add_option("--reason", arguments_.reason, "why; it is kept with the decision")
          ->required()
          ->option_text("TEXT (required)");
    }
  }

  void AddSyncOptions() {
    for (const Command command :
         {Command::kSyncAdopt, Command::kSyncReset, Command::kSyncRetry, Command::kSyncResync,
          Command::kSyncPause, Command::kSyncResume, Command::kSyncAudit}) {
      Subject(command, "NAME", "the sync", true);
      const bool grave = command == Command::kSyncAdopt || command == Command::kSyncReset;
      Of(command)
          .add_option("--reason", arguments_.reason, "why; it is kept with the sync's runs")
          ->required(grave)
          ->option_text(grave ? "TEXT (required)" : "TEXT");
    }
    Of(Command::kSyncRetry)
        .add_option("--state", arguments_.state, "rejected, as without it, unknown or deferred")
        ->check(CLI::IsMember({"rejected", "unknown", "deferred"}))
        ->option_text("STATE");
    CLI::Option* const sample = Of(Command::kSyncAudit)
                                    .add_option("--sample", arguments_.sample,
                                                "how many rows are looked for; 100 without it")
                                    ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
                                    ->option_text("N");
    Of(Command::kSyncAudit)
        .add_flag("--export", arguments_.export_all, "every row, by all that the destination gives")
        ->excludes(sample);
    Of(Command::kSyncAudit)
        .add_flag("--repair", arguments_.repair, "what differs goes with the next run");
    Subject(Command::kSyncTest, "NAME", "the sync", true);
    Of(Command::kSyncTest)
        .add_option("--key", arguments_.row, "the key of the row")
        ->required()
        ->option_text("KEY (required)");
    Of(Command::kSyncTest)
        .add_option("--confirm", arguments_.confirm,
                    "1: do it where it cannot be taken back (people are deleted, or forgotten)")
        ->option_text("1");
    Subject(Command::kSyncRows, "NAME", "the sync", true);
    Of(Command::kSyncRows)
        .add_option("--state", arguments_.state, "rejected, deferred, unknown, …, or all")
        ->required()
        ->check(CLI::IsMember(
            {"rejected", "deferred", "unknown", "delivered", "left", "waiting", "left_out", "all"}))
        ->option_text("STATE (required)");
    Of(Command::kSyncRows).add_flag("--csv", arguments_.csv, "as CSV, with payloads");
    Limit(Command::kSyncRows, "at most so many rows");
  }

  void AddHousekeepingOptions() {
    Subject(Command::kUnload, "LOAD", "a load's id or the beginning of one", true);
    App& unload = Of(Command::kUnload);
    unload.add_option("--reason", arguments_.reason, "why; it is kept with the load")
        ->required()
        ->option_text("TEXT (required)");
    unload.add_flag("--again", arguments_.again, "its files are read again by the next run");
    unload.add_flag("--dry-run", arguments_.dry_run, "say what would go");
    Subject(Command::kBackup, "FOLDER", "a new folder", true);
    Subject(Command::kRestore, "FOLDER", "what `sluice backup` made", true);
    Of(Command::kRestore)
        .add_flag("--force", arguments_.force, "though what is there is newer, or damaged");
    Of(Command::kClean).add_flag("--dry-run", arguments_.dry_run, "say what would go");
  }

  void AddPrivacyOptions() {
    Subject(Command::kExport, "KEY", "a key, or an identifier", true);
    Of(Command::kExport)
        .add_option("--out", arguments_.to, "a new file; without it standard output")
        ->option_text("FILE");
    Subject(Command::kForget, "KEY", "a key, an identifier, or an id of --list", false);
    for (const Command command : {Command::kExport, Command::kForget}) {
      Of(command)
          .add_option("--in", arguments_.in, "one kind of person, as persons names it")
          ->option_text("NAME");
      Of(command).add_flag("--all", arguments_.all, "everybody who is called so");
    }
    App& forget = Of(Command::kForget);
    forget.add_flag("--dry-run", arguments_.dry_run, "say what would go, as without --confirm");
    forget.add_option("--confirm", arguments_.confirm, "do it: the number of rows that it shows")
        ->option_text("N");
    forget.add_flag("--undo", arguments_.undo, "take them off the list of the forgotten");
    forget.add_flag("--list", arguments_.list, "who was forgotten, without saying who");
  }

  const std::map<Command, App*>& apps_;
  Arguments& arguments_;
  std::string& wait_;
};

}  // namespace

void AddOptions(const std::map<Command, App*>& apps, Arguments& arguments, std::string& wait) {
  Options(apps, arguments, wait).AddAll();
}

}  // namespace sluice::cli
