#include "cli/arguments.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/typed_words.h"
#include "config/units.h"

namespace sluice::cli {
namespace {

using CLI::App;

// `--wait` without a duration: as long as it takes.
constexpr std::chrono::milliseconds kWaitForever = std::chrono::hours(24 * 365);

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
    AddOptions(commands_, arguments_, wait_);
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
        arguments_.command == Command::kGateSkip || arguments_.command == Command::kSyncAdopt ||
        arguments_.command == Command::kSyncReset ||
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
    const bool plans = arguments_.command == Command::kPlan && !arguments_.to.empty();
    if (plans && (arguments_.json || !arguments_.restore.empty())) {
      return ConfigError("--out writes a plan of syncs, and excludes --json and --restore");
    }
    if (!arguments_.plan.empty() &&
        (!arguments_.names.empty() || !arguments_.restore.empty() || arguments_.limit > 0)) {
      return ConfigError("with --plan the file says which syncs run, and what they send",
                         "sluice run --plan FILE");
    }
    SLUICE_TRY(CheckForget());
    const bool runs = arguments_.command == Command::kRun;
    if (runs && arguments_.confirm && arguments_.plan.empty() && arguments_.names.size() != 1) {
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

  Status CheckForget() const {
    if (arguments_.command != Command::kForget) return Status::Ok();
    const int ways = static_cast<int>(arguments_.list) + static_cast<int>(arguments_.undo) +
                     static_cast<int>(arguments_.dry_run) +
                     static_cast<int>(arguments_.confirm.has_value());
    if (ways > 1) {
      return ConfigError("--list, --undo, --dry-run and --confirm exclude each other",
                         "sluice forget --help");
    }
    if (arguments_.list == arguments_.subject.empty()) return Status::Ok();
    return arguments_.list ? ConfigError("--list shows all of them, and takes no key")
                           : ConfigError("forget needs a key", "sluice forget KEY");
  }

  Status Refusal(const CLI::ParseError& error) const {
    const App* chosen = Chosen();
    const bool named = command_of_.count(chosen) > 0;
    std::string name = named ? NameOf(command_of_.at(chosen)) : chosen->get_name();
    if (chosen == &app_) name.clear();
    std::string message = InPlainWords(error.what());
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) message = Unexpected(*chosen);
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !named && chosen != &app_) {
      message = fmt::format("sluice {} needs one of: {}", name, Join(SecondNames(name), ", "));
    }
    return ConfigError(message, fmt::format("sluice {}{}--help", name, name.empty() ? "" : " "));
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
    case Command::kExport:
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
    case Command::kSyncTest:
    case Command::kSyncAudit:
    case Command::kSyncRetry:
    case Command::kSyncResync:
    case Command::kSyncPause:
    case Command::kSyncResume:
    case Command::kSyncAdopt:
    case Command::kSyncReset:
    case Command::kDiscover:
    case Command::kLoad:
    case Command::kUnload:
    case Command::kBackup:
    case Command::kRestore:
    case Command::kClean:
    case Command::kForget:
    case Command::kVersion:
      break;
  }
  return false;
}

}  // namespace sluice::cli
