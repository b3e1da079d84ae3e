// The options of each command, with the words that its help says of them.
#pragma once

#include <map>
#include <string>

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace sluice::cli {

// `apps` has every command. While CLI11 parses, it fills `arguments`, and `wait` with what stood behind --wait;
// both outlive the apps.
void AddOptions(const std::map<Command, CLI::App*>& apps, Arguments& arguments, std::string& wait);

}  // namespace sluice::cli
