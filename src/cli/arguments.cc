#include "cli/arguments.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "config/units.h"

namespace sluice::cli {
namespace {

using CLI::App;

constexpr int64_t kMostRows = 1'000'000'000;
// `--wait` without a duration: as long as it takes.
constexpr std::chrono::milliseconds kWaitForever = std::chrono::hours(24 * 365);

bool TakesValue(std::string_view word) {
  return word == "--project" || word == "--env";
}

// The words that name the command: the first ones that are no options.
std::vector<std::string> CommandWords(const std::vector<std::string>& words) {
  std::vector<std::string> found;
  for (size_t i = 0; i < words.size() && found.size() < 2; ++i) {
    if (TakesValue(words[i])) {
      ++i;
    } else if (!StartsWith(words[i], "-")) {
      found.push_back(words[i]);
    }
  }
  return found;
}

Status UnknownCommand(std::string_view typed, std::string_view word,
                      const std::vector<std::string>& known) {
  const auto nearest = Nearest(word, known);
  const std::string prefix = typed.empty() ? "sluice" : fmt::format("sluice {}", typed);
  return ConfigError(
      fmt::format("there is no command \"{}{}{}\"{}", typed, typed.empty() ? "" : " ",
                  Printable(word), DidYouMean(word, known)),
      nearest ? fmt::format("{} {}", prefix, *nearest) : fmt::format("{} --help", prefix));
}

// Before CLI11 sees anything: its own message names no neighbour.
Status CheckCommand(const std::vector<std::string>& words) {
  const std::vector<std::string> named = CommandWords(words);
  if (named.empty()) return Status::Ok();
  const auto first = TopLevelNames();
  if (std::find(first.begin(), first.end(), named[0]) == first.end()) {
    return UnknownCommand("", named[0], first);
  }
  const auto second = SecondNames(named[0]);
  if (second.empty() || named.size() < 2) return Status::Ok();
  if (std::find(second.begin(), second.end(), named[1]) == second.end()) {
    return UnknownCommand(named[0], named[1], second);
  }
  return Status::Ok();
}

// `--wait` may stand alone, and what follows may be a selector: only a duration belongs to it.
std::vector<std::string> JoinWait(std::vector<std::string> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "--wait") continue;
    if (i + 1 < words.size() && config::ParseDuration(words[i + 1])) {
      words[i] += "=" + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    } else {
      words[i] += "=forever";
    }
  }
  return words;
}

// Lines of at most this many columns, broken at blanks.
std::string Wrapped(std::string_view text, size_t width) {
  std::string out;
  size_t used = 0;
  for (const std::string& word : Split(text, ' ')) {
    if (used > 0 && used + 1 + word.size() > width) {
      out += '\n';
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
  }
  return out;
}

// The command's whole name, and its text in lines that can be read.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(24); }
  std::string make_usage(const App* app, std::string) const override {
    std::string name = app->get_name();
    for (const App* at = app->get_parent(); at != nullptr; at = at->get_parent()) {
      name = at->get_name() + " " + name;
    }
    std::string usage = "\nUsage: " + name;
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_positional()) continue;
      const std::string many = option->get_items_expected_max() > 1 ? "..." : "";
      usage += option->get_required() ? fmt::format(" {}{}", option->get_name(), many)
                                      : fmt::format(" [{}{}]", option->get_name(), many);
    }
    if (!app->get_subcommands({}).empty()) usage += " COMMAND";
    return usage + " [options]\n";
  }
  std::string make_description(const App* app) const override {
    constexpr size_t kWidth = 90;
    return Wrapped(app->get_description(), kWidth) + "\n";
  }
};

class Parser {
 public:
  Parser() : app_("", "sluice") {
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.set_help_flag("-h,--help", "this text");
    app_.require_subcommand(1);
    app_.add_option("--project", arguments_.project);
    app_.add_option("--env", arguments_.env);
    app_.add_flag("--json", arguments_.json);
    app_.add_flag("--quiet", arguments_.quiet);
    app_.add_flag("--no-color", arguments_.no_color);
    for (const CommandHelp& help : AllCommands()) Add(help);
    AddOptions();
  }

  Result<Invocation> Parse(std::vector<std::string> words) {
    // `sluice help COMMAND` is `sluice COMMAND --help`.
    if (!words.empty() && words[0] == "help") {
      words.erase(words.begin());
      words.emplace_back("--help");
    }
    if (words.empty() || (CommandWords(words).empty() && AsksForHelp(words)))
      return Help(TopLevelHelp());
    if (words[0] == "--version") return Invocation{arguments_, ""};
    SLUICE_TRY(CheckCommand(words));
    std::vector<std::string> reversed = JoinWait(words);
    std::reverse(reversed.begin(), reversed.end());
    try {
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      return Help(Chosen()->help());
    } catch (const CLI::ParseError& error) {
      return Refusal(error);
    }
    arguments_.command = command_of_.at(Chosen());
    SLUICE_TRY(Check());
    return Invocation{arguments_, ""};
  }

 private:
  static bool AsksForHelp(const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(),
                       [](const std::string& word) { return word == "--help" || word == "-h"; });
  }

  Invocation Help(std::string text) const { return {arguments_, std::move(text)}; }

  // "gate accept" becomes a command within "gate".
  void Add(const CommandHelp& help) {
    const auto words = Split(help.name, ' ');
    App* parent = &app_;
    if (words.size() == 2) {
      App*& group = groups_[words[0]];
      if (group == nullptr) {
        group = app_.add_subcommand(words[0], "");
        group->require_subcommand(1);
        group->fallthrough();
      }
      parent = group;
    }
    App* app = parent->add_subcommand(words.back(), std::string(help.text));
    app->fallthrough();
    app->footer(HelpFooter(help));
    commands_[help.command] = app;
    command_of_[app] = help.command;
  }

  App& Of(Command command) { return *commands_.at(command); }

  void Subject(Command command, const std::string& name, const std::string& what, bool required) {
    CLI::Option* option = Of(command).add_option(name, arguments_.subject, what)->option_text(" ");
    if (required) option->required();
  }

  void Limit(Command command, const std::string& what) {
    Of(command)
        .add_option("--limit", arguments_.limit, what)
        ->check(CLI::Range(int64_t{1}, kMostRows))
        ->option_text("N");
  }

  void AddOptions() {
    Subject(Command::kInit, "DIR", "the folder", false);
    Of(Command::kValidate).add_flag("--connect", arguments_.connect, "try every connection");
    Of(Command::kDiscover).add_flag("--write", arguments_.write, "write the proposals into a file");
    Of(Command::kDiscover)
        .add_option("INGEST", arguments_.names, "only these ingests")
        ->option_text("...");
    Of(Command::kPlan)
        .add_option("SELECTOR", arguments_.names, "NAME, NAME.table, NAME+, +NAME")
        ->option_text("...");
    AddRestoreOptions(Of(Command::kPlan));
    Of(Command::kStatus)
        .add_flag("--offline", arguments_.offline, "do not ask the stores what waits");
    Of(Command::kTables)
        .add_option("TABLE", arguments_.names, "show the columns of these")
        ->option_text("...");
    AddRunOptions();
    AddLoadOptions();
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
    Of(Command::kQuarantineList)
        .add_option("TABLE", arguments_.names, "only of these tables")
        ->option_text("...");
    Of(Command::kQuarantineList).add_flag("--rows", arguments_.rows, "the rows instead of counts");
    Of(Command::kQuarantineList)
        .add_option("--run", arguments_.run, "only what this run found; latest for the last one")
        ->option_text("RUN");
    Limit(Command::kQuarantineList, "with --rows: how many (100)");
    Subject(Command::kQuarantineShow, "ID", "an id or the beginning of one", true);
    AddQuarantineOptions();
    AddHousekeepingOptions();
    Of(Command::kGateList).add_flag("--all", arguments_.all, "also what was decided");
    for (const Command command : {Command::kGateAccept, Command::kGateReject, Command::kGateSkip}) {
      Subject(command, "ID", "an id, the beginning of one, or latest", true);
      Of(command)
          .add_option("--reason", arguments_.reason, "why; it is kept with the decision")
          ->required()
          ->option_text("TEXT (required)");
    }
    for (const Command command : {Command::kSyncForgetDelivery, Command::kSyncStartAnew}) {
      Subject(command, "NAME", "the sync", true);
      Of(command)
          .add_option("--reason", arguments_.reason, "why; it is kept with the sync's runs")
          ->required()
          ->option_text("TEXT (required)");
    }
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

  void AddQuarantineOptions() {
    App& to_file = Of(Command::kQuarantineExport);
    to_file.add_option("FILE", arguments_.to, "the new file; - for standard output")
        ->required()
        ->option_text(" ");
    to_file.add_option("TABLE", arguments_.names, "only of these tables")->option_text("...");
    to_file.add_flag("--csv", arguments_.csv, "as CSV, whatever the file is called");
    to_file.add_option("--run", arguments_.run, "only what this run found")->option_text("RUN");
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
    Of(Command::kQuarantineReplay)
        .add_option("TABLE", arguments_.names, "only into these tables")
        ->option_text("...");
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

  void AddRunOptions() {
    App& run = Of(Command::kRun);
    run.add_option("SELECTOR", arguments_.names, "NAME, NAME.table, NAME+, +NAME")
        ->option_text("...");
    run.add_flag("--dry-run", arguments_.dry_run, "syncs write every request and send none");
    run.add_flag("--verbose", arguments_.verbose, "a line for every table of every group");
    AddRestoreOptions(run);
    run.add_option("--confirm", arguments_.confirm,
                   "a sync may send so many rows, whatever its guards say")
        ->option_text("N");
    Limit(Command::kRun, "at most so many rows of each sync");
    for (App* app : {&run, &Of(Command::kLoad)}) {
      app->add_flag("--strict", arguments_.strict,
                    "rows in quarantine and rejected rows make the exit code 1");
      app->add_option("--wait", wait_, "for another run; without a duration until it has ended")
          ->option_text("[DURATION]");
    }
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
    load.add_option("--delimiter", arguments_.delimiter, "of CSV, where it is not plain; tab too")
        ->option_text("TEXT");
    load.add_flag("--again", arguments_.again, "though the same content was loaded into it");
    load.add_flag("--yes", arguments_.yes, "take the proposed columns without asking");
  }

  // The innermost command that was named.
  const App* Chosen() const {
    const App* app = &app_;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return app;
  }

  Status Check() {
    if (arguments_.csv && arguments_.json) {
      return ConfigError("--csv and --json exclude each other");
    }
    if (arguments_.command == Command::kGateAccept || arguments_.command == Command::kGateReject ||
        arguments_.command == Command::kGateSkip ||
        arguments_.command == Command::kSyncForgetDelivery ||
        arguments_.command == Command::kSyncStartAnew ||
        arguments_.command == Command::kQuarantineDiscard ||
        arguments_.command == Command::kUnload) {
      if (Trim(arguments_.reason).empty()) return ConfigError("--reason needs a text");
    }
    if (!arguments_.restore.empty() && (!arguments_.names.empty() || arguments_.dry_run)) {
      return arguments_.dry_run
                 ? ConfigError("--restore and --dry-run exclude each other",
                               fmt::format("sluice plan --restore {} --table {}",
                                           arguments_.restore, arguments_.table))
                 : ConfigError(
                       "with --restore the table is named by --table, and nothing else is run");
    }
    if (arguments_.confirm && arguments_.names.size() != 1) {
      return ConfigError("--confirm is about one sync", "sluice run NAME --confirm N");
    }
    if (wait_.empty()) return Status::Ok();
    if (wait_ == "forever") {
      arguments_.wait = kWaitForever;
      return Status::Ok();
    }
    const auto wait = config::ParseDuration(wait_);
    if (!wait) {
      return ConfigError(fmt::format("--wait: \"{}\" is no duration", Printable(wait_)),
                         "Write --wait 10m or --wait alone");
    }
    arguments_.wait = std::chrono::milliseconds(*wait);
    return Status::Ok();
  }

  Status Refusal(const CLI::ParseError& error) const {
    const App* chosen = Chosen();
    const bool named = command_of_.count(chosen) > 0;
    std::string name = named ? NameOf(command_of_.at(chosen)) : chosen->get_name();
    if (chosen == &app_) name.clear();
    std::string message = Plainly(error.what());
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) message = Unexpected(*chosen);
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !named && chosen != &app_) {
      message = fmt::format("sluice {} needs one of: {}", name, Join(SecondNames(name), ", "));
    }
    return ConfigError(message, fmt::format("sluice {}{}--help", name, name.empty() ? "" : " "));
  }

  // CLI11's own words for values name types and ranges in brackets.
  static std::string Plainly(const std::string& text) {
    const size_t colon = text.find(": ");
    const std::string option = text.substr(0, colon);
    const auto ends = [&](std::string_view with) { return EndsWith(text, with); };
    if (StartsWith(text, "Could not convert: ")) {
      const auto parts = Split(text.substr(colon + 2), '=');
      return fmt::format("{}: \"{}\" is no number", Trim(parts[0]),
                         parts.size() > 1 ? Printable(Trim(parts[1])) : "");
    }
    if (ends(" is required")) {
      return text.substr(0, text.size() - std::string_view(" is required").size()) + " is missing";
    }
    if (colon == std::string::npos) return text;
    if (ends(" missing")) return option + " needs a value";
    const size_t range = text.find(" not in range ");
    if (range != std::string::npos) {
      return fmt::format("{} must be a whole number from 1 to {}", option, Thousands(kMostRows));
    }
    const size_t set = text.find(" not in {");
    if (set == std::string::npos) return text;
    const std::string value = text.substr(colon + 2, set - colon - 2);
    const std::string names = text.substr(set + 9, text.size() - set - 10);
    const auto known = Split(names, ',');
    return fmt::format("{}: there is no \"{}\"{}; known: {}", option, Printable(value),
                       DidYouMean(value, known), Join(known, ", "));
  }

  std::string Unexpected(const App& app) const {
    const std::vector<std::string> extras = app_.remaining(true);
    const std::string word = extras.empty() ? "" : extras.front();
    std::vector<std::string> known;
    for (const App* from : {&app, &app_}) {
      for (const CLI::Option* option : from->get_options()) {
        if (!option->get_lnames().empty()) known.push_back("--" + option->get_lnames().front());
      }
    }
    const std::string shown = Printable(word);
    if (!StartsWith(word, "-")) return fmt::format("\"{}\" was not expected", shown);
    return fmt::format("there is no option {}{}", shown, DidYouMean(word, known));
  }

  App app_;
  Arguments arguments_;
  std::string wait_;
  std::map<std::string, App*> groups_;
  std::map<Command, App*> commands_;
  std::map<const App*, Command> command_of_;
};

}  // namespace

Result<Invocation> ParseArguments(const std::vector<std::string>& words) {
  return Parser().Parse(words);
}

std::string NameOf(Command command) {
  return std::string(HelpOf(command).name);
}

bool IsRead(Command command) {
  switch (command) {
    case Command::kPlan:
    case Command::kStatus:
    case Command::kTables:
    case Command::kQuery:
    case Command::kTrace:
    case Command::kQuarantineList:
    case Command::kQuarantineShow:
    case Command::kQuarantineExport:
    case Command::kGateList:
    case Command::kSyncRows:
      return true;
    case Command::kInit:
    case Command::kValidate:
    case Command::kRun:
    case Command::kRuns:
    case Command::kLogs:
    case Command::kGateAccept:
    case Command::kGateReject:
    case Command::kGateSkip:
    case Command::kQuarantineFix:
    case Command::kQuarantineDiscard:
    case Command::kQuarantineReplay:
    case Command::kSyncForgetDelivery:
    case Command::kSyncStartAnew:
    case Command::kDiscover:
    case Command::kLoad:
    case Command::kUnload:
    case Command::kBackup:
    case Command::kRestore:
    case Command::kClean:
    case Command::kVersion:
      break;
  }
  return false;
}

}  // namespace sluice::cli
