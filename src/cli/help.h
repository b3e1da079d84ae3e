// What `--help` says.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"

namespace sluice::cli {

struct CommandHelp {
  Command command = Command::kVersion;
  std::string_view name;     // "gate accept"
  std::string_view summary;  // one line in the list of commands
  std::string_view text;     // what it does, for its own help
  // Lines of "sluice …   what that does".
  std::vector<std::string_view> examples;
};

// In the order of the list.
std::span<const CommandHelp> AllCommands();
const CommandHelp& HelpOf(Command command);

// The first words of all commands: "gate" stands for its four.
std::vector<std::string> TopLevelNames();
// What may follow "gate".
std::vector<std::string> SecondNames(std::string_view first);

// Of `sluice --help`.
std::string TopLevelHelp();
// What stands below the options of a command's help.
std::string HelpFooter(const CommandHelp& help);

}  // namespace sluice::cli
