// One command from its words to its exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/world.h"

namespace sluice::cli {

// `words` without the program's name. Whatever happens is told on the streams of `world`.
int Execute(const std::vector<std::string>& words, World& world);

// The same for arguments that are understood. Read commands are answered by the process of a living
// run where there is one; else they open the warehouse, wait for it a while and name who has it.
int ExecuteParsed(const std::vector<std::string>& words, const Arguments& arguments, World& world);

// "error: message" and "next: what to type", or one JSON object; gives the exit code for `status`.
int TellError(const Status& status, const Arguments& arguments, World& world);

// How long read commands and decisions wait for the warehouse.
inline constexpr std::chrono::milliseconds kReadDeadline{10'000};

}  // namespace sluice::cli
